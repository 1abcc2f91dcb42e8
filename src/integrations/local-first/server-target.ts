// The server's queue as what a bridge forwards to. Invariants: a connection that is over for good, as when its token was
// refused, is followed by another one, whose token is asked for anew; a server that does not answer is said to be away, and
// waited for all the same.

import type { Queue } from "../../client/queue/queue.js";
import { QueueError } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import { optionsOf, toQueueAs } from "../bridge/queue-target.js";
import type { BridgeTarget } from "../bridge/target.js";
import { delayOf } from "./delays.js";

/** A server that was not reached for so long, or whose line is gone for so long, is away: it is told, and waited for further. */
const AWAY_MS = 3_000;

export interface ServerTarget extends BridgeTarget {
  /** Gives up what is being opened. */
  close(): void;
}

/** `open`: opens the server's queue, and resolves once it was reached. */
export function toServer(name: string, open: (signal: AbortSignal) => Promise<Queue>): ServerTarget {
  const closing = new AbortController();
  /** Goes on while nobody waits for it: with each attempt anew, a browser that says it is offline would never be doubted. */
  let opening: Promise<Queue> | undefined;
  /** The one that was reached last. */
  let reached: Queue | undefined;

  const reach = async (): Promise<Queue> => {
    opening ??= open(closing.signal);
    const current = opening;
    const forget = () => {
      if (opening === current) opening = undefined;
    };
    current.catch(forget);
    const queue = await inTime(current, name);
    forget();
    return queue;
  };

  return {
    name,
    guarantee: "durable",
    async open(signal, warn) {
      const queue = await reach();
      reached = queue;
      // What it had under way is known by its ids: the next connection sends it again.
      const close = () => queue.close({ force: true });
      const target = toQueueAs(queue, (message) => ({ ...optionsOf(message), ...delayOf(message, Date.now()) }));
      const session = await target.open(signal, warn).catch(async (error: unknown) => {
        await close();
        throw error;
      });
      const { promise: ended, resolve: end } = deferred<unknown>();
      queue.addEventListener("ended", ({ detail }) => end(detail.reason));
      const calm = whenLost(queue, () => end(new QueueError("host-lost", `there is no connection to ${name}`)));
      return {
        ...session,
        ended,
        async close() {
          calm();
          await session.close();
          await close();
        },
      };
    },
    close() {
      closing.abort(new QueueError("closed", "the queue was closed"));
      // It may come all the same.
      opening?.then((queue) => queue.close({ force: true })).catch(() => {});
      void reached?.close({ force: true });
    },
  };
}

/** Calls when the line has been gone for a while; most are back at once. Returns what ends that. */
function whenLost(queue: Queue, onLost: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const calm = () => clearTimeout(timer);
  queue.addEventListener("disconnected", () => {
    calm();
    timer = setTimeout(onLost, AWAY_MS);
  });
  queue.addEventListener("connected", calm);
  return calm;
}

function inTime<T>(opening: Promise<T>, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new QueueError("host-lost", `${name} does not answer`)), AWAY_MS);
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
