// One rule set: whatever the client's check of options lets through, the host's check of messages takes.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FILTER_SPEC, LIST_SPEC, PEEK_SPEC, PURGE_SPEC } from "../../../../src/client/queue/options.js";
import { createSchedules } from "../../../../src/client/queue/schedules.js";
import { createTopic } from "../../../../src/client/queue/topic.js";
import { deadVerdict, releaseVerdict, retryVerdict } from "../../../../src/client/receiving/delivery.js";
import { RECEIVE_SPEC, RELEASE_SPEC, RETRY_SPEC } from "../../../../src/client/receiving/options.js";
import { messagesOf } from "../../../../src/client/sending/messages.js";
import { CONSUME_SPEC, ITEM_SPEC, QUEUE_SPEC, settingsOf, WATCH_SPEC } from "../../../../src/client/sending/options.js";
import { itemsOf } from "../../../../src/client/sending/taken-in.js";
import type { Field, Spec } from "../../../../src/core/spec/check.js";
import { groupId, headers, id, priority, queueName, reason, ttlMs } from "../../../../src/core/spec/fields.js";
import { TIMING_SPEC } from "../../../../src/core/spec/schedule-spec.js";
import { SETTINGS_SPEC } from "../../../../src/core/spec/settings.js";
import { subscription, subscriptionFilter } from "../../../../src/core/spec/subscription.js";
import { connect, type QueueError } from "../../../../src/index.js";
import { validateHostRequest } from "../../../../src/link/rpc/validate.js";
import type { ClientCommand, HostRequest } from "../../../../src/link/rpc/wire.js";

/** Where a range ends is where two rules differ. */
const number = (min: number, max: number, isWhole: boolean) => {
  const top = Math.min(max, Number.MAX_SAFE_INTEGER);
  const inside = isWhole ? fc.maxSafeInteger() : fc.double({ noNaN: true });
  const edges = [min, top, ...(isWhole ? [] : [min + 0.5, top - 0.5])];
  return fc.oneof(
    fc.constantFrom(...edges),
    inside.map((value) => Math.min(top, Math.max(min, Math.abs(value)))),
  );
};

const text = (min: number, max: number) =>
  fc.oneof(
    fc.constantFrom("x".repeat(Math.max(min, 1)), "x".repeat(max), "é".repeat(max)),
    fc.string({ minLength: min, maxLength: Math.min(max, 20) }),
  );

/** Values of the rules that are functions. */
const OF_FUNCTIONS = new Map<Field, fc.Arbitrary<unknown>>([
  [headers, fc.dictionary(fc.string(), fc.string())],
  [
    ITEM_SPEC.deliverAt as Field,
    fc.oneof(fc.date({ min: new Date(0), noInvalidDate: true }), number(0, Number.MAX_SAFE_INTEGER, false)),
  ],
  [subscription, fc.constantFrom("s", "x".repeat(128))],
  [
    subscriptionFilter,
    fc.dictionary(
      fc.string(),
      fc.oneof(
        text(0, 10_000),
        fc.array(fc.string(), { maxLength: 3 }),
        fc.record({ prefix: text(0, 10_000) }),
        fc.record({ exists: fc.boolean() }),
      ),
    ),
  ],
]);

/** Whatever the field lets through. */
function valuesOf(field: Field): fc.Arbitrary<unknown> {
  const special = OF_FUNCTIONS.get(field);
  if (special) return special;
  if (typeof field === "function") return fc.constant(undefined);
  switch (field.kind) {
    case "number":
      return number(field.min, field.max, field.isWhole);
    case "text":
      return text(field.min, field.max);
    case "choice":
      return fc.constantFrom(...field.of);
    case "flag":
      return fc.boolean();
    case "nullable":
      return fc.oneof(fc.constant(null), valuesOf(field.of));
    case "list":
      return fc.array(valuesOf(field.of), { minLength: field.min, maxLength: Math.min(field.max, 5) });
    case "object":
      return optionsOf(field.members);
    default:
      return fc.anything();
  }
}

/** Whatever the spec lets through, each member left out at times. */
const optionsOf = (spec: Spec): fc.Arbitrary<Record<string, never>> =>
  fc.record(Object.fromEntries(Object.entries(spec).map(([name, field]) => [name, valuesOf(field)])), {
    requiredKeys: [],
  }) as unknown as fc.Arbitrary<Record<string, never>>;

const refusedOf = (request: HostRequest): unknown => {
  const checked = validateHostRequest(structuredClone(request));
  return checked.op === "submit" ? checked.commands.flatMap((one) => ("refused" in one ? [one.refused] : [])) : [];
};
const expectTaken = (...commands: readonly ClientCommand[]) => {
  const numbered = commands.map((command, i) => ({ number: i + 1, command }));
  expect(refusedOf({ op: "submit", confirmed: 0, commands: numbered })).toEqual([]);
};
const expectAsked = (request: HostRequest) => expect(refusedOf(request)).toEqual([]);

const always = <T>(values: fc.Arbitrary<T>, property: (value: T) => Promise<void> | void) =>
  fc.assert(
    fc.asyncProperty(values, async (value) => property(value)),
    { numRuns: 300 },
  );

const hasBoth = ({ delayMs, deliverAt }: Record<string, unknown>) => delayMs !== undefined && deliverAt !== undefined;
const items = fc.array(
  optionsOf(ITEM_SPEC)
    .filter((options) => !hasBoth(options))
    .map((options) => ({ body: 1, ...options })),
  { minLength: 1, maxLength: 8 },
);

