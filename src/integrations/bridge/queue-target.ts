// A queue as a target: here, or on a server. Invariants: one message that is refused takes none with it, nor its place from
// any; what nobody waits for any more does not wait for room.

import type { Queue } from "../../client/queue/queue.js";
import type { Receipt } from "../../client/sending/item.js";
import type { SendOptions } from "../../client/sending/options.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { SPAN_MS_MAX } from "../../core/spec/limits.js";
import type { BridgeMessage } from "./message.js";
import { type BridgeTarget, DUPLICATE, type Outcome, STORED } from "./target.js";

/** What is refused today is refused tomorrow. */
const FINAL: ReadonlySet<QueueErrorCode> = new Set(["not-cloneable", "invalid-argument", "schema-mismatch"]);

/** The right to send is the message's; a server that lets nobody in with this token has not looked at any message. */
const isFinal = (error: unknown): error is QueueError => {
  if (!(error instanceof QueueError)) return false;
  return FINAL.has(error.code) || (error.code === "denied" && error.detail?.verb !== undefined);
};

const isFull = (error: unknown): error is QueueError => error instanceof QueueError && error.code === "full";
/** What has no room where nothing else is never has any. */
const fitsNever = (error: unknown): boolean => isFull(error) && error.detail?.waiting === 0;

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
  const itemOf = (message: BridgeMessage): ItemOrRefused => {
    try {
      return { type: "item", item: { body: message.body, ...optionsOf(message) } };
    } catch (error) {
      return refused(error);
    }
  };

  const alone = async ({ body, ...options }: BatchItem, signal: AbortSignal): Promise<Outcome> => {
    try {
      return outcomeOf(await queue.send(body, { ...options, signal }));
    } catch (error) {
      return isFinal(error) || fitsNever(error) ? refused(error) : { type: "unknown", error };
    }
  };

  const together = async (items: readonly BatchItem[], signal: AbortSignal): Promise<readonly Outcome[]> => {
    try {
      return (await queue.sendBatch(items, { signal })).map(outcomeOf);
    } catch (error) {
      // None of them was accepted: each is to be judged by itself, still in their order.
      if (isFinal(error)) return Promise.all(items.map((item) => alone(item, signal)));
      if (items.length === 1 && fitsNever(error)) return [refused(error)];
      if (!isFull(error) || items.length === 1) throw error;
      return asManyAsFit(items, signal);
    }
  };

  /** A batch is taken whole or not at all, and there may never be room for all of it at once. */
  const asManyAsFit = async (items: readonly BatchItem[], signal: AbortSignal): Promise<readonly Outcome[]> => {
    const half = Math.ceil(items.length / 2);
    const first = await together(items.slice(0, half), signal);
    const isOut = first.find(({ type }) => type === "unknown");
    if (isOut) return [...first, ...items.slice(half).map(() => isOut)];
    const rest = items.slice(half);
    const second = await together(rest, signal).catch((error: unknown) =>
      rest.map(() => ({ type: "unknown", error }) as const),
    );
    return [...first, ...second];
  };

  return {
    name: `queue "${queue.name}"`,
    guarantee: "durable",
    async open() {
      // Answered once there is a host, to whoever may send.
      await queue.isGroupWaiting(ANY_GROUP);
      const closing = new AbortController();
      return {
        inTurn: true,
        async send(messages) {
          const built = messages.map(itemOf);
          const items = built.flatMap((one) => (one.type === "item" ? [one.item] : []));
          const outcomes = (await together(items, closing.signal)).values();
          return built.map((one) => (one.type === "item" ? (outcomes.next().value as Outcome) : one));
        },
        ended: new Promise(() => {}),
        // What waits for room there would wait on, and be there beside what the next session sends.
        async close() {
          closing.abort(new QueueError("closed", "the bridge has given it up"));
        },
      };
    },
  };
}

type BatchItem = { readonly body: unknown } & SendOptions;
type ItemOrRefused = { readonly type: "item"; readonly item: BatchItem } | Extract<Outcome, { type: "refused" }>;

const refused = (error: unknown): Extract<Outcome, { type: "refused" }> => ({
  type: "refused",
  reason: error instanceof Error ? error.message : String(error),
});

const outcomeOf = ({ duplicate }: Receipt): Outcome => (duplicate ? DUPLICATE : STORED);

export function optionsOf({ id, headers, priority, groupId, expiresAt }: BridgeMessage): SendOptions {
  return {
    deduplicationId: id,
    priority,
    headers,
    ...(groupId !== null && { groupId }),
    ...(expiresAt !== null && { ttlMs: Math.min(Math.max(1, expiresAt - Date.now()), SPAN_MS_MAX) }),
  };
}
