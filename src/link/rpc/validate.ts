// What the host accepts from a port. The sender is of the same origin, but not of the same build, and may be
// hostile: every request is checked before anything acts on it.

import { countBodies } from "../../core/log/bodies.js";
import type { Ranges } from "../../core/log/journal.js";
import { countOf } from "../../core/log/ranges.js";
import {
  arrayOf,
  boolean,
  type Check,
  checkOptions,
  duration,
  headers,
  integer,
  invalid,
  nullOr,
  oneOf,
  record,
  type Spec,
  string,
} from "../../core/spec/check.js";
import { purgeFilter } from "../../core/spec/filters.js";
import { REQUEST_MESSAGES_MAX, TRANSACTION_SENDS_MAX } from "../../core/spec/limits.js";
import { PEEKABLE } from "../../core/spec/message-states.js";
import { CATCH_UPS, checkTiming, everyMs, type ScheduleSpec } from "../../core/spec/schedule-spec.js";
import {
  DEDUPLICATION_ID_MAX,
  GROUP_ID_MAX,
  PRIORITY_MAX,
  QUEUE_NAME_MAX,
  SETTINGS_SPEC,
  TOPIC_NAME_MAX,
} from "../../core/spec/settings.js";
import { subscription, subscriptionFilter } from "../../core/spec/subscription.js";
import type { ClientCommand, HostRequest, SentMessages } from "./wire.js";

const RANGES_MAX = 2 * REQUEST_MESSAGES_MAX;

const queue = string(1, QUEUE_NAME_MAX);
const topic = string(1, TOPIC_NAME_MAX);
const identifier = string(1, 256);
const anything: Check = () => {};

/** Flat stretches, at most so many numbers in all: a count of a billion would keep the host counting. */
const ranges: Check = (value, name) => {
  if (!Array.isArray(value) || value.length > RANGES_MAX || value.length % 2 !== 0) {
    return invalid(name, value, "pairs of first and count");
  }
  let total = 0;
  value.forEach((number, i) => {
    integer(i % 2 === 0 ? 0 : 1)(number, `${name}[${i}]`);
    if (i % 2 === 1) total += number;
  });
  if (total > REQUEST_MESSAGES_MAX) invalid(name, value, `at most ${REQUEST_MESSAGES_MAX} messages`);
};

/** An object of these members, all of them but the optional ones. */
const shape =
  (spec: Spec, ...optional: readonly string[]): Check =>
  (value, name) => {
    checkOptions(name, value, spec);
    for (const member of Object.keys(spec)) {
      const isMissing = typeof value !== "object" || value === null || !Object.hasOwn(value, member);
      if (isMissing && !optional.includes(member)) invalid(`${name}.${member}`, undefined, "given");
    }
  };

const held = arrayOf(shape({ grant: identifier, seqs: ranges }), REQUEST_MESSAGES_MAX);
const failure = shape({ name: string(0, 1_000), message: string(0, 100_000) });
const filter = record({
  ids: arrayOf(identifier, REQUEST_MESSAGES_MAX),
  reason: string(0, 10_000),
  olderThanMs: duration(),
});

/** An object whose member `key` says which of `variants` it is. */
const variant =
  (key: string, variants: Readonly<Record<string, Check>>): Check =>
  (value, name) => {
    if (typeof value !== "object" || value === null) return invalid(name, value, "an object");
    const which: unknown = Reflect.get(value, key);
    const check = typeof which === "string" && Object.hasOwn(variants, which) ? variants[which] : undefined;
    if (check === undefined) return invalid(`${name}.${key}`, which, `one of ${Object.keys(variants).join(", ")}`);
    check(value, name);
  };

const verdict = variant("type", {
  ack: shape({ type: anything }),
  retry: shape({ type: anything, delayMs: duration(), failure }, "delayMs", "failure"),
  release: shape({ type: anything, delayMs: duration(), suspect: boolean }, "delayMs", "suspect"),
  dead: shape({ type: anything, reason: string(0, 10_000), failure }, "failure"),
});

/** Milliseconds, summed over many messages. */
const aTime: Check = (value, name) => {
  if (typeof value !== "number" || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) invalid(name, value, "a time");
};