describe("what a client lets through, the host takes:", () => {
  test("messages of a queue, of a topic and of a transaction", () =>
    always(items, (given) => {
      const { queue, ...messages } = messagesOf("q", itemsOf(given));
      expectTaken(
        { type: "send", queue, atomic: true, ...messages },
        { type: "publish", topic: "t", ...messages },
        { type: "transaction", sends: [{ queue, ...messages }], settlements: [] },
      );
    }));

  test("names", () =>
    always(fc.tuple(valuesOf(queueName), valuesOf(id)), ([name, messageId]) => {
      expectTaken({ type: "pause", queue: name as string, paused: true });
      expectAsked({ op: "fates", queue: name as string, ids: [messageId as string] });
      expectAsked({ op: "dead-letters", queue: name as string, max: 1, after: messageId as string });
    }));

  test("verdicts", () =>
    always(fc.tuple(optionsOf(RETRY_SPEC), optionsOf(RELEASE_SPEC), valuesOf(reason)), ([retry, release, why]) => {
      const verdicts = [
        retryVerdict(retry, "retry()"),
        releaseVerdict(release, "release()"),
        deadVerdict(why as string, ""),
      ];
      const settlements = verdicts.map((verdict) => ({ grant: "g", seqs: [1, 1], verdict }));
      expectTaken({ type: "settle", settlements }, { type: "transaction", sends: [], settlements });
    }));

  test("settings", () =>
    always(optionsOf(SETTINGS_SPEC).filter(isWholeLimit), (options) => {
      expect(Object.keys(QUEUE_SPEC)).toEqual(expect.arrayContaining(Object.keys(options)));
      expectTaken({ type: "configure", queue: "q", settings: settingsOf(options) });
    }));

  test("schedules", () =>
    always(
      fc.tuple(valuesOf(id), optionsOf(TIMING_SPEC), optionsOf({ priority, ttlMs, groupId, headers })),
      async ([name, timing, options]) => {
        const commands: ClientCommand[] = [];
        const schedules = createSchedules({
          queue: "q",
          command: async <T>(command: ClientCommand) => commands.push(command) as T,
          ask: async () => undefined as never,
          whenRead: (read, next) => next(read),
        });
        await schedules.upsert(name as string, timing as never, 1, options).catch(() => {});
        await schedules.remove(name as string);
        expectTaken(...commands);
      },
    ));

  test("subscriptions", () =>
    always(fc.tuple(valuesOf(subscription), valuesOf(subscriptionFilter)), async ([name, filter]) => {
      const commands: ClientCommand[] = [];
      const topic = createTopic({
        name: "t".repeat(127),
        pipeline: { command: async (command: ClientCommand) => commands.push(command) } as never,
        openQueue: async () => ({}) as never,
        onClosed: async () => {},
      });
      await topic.subscription(name as string, { filter: filter as never });
      await topic.unsubscribe(name as string);
      expectTaken(...commands);
    }));

  test("what is asked of a queue, over a host", async () => {
    const connection = await connect({ storage: "memory", database: "rules" });
    const queue = await connection.openQueue("q");
    const asked = fc.record({
      receive: optionsOf(RECEIVE_SPEC),
      peek: optionsOf(PEEK_SPEC),
      list: optionsOf(LIST_SPEC),
      watch: optionsOf(WATCH_SPEC),
      purge: optionsOf(PURGE_SPEC),
      dead: optionsOf(FILTER_SPEC),
      consume: optionsOf(CONSUME_SPEC),
      group: valuesOf(groupId),
    });
    const property = async (options: typeof asked extends fc.Arbitrary<infer T> ? T : never) => {
      await queue.send(1);
      const [delivery] = await queue.receive(options.receive);
      const consumer = queue.consume(() => {}, options.consume);
      await Promise.all([
        // A lease of a millisecond has ended, which is no refusal.
        delivery?.ack().catch((error: QueueError) => expect(error.code).toBe("lease-lost")),
        queue.peek({ ...options.peek, after: undefined } as object),
        // An id may be of the right form and unknown.
        queue.deadLetters.list({ ...options.list, after: undefined } as object),
        queue.isGroupWaiting(options.group as string),
        queue.deadLetters.purge(options.dead),
        queue.deadLetters.redrive(options.dead),
        queue.purge(options.purge),
        new Promise<void>((resolve) => {
          const end = queue.subscribeStats(() => resolve(end()), options.watch);
        }),
      ]);
      await consumer.stop();
    };
    await fc.assert(fc.asyncProperty(asked, property), { numRuns: 100 });
    expect((await connection.diagnostics()).refusedMessages).toBe(0);
    await connection.close();
  });
});

/** Both of its parts are to be given. */
function isWholeLimit({ rateLimit }: { readonly rateLimit?: Record<string, unknown> | null }): boolean {
  return !rateLimit || (rateLimit.limit !== undefined && rateLimit.intervalMs !== undefined);
}

test("what a request must have is refused where it is there and undefined, as where it is missing", () => {
  const requests = [
    { op: "submit", confirmed: 0, commands: undefined },
    { op: "peek", queue: undefined, max: 1, states: ["ready"] },
    { op: "hello", wire: undefined, client: "a", held: [] },
  ];
  for (const request of requests)
    expect(() => validateHostRequest(request)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});
