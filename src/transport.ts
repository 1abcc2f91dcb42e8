// How a client reaches its host in this runtime: the SharedWorker of the origin, or, in memory only, this process.

import type { ClientParts } from "./client/client.js";
import type { ConnectOptions } from "./client/connection.js";
import { runtime } from "./client/runtime.js";
import { QueueError } from "./core/errors.js";
import type { Port } from "./link/guard.js";
import { type Opening, requestOpening } from "./link/opening.js";
import { channelName, presenceLockName } from "./link/wire.js";

export interface Transport extends ClientParts {
  /** Gives up what was opened. */
  onClosed(): Promise<void>;
}

export function createTransport({ database = "originmq", storage = "indexeddb", worker }: ConnectOptions): Transport {
  const names = {
    runtime,
    channelName: channelName(storage, database),
    presenceLock: (client: string) => presenceLockName(storage, database, client),
  };
  const isInProcess = storage === "memory" && worker === undefined && typeof SharedWorker === "undefined";
  if (isInProcess) return { ...names, ...inProcess(database) };
  return {
    ...names,
    locks: globalThis.navigator?.locks,
    openPort: () => openSharedWorker({ storage, database }, worker),
    onClosed: async () => {},
  };
}

function inProcess(database: string): Pick<Transport, "openPort" | "locks" | "onClosed"> {
  let release = async () => {};
  return {
    locks: undefined,
    async openPort() {
      const { openInProcess } = await import("./in-process.js");
      const opened = await openInProcess(database);
      release = opened.release;
      return opened.port;
    },
    onClosed: () => release(),
  };
}

async function openSharedWorker(opening: Opening, create: ConnectOptions["worker"]): Promise<Port> {
  if (typeof SharedWorker === "undefined") {
    throw new QueueError(
      "unsupported",
      "SharedWorker is missing in this context, and the host of a durable queue runs in one",
    );
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new QueueError(
      "unsupported",
      "Web Locks are missing: a durable queue needs a secure context (https or localhost)",
    );
  }
  const worker = create ? create() : createSharedWorker(opening);
  return new Promise((resolve, reject) => {
    const onError = (event: Event) => {
      const why = "message" in event && event.message ? `: ${event.message}` : "";
      reject(new QueueError("unsupported", `the SharedWorker of OriginMQ could not be started${why}`));
    };
    worker.addEventListener("error", onError);
    requestOpening(worker.port, opening)
      .then(() => resolve(worker.port), reject)
      .finally(() => worker.removeEventListener("error", onError));
  });
}

/** One worker a database: its name keeps two databases of one origin apart. */
const createSharedWorker = ({ storage, database }: Opening): SharedWorker =>
  new SharedWorker(new URL("./shared-worker.js", import.meta.url), {
    type: "module",
    name: `originmq:${storage}:${database}`,
  });
