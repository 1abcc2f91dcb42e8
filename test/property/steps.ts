// What may happen to the engine, as data: a step names clients, queues and tokens by small numbers, so that fast-check
// can shrink a failing history to its core. The world turns a step into a command when its time comes.

import fc from "fast-check";
import type { Verdict } from "../../src/core/commands/commands.js";
import type { LeaseMode } from "../../src/core/log/journal.js";
import type { PurgeFilter } from "../../src/core/spec/filters.js";
import type { Backoff, QueueSettings } from "../../src/core/spec/settings.js";
import type { SubscriptionFilter } from "../../src/core/spec/subscription.js";

/** Which of the grants handed out so far, counted back from the newest, and which stretch of its messages. */
export interface Pick {
  readonly back: number;
  readonly from: number;
  readonly count: number;
}

export type Step =
  | {
      op: "send";
      client: number;
      queue: number;
      atomic: boolean;
      segments: readonly Segment[];
      bytes: number;
      inColumns: boolean;
    }
  | { op: "deliver"; client: number; queue: number; mode: LeaseMode; max: number; leaseMs?: number | undefined }
  /** `isForeign`: by another client than the one that holds the grant. */
  | { op: "settle"; isForeign: boolean; parts: readonly (Pick & { readonly verdict: Verdict })[]; jitter: number }
  /** To the first queues, and like `settle`. */
  | {
      op: "transaction";
      isForeign: boolean;
      sends: readonly (readonly Segment[])[];
      parts: readonly (Pick & { readonly verdict: Verdict })[];
      jitter: number;
    }
  /** The queues are the subscriptions of one topic, if they are subscribed. */
  | { op: "subscribe"; queue: number; filter: SubscriptionFilter | undefined }
  | { op: "unsubscribe"; queue: number }
  | {
      op: "publish";
      client: number;
      segments: readonly Segment[];
      headers: readonly (Readonly<Record<string, string>> | undefined)[];
    }
  | { op: "schedule"; queue: number; id: number; segment: Segment; everyMs: number }
  | { op: "unschedule"; queue: number; id: number }
  /** So many ticks, due or not. */
  | { op: "tick"; queue: number; id: number; count: number }
  | { op: "extend"; isForeign: boolean; pick: Pick; ms: number }
  | { op: "renew" | "reclaim"; client: number; picks: readonly Pick[] }
  | { op: "time-out"; client: number; picks: readonly Pick[]; jitter: number }
  /** Their bodies cannot be read. */
  | { op: "quarantine"; pick: Pick }
  | { op: "client-gone" | "forget-client"; client: number }
  | {
      op: "configure";
      queue: number;
      settings: Partial<Omit<QueueSettings, "backoff">> & { backoff?: Partial<Backoff> };
    }
  | { op: "pause"; queue: number; paused: boolean }
  /** `named`: so many of those sent to the queue, gone or not, every `stride`th from one of the last on backwards. */
  | { op: "purge"; queue: number; filter: PurgeFilter | undefined; named: Named | undefined }
  | { op: "delete"; queue: number }
  | { op: "redrive" | "purge-dead"; queue: number; by: "all" | "reason" | "ids"; from: number; max: number | undefined }
  /** One of those sent to the queue, waiting or not; or a dead letter. */
  | { op: "replace"; queue: number; isDead: boolean; back: number }
  /** The host moves live bodies of neighbouring batches into one. */
  | { op: "rewrite"; from: number; count: number }
  /** The host deletes batches that nothing references. */
  | { op: "delete-freed" }
  /** A client sends a command again that it has sent before. */
  | { op: "resend"; back: number }
  /** The host dies; the next one reads the checkpoint and the journal, and takes over. */
  | { op: "restart" }
  /** The same without dying: the state stays as it is. */
  | { op: "take-over" }
  | { op: "checkpoint" };

export interface Named {
  readonly back: number;
  readonly count: number;
  readonly stride: number;
}

export interface Segment {
  readonly count: number;
  readonly priority: number;
  readonly delayMs?: number | undefined;
  /** Distance of `deliverAt` from now. */
  readonly deliverInMs?: number | undefined;
  readonly ttlMs?: number | null | undefined;
  readonly deduplicationIds?: readonly string[] | undefined;
  /** Of which groups its messages are, in turn; "" is none. */
  readonly groups?: readonly string[] | undefined;
}

/** What one turn of the host handles; `afterMs` is negative where the clock was set back. */
export interface TurnSteps {
  readonly afterMs: number;
  readonly steps: readonly Step[];
}

