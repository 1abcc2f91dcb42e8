// A queue as a source. Invariant: what is taken is settled by its outcome at the target alone, and leases are renewed
// meanwhile, as for any handler.

import type { Queue } from "../../client/queue/queue.js";
import type { Delivery } from "../../client/receiving/delivery.js";
import type { BridgeMessage } from "./message.js";
import type { BridgeDelivery, BridgeSource } from "./source.js";

/** A queue as a source: what `bridge` makes of a queue that it is given. One bridge of all takes from it at a time. */
export function fromQueue(queue: Queue): BridgeSource {
  return {
    name: `queue "${queue.name}"`,
    keepsGroups: true,
    async open({ inFlight, take }) {
      const consumer = queue.consume((delivery) => new Promise<void>((end) => take(deliveryOf(delivery, end))), {
        concurrency: inFlight,
        singleActive: true,
      });
      return { ended: consumer.closed.then(() => NEVER, reasonOf), close: () => consumer.stop() };
    },
  };
}

/** A queue that is closed here stops its consumers, and is used no more: that is no failure. */
const NEVER = new Promise<never>(() => {});
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
