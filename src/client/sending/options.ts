// What callers may pass, checked before anything is done. An unknown or ill-typed option is an error that names it.

import { abortSignal, aFunction, boolean, check, invalid, type Spec, string } from "../../core/spec/check.js";
import {
  count,
  dateOrInstant,
  deduplicationId,
  delayMs,
  groupId,
  headers,
  id,
  priority,
  queueName,
  state,
  topicName,
  ttlMs,
  watchMs,
} from "../../core/spec/fields.js";
import { type Backoff, type QueueSettings, type RateLimit, SETTINGS_SPEC } from "../../core/spec/settings.js";
import { OWN_QUEUE_PREFIX } from "../../link/rpc/names.js";
import { type StandardSchema, standardSchema } from "./schema.js";

export type { SendOptions } from "./item.js";

/** Settings of a queue. What is given is stored with the queue (the last writer wins); what is left out stays. */
export interface QueueOptions {
  /** Time a consumer has before an unsettled delivery goes to another, in ms. Default 30,000. */
  readonly leaseMs?: number;
  /** Time a handler of `consume` may run, its lease renewed meanwhile, in ms. Default 300,000. */
  readonly handlerTimeoutMs?: number;
  /** Attempts before a message becomes a dead letter. Default 5. */
  readonly maxDeliveries?: number;
  /** Wait between attempts. Default: exponential from 1,000 ms to at most 300,000 ms, full jitter. */
  readonly backoff?: Partial<Backoff>;
  /** Dead letters kept; at the limit the queue hands out nothing until some are redriven or purged. Default 10,000. */
  readonly maxDeadLetters?: number;
  /** Messages waiting and in work; a send beyond it is refused with `full`. Default 100,000. */
  readonly maxMessages?: number;
  /**
   * Estimated bytes of the bodies that wait or are in work. Plain JSON data counts by the length of its JSON text; other
   * data, and all that is sent in one batch or turn with it, by an estimate: text by its length, numbers as 9, binary data
   * as it is. The messages of one send count as so many of their mean. A body replaced by a later one counts as the first. `null`: no
   * limit. Default `null`.
   */
  readonly maxBytes?: number | null;
  /**
   * What becomes of a send that does not fit into `maxMessages` or `maxBytes`. `reject`: it is refused with `full`.
   * `block`: it waits in its client until there is room, or its `signal` aborts: then it was not sent. What is sent after
   * it waits behind it, but what was on its way already may overtake it. What can never fit, a `publish` and a transaction
   * are refused with `full`. `drop-oldest`: waiting messages go, counted in `stats().totals.dropped` and announced as
   * `dropped`: the ready ones that were accepted first, then the delayed, then those behind the head of their group; what
   * is in work stays. If that is not enough, the send is refused. `dead-letter`: it is accepted and becomes a dead letter
   * at once, with reason `overflow`; refused only when `maxDeadLetters` are there. Default reject.
   */
  readonly overflow?: "reject" | "block" | "drop-oldest" | "dead-letter";
  /**
   * Time from acceptance after which a message that still waits, delayed or not, becomes a dead letter with reason
   * `expired`, also when no consumer ever comes. One that is leased expires only when it comes back. While the queue is
   * full of dead letters, which also pauses it, what has expired waits for room. `null`: never. Default `null`.
   */
  readonly ttlMs?: number | null;
  /** Time from acceptance for which a `deduplicationId` is remembered, whatever becomes of its message, in ms. Default 300,000. */
  readonly deduplicationWindowMs?: number;
  /**
   * What a repeated `deduplicationId` does. `drop`: nothing; the body is not stored. `replace`: while the first message
   * still waits, it takes the new body and headers and keeps its id, its place, priority and times; once it was handed
   * out, has died or is gone, the new message is accepted as one of its own and owns the id from then on, so that a
   * newer save is never lost because an older one is being handled. Default `drop`.
   */
  readonly deduplicationMode?: "drop" | "replace";
  /**
   * Ids remembered; none is forgotten before its window has passed: a send with another id is refused with `full`.
   * Default 100,000.
   */
  readonly maxDeduplicationIds?: number;
  /**
   * What becomes of a group whose head was given up after it was handed out, or had no room. `block`: what was sent
   * after it waits until the dead letter is redriven, which puts it back to its place, or purged. A head that expired
   * before anybody took it blocks nobody: that it comes too late was foreseen. `skip`: the next one goes on, and
   * groups that wait for a dead letter when this is set go on, too. Default block.
   */
  readonly onGroupFailure?: "block" | "skip";
  /** Messages in work at once, over all consumers in all tabs; prefetched ones count. `null`: no limit. Default `null`. */
  readonly maxInFlight?: number | null;
  /**
   * A token bucket over all consumers in all tabs, which a new host goes on with: `limit` hand-outs at once, and then one
   * every `intervalMs / limit`, so that any stretch of t ms sees at most `limit · (1 + t / intervalMs)`. Repeats and
   * prefetched messages count. `per: "group"` limits each group by itself; its next message is delayed until then, and
   * what has no group is not limited. `null`: no limit. Default `null`.
   */
  readonly rateLimit?: RateLimit | null;
  /** `strict` asks the browser to flush to the disk with each commit; `relaxed` lets the system do so. Default strict. */
  readonly durability?: "strict" | "relaxed";
  /**
   * What bodies must be: any validator of the Standard Schema. It stays in this context. A send that does not fit is
   * refused with `schema-mismatch` and its issues; what fits is stored as it was given. A delivery has the schema's
   * output as its body; a stored message that no longer fits becomes a dead letter with reason `schema-mismatch`.
   */
  readonly schema?: StandardSchema;
}

export function checkQueueName(name: unknown): asserts name is string {
  check(queueName, name, "queue name");
  if ((name as string).startsWith(OWN_QUEUE_PREFIX)) {
    invalid("queue name", name, `a name that does not begin with "${OWN_QUEUE_PREFIX}"`);
  }
}

export function checkTopicName(name: unknown): asserts name is string {
  check(topicName, name, "topic name");
}

export const QUEUE_SPEC: Spec = { ...SETTINGS_SPEC, schema: standardSchema };

/** The given settings as they are stored; `undefined` members count as left out. */
export function settingsOf(options: QueueOptions): Partial<QueueSettings> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && Object.hasOwn(SETTINGS_SPEC, name)),
  ) as Partial<QueueSettings>;
}

export const ITEM_SPEC: Spec = {
  priority,
  delayMs,
  deliverAt: dateOrInstant,
  ttlMs,
  deduplicationId,
  groupId,
  headers,
};

export const WRITABLE_SPEC: Spec = { ...ITEM_SPEC, inFlight: count };
export const CONSUME_SPEC: Spec = {
  concurrency: count,
  prefetch: count,
  signal: abortSignal,
  key: string(1, 256),
  singleActive: boolean,
};
export const DELIVERIES_SPEC: Spec = { prefetch: count, signal: abortSignal };
export const DEAD_PAGES_SPEC: Spec = { pageSize: count, after: id };
export const PEEK_PAGES_SPEC: Spec = { pageSize: count, state, snapshot: boolean };
export const WATCH_SPEC: Spec = { everyMs: watchMs, onEnded: aFunction };
export const WAIT_SPEC: Spec = { signal: abortSignal };
export const CLOSE_SPEC: Spec = { force: boolean };