export const CLIENTS = 3;
export const QUEUES = 4;

const client = fc.nat(CLIENTS - 1);
/** Most of what happens, happens to one of them: a history is deep before it is wide. */
const queue = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: QUEUES - 1 }) },
);
const jitter = fc.constantFrom(0, 0.25, 0.5, 0.999);
const rarely = fc.integer({ min: 0, max: 7 }).map((n) => n === 7);
const back = fc.oneof({ weight: 4, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(30) });
const pick = fc.record<Pick>({
  back,
  from: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  count: fc.integer({ min: 1, max: 6 }),
});
const picks = fc.array(pick, { maxLength: 4 });
const optionally = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const failure = fc.constant({ name: "Error", message: "no" });

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Verdict>({ type: "ack" }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("retry" as const),
      delayMs: optionally(fc.constantFrom(0, 10, 300)),
      failure: optionally(failure),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("release" as const),
      delayMs: optionally(fc.constantFrom(0, 40)),
      suspect: optionally(fc.boolean()),
      unstarted: optionally(fc.boolean()),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Verdict>({ type: "dead", reason: "bad", failure: { name: "E", message: "m" } }) },
);

const plainSegment = fc.record<Segment>({
  count: fc.integer({ min: 1, max: 6 }),
  priority: fc.constantFrom(4, 4, 4, 0, 9),
  delayMs: optionally(fc.constantFrom(0, 5, 200)),
  deliverInMs: fc.option(fc.constantFrom(-50, 0, 30, 400), { nil: undefined, freq: 5 }),
  ttlMs: fc.option(fc.constantFrom(1, 40, 40, 6_000, null), { nil: undefined, freq: 2 }),
  groups: fc.option(fc.array(fc.constantFrom("", "a", "a", "b", "c"), { minLength: 1, maxLength: 4 }), {
    nil: undefined,
    freq: 2,
  }),
});

/** Few ids, so that they repeat, in one send too. */
const segment = fc
  .tuple(
    plainSegment,
    fc.option(fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
      freq: 2,
    }),
  )
  .map(([plain, ids]): Segment => (ids ? { ...plain, count: ids.length, deduplicationIds: ids } : plain));

const filter = fc.constantFrom<(SubscriptionFilter | undefined)[]>(
  undefined,
  {},
  { k: "a" },
  { k: { prefix: "a" } },
  { j: { exists: false } },
);