const segment = shape(
  {
    count: integer(1, REQUEST_MESSAGES_MAX),
    priority: integer(0, PRIORITY_MAX),
    delayMs: duration(),
    deliverAt: integer(0),
    ttlMs: nullOr(duration(1)),
    deduplicationIds: arrayOf(string(1, DEDUPLICATION_ID_MAX), REQUEST_MESSAGES_MAX),
  },
  "delayMs",
  "deliverAt",
  "ttlMs",
  "deduplicationIds",
);

/** "" is none. */
const groupIds: Check = (value, name) =>
  (typeof value === "string" ? string(1, GROUP_ID_MAX) : arrayOf(string(0, GROUP_ID_MAX), REQUEST_MESSAGES_MAX))(
    value,
    name,
  );

/** Values, or texts: those are not opened here, and counted once, by `checkSegments`. */
const bodies: Check = (value, name) => {
  if (typeof value !== "string" && !Array.isArray(value)) invalid(name, value, "an array, or lines of text");
};

const unaddressed: Spec = {
  segments: arrayOf(segment, REQUEST_MESSAGES_MAX),
  bodies,
  headers: arrayOf((value, name) => value === undefined || headers(value, name), REQUEST_MESSAGES_MAX),
  groups: groupIds,
  priorities: arrayOf(integer(0, PRIORITY_MAX), REQUEST_MESSAGES_MAX),
  times: arrayOf(integer(0), REQUEST_MESSAGES_MAX),
};
const OPTIONAL = ["headers", "groups", "priorities", "times"] as const;
const messages: Spec = { queue, ...unaddressed };

/** One message, at the times that one of `cron` and `everyMs` says. */
const scheduleSpec: Check = (value, name) => {
  shape(
    {
      cron: string(1, 256),
      timeZone: string(1, 256),
      everyMs,
      catchUp: oneOf(...CATCH_UPS),
      priority: integer(0, PRIORITY_MAX),
      ttlMs: nullOr(duration(1)),
      groupId: string(1, GROUP_ID_MAX),
    },
    "cron",
    "timeZone",
    "everyMs",
    "ttlMs",
    "groupId",
  )(value, name);
  checkTiming(value as ScheduleSpec, name);
};

const one = (check: Check): Check => {
  const checkAll = arrayOf(check, 1);
  return (value, name) => {
    checkAll(value, name);
    if ((value as unknown[]).length === 0) invalid(name, value, "an array of one");
  };
};

const command = variant("type", {
  schedule: shape(
    { type: anything, queue, id: identifier, spec: scheduleSpec, bodies: one(anything), headers: one(headers) },
    "headers",
  ),
  unschedule: shape({ type: anything, queue, id: identifier }),
  send: shape({ type: anything, atomic: boolean, ...messages }, ...OPTIONAL),
  publish: shape({ type: anything, topic, ...unaddressed }, ...OPTIONAL),
  subscribe: shape({ type: anything, topic, subscription, filter: subscriptionFilter }, "filter"),
  unsubscribe: shape({ type: anything, topic, subscription }),
  transaction: shape({
    type: anything,
    sends: arrayOf(shape(messages, ...OPTIONAL), TRANSACTION_SENDS_MAX),
    settlements: arrayOf(shape({ grant: identifier, seqs: ranges, verdict }), REQUEST_MESSAGES_MAX),
  }),
  settle: shape({
    type: anything,
    settlements: arrayOf(
      shape({ grant: identifier, seqs: ranges, verdict, busyMs: aTime }, "busyMs"),
      REQUEST_MESSAGES_MAX,
    ),
  }),
  extend: shape({ type: anything, grant: identifier, seq: integer(0), ms: duration(1) }),
  configure: shape({ type: anything, queue, settings: record(SETTINGS_SPEC) }),
  pause: shape({ type: anything, queue, paused: boolean }),
  purge: shape({ type: anything, queue, filter: purgeFilter }, "filter"),
  delete: shape({ type: anything, queue }),
  redrive: shape({ type: anything, queue, filter, max: integer(1), diedBy: integer(0) }, "max", "diedBy"),
  "purge-dead": shape({ type: anything, queue, filter }),
});

