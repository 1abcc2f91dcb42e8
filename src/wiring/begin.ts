// How a client of this origin's pages begins: at the SharedWorker of its database, with no more than it takes to send.

import type { ConnectOptions } from "../client/connection/connect-options.js";
import { createEarlyClient, type EarlyClient, type OpeningPort, type Rest } from "../client/connection/early-client.js";
import type { Happenings } from "../client/connection/happenings.js";
import { runtime } from "../client/runtime/runtime.js";
import { type Opening, requestOpening, SIGN_MS } from "../link/finding/opening.js";
import { deferred } from "../link/rpc/deferred.js";
import { presenceLockName } from "../link/rpc/own-names.js";
import { pageLifecycle } from "./lifecycle.js";
import { warmUp } from "./warm-up.js";

export type StartSharedWorker = (opening: Opening) => SharedWorker;

/** Clients that queues share, by storage and database. */
export const sharedAs = ({ storage = "indexeddb", database = "originmq", openTimeoutMs }: ConnectOptions): string =>
  `${storage}:${openTimeoutMs ?? ""}:${database}`;

/** `rest`: loads what takes over. With an address or a worker of its own it takes over at once. */
export function beginClient(
  { storage = "indexeddb", database = "originmq", url, worker }: ConnectOptions,
  sharedWorker: StartSharedWorker,
  rest: () => Promise<Rest>,
  happenings?: Happenings,
): EarlyClient {
  const opening = { storage, database };
  return createEarlyClient({
    runtime,
    locks: globalThis.navigator?.locks,
    lifecycle: pageLifecycle({ onAsleep() {} }),
    presenceLock: (client) => presenceLockName(storage, database, client),
    openPort: () => ((url ?? worker) === undefined ? openPort(sharedWorker, opening) : undefined),
    rest,
    ...(happenings && { happenings }),
  });
}

/** The port of the SharedWorker, said to be open if that hosts itself. */
function openPort(sharedWorker: StartSharedWorker, opening: Opening): OpeningPort | undefined {
  const { locks } = navigator;
  if (typeof SharedWorker === "undefined" || typeof BroadcastChannel === "undefined" || !locks) return undefined;
  if (opening.storage === "indexeddb") {
    if (typeof indexedDB === "undefined") return undefined;
    void warmUp();
  }
  const worker = sharedWorker(opening);
  const { port } = worker;
  const { promise: failed, reject } = deferred<never>();
  worker.addEventListener("error", reject);
  const asked = requestOpening(port, opening, { locks, setTimer: runtime.setTimer, signMs: SIGN_MS });
  const opened = asked.then(({ isElsewhere, ...found }) => (isElsewhere ? undefined : { port, ...found }));
  // A browser keeps something of each worker that is listened to.
  const forget = () => worker.removeEventListener("error", reject);
  return { port, opened: Promise.race([opened, failed]).finally(forget) };
}