const settings = fc.record(
  {
    leaseMs: fc.constantFrom(100, 1_000),
    maxDeliveries: fc.integer({ min: 1, max: 4 }),
    maxMessages: fc.integer({ min: 1, max: 20 }),
    maxDeadLetters: fc.integer({ min: 1, max: 6 }),
    ttlMs: fc.constantFrom(null, null, 100, 3_000),
    deduplicationMode: fc.constantFrom("drop" as const, "replace" as const, "replace" as const),
    deduplicationWindowMs: fc.constantFrom(5, 300, 100_000),
    maxDeduplicationIds: fc.integer({ min: 1, max: 5 }),
    maxBytes: fc.constantFrom(null, null, null, 700, 100_000),
    overflow: fc.constantFrom("reject" as const, "drop-oldest" as const, "dead-letter" as const),
    maxInFlight: fc.constantFrom(null, null, 1, 3),
    rateLimit: fc.constantFrom(
      null,
      null,
      { limit: 2, intervalMs: 100 },
      { limit: 3, intervalMs: 100, per: "queue" as const },
      { limit: 1, intervalMs: 60, per: "group" as const },
    ),
    onGroupFailure: fc.constantFrom("block" as const, "skip" as const),
    backoff: fc.record(
      {
        type: fc.constantFrom("exponential" as const, "fixed" as const),
        baseMs: fc.constantFrom(0, 20, 1_000),
        maxMs: fc.constantFrom(10, 2_000),
        jitter: fc.constantFrom("full" as const, "none" as const),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

const op = <const Op extends string>(name: Op) => fc.constant(name);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      op: op("send"),
      client,
      queue,
      atomic: fc.boolean(),
      segments: fc.array(segment, { minLength: 1, maxLength: 3 }),
      bytes: fc.constantFrom(100, 100, 100_000, 300_000),
      inColumns: fc.boolean(),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      op: op("deliver"),
      client,
      queue,
      mode: fc.constantFrom("consume" as const, "receive" as const),
      max: fc.integer({ min: 1, max: 7 }),
      leaseMs: fc.option(fc.constantFrom(10, 5_000), { nil: undefined, freq: 4 }),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      op: op("settle"),
      isForeign: rarely,
      parts: fc.array(
        fc.tuple(pick, verdict).map(([picked, verdict]) => ({ ...picked, verdict })),
        { minLength: 1, maxLength: 4 },
      ),
      jitter,
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: op("subscribe"), queue: fc.nat(QUEUES - 1), filter }) },
  { weight: 1, arbitrary: fc.record({ op: op("unsubscribe"), queue }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: op("publish"),
      client,
      segments: fc.array(segment, { minLength: 1, maxLength: 3 }),
      headers: fc.array(fc.constantFrom(undefined, { k: "a" }, { k: "ab" }, { j: "a" }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: op("schedule"),
      queue,
      id: fc.nat(1),
      segment: plainSegment,
      everyMs: fc.constantFrom(100, 100, 5_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: op("unschedule"), queue, id: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ op: op("tick"), queue, id: fc.nat(1), count: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: op("transaction"),
      isForeign: rarely,
      sends: fc.array(fc.array(segment, { minLength: 1, maxLength: 2 }), { maxLength: QUEUES }),
      parts: fc.array(
        fc.tuple(pick, verdict).map(([picked, verdict]) => ({ ...picked, count: 1, verdict })),
        { minLength: 1, maxLength: 3 },
      ),
      jitter,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: op("extend"), isForeign: rarely, pick, ms: fc.constantFrom(1, 50, 10_000) }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom("renew" as const, "reclaim" as const), client, picks }) },
  { weight: 2, arbitrary: fc.record({ op: op("time-out"), client, picks, jitter }) },
  { weight: 1, arbitrary: fc.record({ op: op("quarantine"), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constantFrom("client-gone" as const, "forget-client" as const), client }),
  },
  { weight: 3, arbitrary: fc.record({ op: op("configure"), queue, settings }) },
  { weight: 1, arbitrary: fc.record({ op: op("pause"), queue, paused: rarely }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: op("purge"),
      queue,
      filter: fc.option(
        fc.record(
          {
            state: fc.constantFrom("ready" as const, "delayed" as const, "blocked" as const),
            priority: fc.constantFrom(4, 9),
            olderThanMs: fc.constantFrom(0, 30),
          },
          { requiredKeys: [] },
        ),
        { nil: undefined, freq: 3 },
      ),
      named: fc.option(
        fc.record({ back: fc.nat(12), count: fc.integer({ min: 1, max: 8 }), stride: fc.integer({ min: 1, max: 3 }) }),
        { nil: undefined, freq: 2 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: op("delete"), queue }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom("redrive" as const, "redrive" as const, "purge-dead" as const),
      queue,
      by: fc.constantFrom("all" as const, "reason" as const, "ids" as const),
      from: fc.nat(2),
      max: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: op("replace"), queue, isDead: rarely, back: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ op: op("rewrite"), from: fc.nat(3), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ op: op("delete-freed") }) },
  { weight: 2, arbitrary: fc.record({ op: op("resend"), back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ op: op("restart") }) },
  { weight: 1, arbitrary: fc.record({ op: op("checkpoint") }) },
);

const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 5) },
  { weight: 3, arbitrary: fc.nat(250) },
  { weight: 2, arbitrary: fc.constantFrom(1_000, 5_000, 40_000) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -100, -3_000) },
);

/** A small queue, so that limits are met, and whatever comes after. */
export const history: fc.Arbitrary<TurnSteps[]> = fc
  .tuple(
    fc.record({
      afterMs: fc.constant(0),
      steps: fc.tuple(fc.record({ op: op("configure"), queue: fc.constant(0), settings })),
    }),
    fc.array(fc.record({ afterMs, steps: fc.array(step, { minLength: 1, maxLength: 3 }) }), {
      maxLength: 60,
      size: "max",
    }),
  )
  .map(([first, rest]) => [first, ...rest]);

/** More runs than the usual few seconds' worth by ORIGINMQ_PROPERTY_RUNS; a printed seed again by ORIGINMQ_PROPERTY_SEED. */
export const parameters = (runs: number): { numRuns: number; seed?: number } => {
  const { ORIGINMQ_PROPERTY_RUNS: wanted, ORIGINMQ_PROPERTY_SEED: seed } = process.env;
  return { numRuns: wanted ? Number(wanted) : runs, ...(seed && { seed: Number(seed) }) };
};