const max = integer(1, REQUEST_MESSAGES_MAX);
const atOnce = integer(0, REQUEST_MESSAGES_MAX);
const op = anything;
const states = arrayOf(oneOf(...PEEKABLE), PEEKABLE.length);

const request = variant("op", {
  hello: shape({ op, wire: arrayOf(integer(0), 2), client: identifier, held }),
  submit: shape({
    op,
    confirmed: integer(0),
    commands: arrayOf(shape({ number: integer(1), command }), REQUEST_MESSAGES_MAX),
  }),
  consume: shape({ op, consumer: identifier, queue, prefetch: atOnce, concurrency: atOnce }, "concurrency"),
  cancel: shape({ op, waiter: identifier }),
  receive: shape(
    { op, waiter: identifier, queue, max, waitMs: duration(), mode: oneOf("receive", "consume"), leaseMs: duration(1) },
    "leaseMs",
  ),
  idle: shape({ op, waiter: identifier, queue }),
  room: shape({ op, waiter: identifier, queue, count: integer(1), bytes: integer(0) }),
  peek: shape({ op, queue, max, states, after: string(0, 256) }, "after"),
  "dead-letters": shape({ op, queue, max, after: string(0, 256) }, "after"),
  stats: shape({ op, queue }),
  watch: shape({ op, waiter: identifier, queue, everyMs: duration(1) }),
  fates: shape({ op, queue, ids: arrayOf(identifier, REQUEST_MESSAGES_MAX) }),
  group: shape({ op, queue, group: string(1, GROUP_ID_MAX) }),
  schedules: shape({ op, queue }),
  queues: shape({ op }),
  summaries: shape({ op }),
  diagnostics: shape({ op }),
  suspend: shape({ op }),
  goodbye: shape({ op }),
});

/** The request, if it is one; else throws `invalid-argument` naming what is wrong with it. */
export function validateHostRequest(value: unknown): HostRequest {
  request(value, "request");
  const checked = value as HostRequest;
  if (checked.op === "hello") checkTotal(checked.held, "request.held");
  if (checked.op !== "submit") return checked;
  for (const { number, command } of checked.commands) {
    if (command.type === "send" || command.type === "publish") checkSegments(command, `command ${number}`);
    if (command.type === "transaction") checkTransaction(command, `command ${number}`);
    if (command.type === "settle") checkTotal(command.settlements, `command ${number}`);
  }
  return checked;
}

/** However many parts it comes in: each number costs the host a step. */
function checkTotal(parts: readonly { readonly seqs: Ranges }[], name: string): void {
  const total = parts.reduce((sum, { seqs }) => sum + countOf(seqs), 0);
  if (total > REQUEST_MESSAGES_MAX) invalid(name, total, `at most ${REQUEST_MESSAGES_MAX} messages`);
}

function checkTransaction({ sends, settlements }: Extract<ClientCommand, { type: "transaction" }>, name: string): void {
  const total = sends.reduce((sum, one) => sum + checkSegments(one, name), 0);
  checkTotal(settlements, name);
  if (total > REQUEST_MESSAGES_MAX) invalid(name, total, `at most ${REQUEST_MESSAGES_MAX} messages`);
  // Each is decided as if it were alone with its queue.
  if (new Set(sends.map((one) => one.queue)).size < sends.length) invalid(name, sends, "one send to a queue at most");
}

/** Answers how many messages there are. */
function checkSegments(messages: Omit<SentMessages, "queue">, name: string): number {
  const { segments, headers: column, groups, priorities, times } = messages;
  const total = segments.reduce((sum, { count }) => sum + count, 0);
  const count = countBodies(messages.bodies);
  if (count > REQUEST_MESSAGES_MAX) invalid(`${name}.bodies`, count, `at most ${REQUEST_MESSAGES_MAX} bodies`);
  const hasIds = segments.every(({ count, deduplicationIds: ids }) => ids === undefined || ids.length === count);
  if (!hasIds) invalid(name, segments, "a deduplication id for each message of a segment that has any");
  const columns = [column, typeof groups === "string" ? undefined : groups, priorities, times];
  const areMatched = columns.every((one) => one === undefined || one.length === total);
  if (total !== count || total === 0 || !areMatched) {
    invalid(name, total, `a count of segments that matches its ${count} bodies and what is said of each of them`);
  }
  return count;
}
