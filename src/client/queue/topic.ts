// The public face of a topic. Holds nothing: the host copies what is published to each subscription.

import type { PublishValue } from "../../core/commands/commands.js";
import { checkOptions } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import {
  subscription as checkSubscription,
  type SubscriptionFilter,
  subscriptionFilter,
  subscriptionQueue,
} from "../../core/spec/subscription.js";
import { asyncDispose } from "../runtime/dispose.js";
import { hasFile } from "../sending/files.js";
import type { Item } from "../sending/item.js";
import { messagesOf } from "../sending/messages.js";
import { ITEM_SPEC, QUEUE_SPEC, type QueueOptions, type SendOptions } from "../sending/options.js";
import type { Pipeline } from "../sending/pipeline.js";
import { withFilesRead } from "../sending/reading.js";
import { itemOf, itemsOf } from "../sending/taken-in.js";
import { createTurns } from "../sending/turns.js";
import type { Queue } from "./queue.js";
import type { QueueSealing } from "./sealing.js";

/** What became of a message that was published; it is durable in each of these subscriptions. */
export interface PublishReceipt {
  /** Subscriptions that took the message; 0: none wanted it, and it was dropped. A duplicate is not taken again. */
  readonly subscriptions: number;
}

/** A subscription's settings as a queue, and which messages it gets. */
export interface SubscriptionOptions extends QueueOptions {
  /**
   * Which messages it gets: those whose headers match every key. A text: exactly this; an array: any of these;
   * `{ prefix }`: begins so; `{ exists }`: is there, or is not. Stored, like the other options; the last writer wins.
   * Left out, what is stored stays; a new subscription gets all.
   */
  readonly filter?: SubscriptionFilter;
}

/** Where messages are published: each is stored once, in one commit, for every subscription that wants it. */
export interface Topic<Body = unknown> {
  /** As it was opened. */
  readonly name: string;
  /**
   * Resolves when the message is durable in every subscription whose filter it passes: one commit, one stored body.
   * Options hold for each of them. Rejects with `full`, naming the queue, when one of them has no room: then none has
   * it. To a topic without subscriptions it is accepted and dropped. Accepted in the order of the calls.
   */
  publish(body: Body, options?: SendOptions): Promise<PublishReceipt>;
  /** All of them to all subscriptions, or none. */
  publishBatch(items: readonly ({ readonly body: Body } & SendOptions)[]): Promise<PublishReceipt[]>;
  /**
   * Opens a subscription, new if there is none of that name: from then on it gets what is published. It is a queue of its
   * own, called `<topic>/<name>`, with its own settings, consumers and dead letters, which `openQueue` opens as well.
   */
  subscription(name: string, options?: SubscriptionOptions): Promise<Queue<Body>>;
  /** It gets nothing more. Its queue stays, with what waits in it, until its `delete`, which unsubscribes, too. */
  unsubscribe(name: string): Promise<void>;
  /** Ends its use here. The subscriptions' queues stay open. */
  close(): Promise<void>;
  [asyncDispose](): Promise<void>;
}

export interface TopicParts<Body> {
  readonly name: string;
  readonly pipeline: Pipeline;
  openQueue(name: string, options: QueueOptions): Promise<Queue<Body>>;
  onClosed(): Promise<void>;
  /** Present where its subscriptions are encrypted. */
  readonly sealing?: Pick<QueueSealing, "seal"> | undefined;
}

export function createTopic<Body>({
  name: topic,
  pipeline,
  openQueue,
  onClosed,
  sealing,
}: TopicParts<Body>): Topic<Body> {
  const turns = createTurns();
  let closed: Promise<void> | undefined;
  const assertOpen = () => {
    if (closed) throw new QueueError("closed", `topic "${topic}" was closed`);
  };

  const made = async (items: readonly Item[]): Promise<readonly Item[]> => {
    const read = items.some(hasFile) ? await withFilesRead(items) : items;
    return sealing ? sealing.seal(read) : read;
  };
  const publish = async (items: readonly Item[]): Promise<PublishReceipt[]> => {
    assertOpen();
    if (items.length === 0) return [];
    const isReady = !sealing && !items.some(hasFile) && !turns.isWaiting([topic]);
    const { queue: _, ...messages } = messagesOf("", isReady ? items : await turns.inTurn([topic], made(items)));
    const { subscriptions } = await pipeline.command<PublishValue>({ type: "publish", topic, ...messages });
    return subscriptions.map((count) => ({ subscriptions: count }));
  };

  const self: Topic<Body> = {
    name: topic,
    async publish(body, options) {
      const [receipt] = await publish([itemOf(body, options, "publish()", ITEM_SPEC)]);
      return receipt as PublishReceipt;
    },
    publishBatch: async (items) => publish(itemsOf(items, "publishBatch(items)")),
    async subscription(name, options = {}) {
      assertOpen();
      checkSubscription(name, "subscription name");
      checkOptions("subscription()", options, { ...QUEUE_SPEC, filter: subscriptionFilter });
      const { filter, ...settings } = options;
      if (sealing && filter) {
        const message = "subscription().filter is for headers that the host can read, and here they are encrypted";
        throw new QueueError("encrypted", message, { detail: { name: "filter" } });
      }
      // Its settings first: what is published right after must meet them.
      const queue = await openQueue(subscriptionQueue(topic, name), settings);
      await pipeline.command({ type: "subscribe", topic, subscription: name, ...(filter && { filter }) });
      return queue;
    },
    async unsubscribe(name) {
      assertOpen();
      checkSubscription(name, "subscription name");
      await pipeline.command({ type: "unsubscribe", topic, subscription: name });
    },
    close() {
      closed ??= onClosed();
      return closed;
    },
    [asyncDispose]: () => self.close(),
  };
  return self;
}
