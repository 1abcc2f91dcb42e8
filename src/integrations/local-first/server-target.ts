// The server's queue as what a bridge forwards to. Invariants: a connection that is over for good, as when its token was
// refused, is followed by another one, whose token is asked for anew; a server that does not answer is said to be away, and
// waited for all the same.

import type { Queue } from "../../client/queue/queue.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import { optionsOf, toQueueAs } from "../bridge/queue-target.js";
import type { BridgeTarget } from "../bridge/target.js";
import { delayOf } from "./delays.js";

/** After so long a server that was not reached is away: it is told, and waited for further. */
const OPEN_MS = 10_000;

/** What the connection says, not the queue: nothing more comes of it. */
const OVER: ReadonlySet<QueueErrorCode> = new Set(["denied", "closed", "unsupported", "protocol-mismatch"]);

export interface ServerTarget extends BridgeTarget {
  /** Gives up what is being opened. */
  close(): void;
}

/** `open`: opens the server's queue, and resolves once it was reached. */
export function toServer(name: string, open: (signal: AbortSignal) => Promise<Queue>): ServerTarget {
  const closing = new AbortController();
  /** Goes on while nobody waits for it: with each attempt anew, a browser that says it is offline would never be doubted. */
  let opening: Promise<Queue> | undefined;

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
    async open(signal) {
      const queue = await reach();
      const session = await toQueueAs(queue, (message) => ({
        ...optionsOf(message),
        ...delayOf(message, Date.now()),
      })).open(signal);
      const { promise: ended, resolve: end } = deferred<unknown>();
      return {
        async send(messages) {
          try {
            return await session.send(messages);
          } catch (error) {
            if (error instanceof QueueError && OVER.has(error.code)) end(error);
            throw error;
          }
        },
        ended,
        // What it had under way is known by its ids: the next connection sends it again.
        close: () => queue.close({ force: true }),
      };
    },
    close() {
      closing.abort(new QueueError("closed", "the queue was closed"));
      // It may come all the same.
      opening?.then((queue) => queue.close({ force: true })).catch(() => {});
    },
  };
}

function inTime<T>(opening: Promise<T>, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new QueueError("host-lost", `${name} does not answer`)), OPEN_MS);
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
