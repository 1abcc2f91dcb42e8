// A queue as a source. Invariant: what is taken is settled by its outcome at the target alone, and leases are renewed
// meanwhile, as for any handler.

import type { Queue } from "../../client/queue/queue.js";
import type { Delivery } from "../../client/receiving/delivery.js";
import { QueueError } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { BridgeMessage } from "./message.js";
import type { BridgeDelivery, BridgeSource } from "./source.js";

/** A queue as a source: what `bridge` makes of a queue that it is given. One bridge of all takes from it at a time. */
export function fromQueue(queue: Queue): BridgeSource {
  const name = `queue "${queue.name}"`;
  return {
    name,
    keepsGroups: true,
    async open({ inFlight, take }, signal) {
      const consumer = queue.consume((delivery) => new Promise<void>((end) => take(deliveryOf(delivery, end))), {
        concurrency: inFlight,
        singleActive: true,
      });
      // Stopped by nobody here, it is because the queue was closed.
      const ended = consumer.closed.then(() => new QueueError("closed", `the ${name} was closed`), reasonOf);
      const failure = await Promise.race([answered(queue, signal), ended.then((error) => ({ error }))]);
      if (failure) {
        void consumer.stop();
        throw failure.error;
      }
      return { ended, close: () => consumer.stop() };
    },
  };
}

/** Resolves once there is a host, which has heard by then who wants to consume; what it says to this does not matter. */
async function answered(queue: Queue, signal: AbortSignal): Promise<{ readonly error: unknown } | undefined> {
  const { promise, resolve } = deferred<{ readonly error: unknown } | undefined>();
  const onAbort = () => resolve({ error: signal.reason });
  signal.addEventListener("abort", onAbort);
  queue.isGroupWaiting(ANY_GROUP).then(
    () => resolve(undefined),
    () => resolve(undefined),
  );
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/** What is asked of it does not matter. */
const ANY_GROUP = "originmq";

const reasonOf = (reason: unknown) => reason;

function deliveryOf(delivery: Delivery, end: () => void): BridgeDelivery {
  /** A lease that was lost is somebody else's: there is nothing to be said of it. */
  const settle = (settled: Promise<void>) => void settled.then(end, end);
  return {
    message: messageOf(delivery),
    get isLost() {
      return delivery.signal.aborted;
    },
    // A handler that returns acknowledges.
    ack: end,
    release: (delayMs) => settle(delivery.release(delayMs === undefined ? {} : { delayMs })),
    deadLetter: (reason) => settle(delivery.deadLetter(reason)),
  };
}

function messageOf(delivery: Delivery): BridgeMessage {
  const { id, body, headers, priority, groupId, sentAt, expiresAt, redelivered } = delivery;
  return { id, body, contentType: null, headers, priority, groupId, sentAt, expiresAt, redelivered };
}
