// A queue as a target: here, or on a server. Invariant: one message that is refused takes none with it.

import type { Queue } from "../../client/queue/queue.js";
import type { Receipt } from "../../client/sending/item.js";
import type { SendOptions } from "../../client/sending/options.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import type { BridgeMessage } from "./message.js";
import { type BridgeTarget, DUPLICATE, type Outcome, STORED } from "./target.js";

/** What is refused today is refused tomorrow. */
const FINAL: ReadonlySet<QueueErrorCode> = new Set(["not-cloneable", "invalid-argument", "schema-mismatch"]);

/** The right to send is the message's; a server that lets nobody in with this token has not looked at any message. */
const isFinal = (error: unknown): error is QueueError => {
  if (!(error instanceof QueueError)) return false;
  return FINAL.has(error.code) || (error.code === "denied" && (error.detail as { verb?: unknown })?.verb !== undefined);
};

/** What is asked of it does not matter. */
const ANY_GROUP = "originmq";

/**
 * Messages keep their headers, priority, group and time to live; their ids are the queue's deduplication ids. So the queue
 * stores each once while it remembers them: `deduplicationWindowMs` is to be longer than a bridge may be away.
 */
export function toQueue(queue: Queue): BridgeTarget {
  return toQueueAs(queue, optionsOf);
}

/** `optionsOf`: what each message is sent with. */
export function toQueueAs(queue: Queue, optionsOf: (message: BridgeMessage) => SendOptions): BridgeTarget {
  const itemOf = (message: BridgeMessage) => ({ body: message.body, ...optionsOf(message) });

  const alone = async (message: BridgeMessage): Promise<Outcome> => {
    const { body, ...options } = itemOf(message);
    try {
      return outcomeOf(await queue.send(body, options));
    } catch (error) {
      return isFinal(error) ? { type: "refused", reason: error.message } : { type: "unknown", error };
    }
  };

  return {
    name: `queue "${queue.name}"`,
    guarantee: "durable",
    async open() {
      // Answered once there is a host, to whoever may send.
      await queue.isGroupWaiting(ANY_GROUP);
      return {
        async send(messages) {
          try {
            return (await queue.sendBatch(messages.map(itemOf))).map(outcomeOf);
          } catch (error) {
            if (!isFinal(error)) throw error;
            // None of them was accepted: each is to be judged by itself, still in their order.
            return Promise.all(messages.map(alone));
          }
        },
        ended: new Promise(() => {}),
        close: async () => {},
      };
    },
  };
}

const outcomeOf = ({ duplicate }: Receipt): Outcome => (duplicate ? DUPLICATE : STORED);

export function optionsOf({ id, headers, priority, groupId, expiresAt }: BridgeMessage): SendOptions {
  return {
    deduplicationId: id,
    priority,
    headers,
    ...(groupId !== null && { groupId }),
    ...(expiresAt !== null && { ttlMs: Math.max(1, expiresAt - Date.now()) }),
  };
}
