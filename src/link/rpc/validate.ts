// What the host accepts from a port. The sender is of the same origin, but not of the same build, and may be
// hostile: every request is checked before anything acts on it. What a field may be is said in core/spec/fields.ts, which
// the client's check of options reads as well; here stands which fields a message has.

import { AsciiLines, countBodies } from "../../core/log/columns.js";
import type { OutcomeFailed, Ranges } from "../../core/log/journal.js";
import { countOf } from "../../core/log/ranges.js";
import {
  anything,
  arrayOf,
  boolean,
  type Check,
  check,
  type Field,
  fits,
  integer,
  invalid,
  oneOf,
  record,
  type Spec,
  shape,
  string,
  variant,
} from "../../core/spec/check.js";
import {
  count,
  deduplicationId,
  delayMs,
  failureName,
  groupId,
  headers,
  id,
  ids,
  instant,
  leaseMs,
  priority,
  queueName as queue,
  reason,
  state,
  topicName as topic,
  ttlMs,
  waitMs,
  watchMs,
} from "../../core/spec/fields.js";
import { deadLetterFilter, purgeSelection } from "../../core/spec/filters.js";
import {
  GROUP_ID_MAX,
  JOURNAL_COMMITS_MAX,
  LABEL_MAX,
  QUEUE_NAME_MAX,
  RANGES_MAX,
  REQUEST_MESSAGES_MAX,
  TRANSACTION_SENDS_MAX,
} from "../../core/spec/limits.js";
import { PEEKABLE } from "../../core/spec/message-states.js";
import { scheduleSpec } from "../../core/spec/schedule-spec.js";
import { sealed } from "../../core/spec/sealed.js";
import { SETTINGS_SPEC } from "../../core/spec/settings.js";
import { subscription, subscriptionFilter } from "../../core/spec/subscription.js";
import { failed } from "./failed.js";
import type { ClientCommand, HostRequest, NumberedCommand, SentMessages } from "./wire.js";

const first = integer(0);
const some = integer(1);

/** Flat stretches, at most so many numbers in all: a count of a billion would keep the host counting. */
const ranges: Check = (value, name) => {
  if (!Array.isArray(value) || value.length > RANGES_MAX || value.length % 2 !== 0) {
    return invalid(name, value, "pairs of first and count");
  }
  let total = 0;
  for (const [i, number] of value.entries()) {
    const field = i % 2 ? some : first;
    // A name is made only for who may need it: of messages in no order each has two numbers.
    if (!fits(field, number)) check(field, number, `${name}[${i}]`);
    if (i % 2 === 0) continue;
    total += number;
    // Beyond, one more is no other number.
    const begin = value[i - 1];
    if (begin + number > Number.MAX_SAFE_INTEGER)
      invalid(`${name}[${i - 1}]`, begin, "the first of numbers that exist");
  }
  if (total > REQUEST_MESSAGES_MAX) invalid(name, value, `at most ${REQUEST_MESSAGES_MAX} messages`);
};

const each = (field: Parameters<typeof arrayOf>[0]) => arrayOf(field, REQUEST_MESSAGES_MAX);

/** What there is, and its name from now on. */
const pair =
  (known: Field): Check =>
  (value, name) => {
    if (!Array.isArray(value) || value.length !== 2) return invalid(name, value, "a pair");
    check(known, value[0], `${name}[0]`);
    check(string(1, GROUP_ID_MAX), value[1], `${name}[1]`);
  };

const held = each(shape({ grant: id, seqs: ranges }));
const failure = shape({ name: failureName, message: reason });

const type = anything;
const verdict = variant("type", {
  ack: shape({ type }),
  retry: shape({ type, delayMs, failure }, "delayMs", "failure"),
  release: shape({ type, delayMs, suspect: boolean, unstarted: boolean }, "delayMs", "suspect", "unstarted"),
  dead: shape({ type, reason, failure }, "failure"),
});

const segment = shape(
  { count, priority, delayMs, deliverAt: instant, ttlMs, deduplicationIds: each(deduplicationId), sealed },
  "sealed",
  "delayMs",
  "deliverAt",
  "ttlMs",
  "deduplicationIds",
);

const groupColumn = each(string(0, GROUP_ID_MAX));
/** Of all, or of each; "" is none. */
const groups: Check = (value, name) => check(typeof value === "string" ? groupId : groupColumn, value, name);

/** Values, or texts: those are not opened here, and counted once, by `checkSegments`. */
const bodies: Check = (value, name) => {
  // As bytes only a server's own socket makes them: no message that is cloned, or decoded, has an object of a class.
  if (typeof value !== "string" && !Array.isArray(value) && !(value instanceof AsciiLines))
    invalid(name, value, "an array, or lines of text");
};

const unaddressed: Spec = {
  segments: each(segment),
  bodies,
  headers: each((value: unknown, name: string) => value === undefined || headers(value, name)),
  groups,
  priorities: each(priority),
  // Delays and instants: the rule of the wider of the two.
  times: each(instant),
};
const OPTIONAL = ["headers", "groups", "priorities", "times"] as const;
const messages: Spec = { queue, ...unaddressed };

const oneMessage: Spec = { queue, id, bodies: arrayOf(anything, 1, 1), headers: arrayOf(headers, 1, 1) };

const command = variant("type", {
  schedule: shape({ type, spec: scheduleSpec, ...oneMessage }, "headers"),
  replace: shape({ type, isDead: boolean, sealed, ...oneMessage }, "headers", "sealed"),
  unschedule: shape({ type, queue, id }),
  send: shape({ type, atomic: boolean, ...messages }, ...OPTIONAL),
  publish: shape({ type, topic, ...unaddressed }, ...OPTIONAL),
  subscribe: shape({ type, topic, subscription, filter: subscriptionFilter }, "filter"),
  unsubscribe: shape({ type, topic, subscription }),
  transaction: shape({
    type,
    sends: arrayOf(shape(messages, ...OPTIONAL), TRANSACTION_SENDS_MAX),
    settlements: each(shape({ grant: id, seqs: ranges, verdict })),
  }),
  settle: shape({
    type,
    settlements: each(shape({ grant: id, seqs: ranges, verdict, busyMs: instant }, "busyMs")),
  }),
  extend: shape({ type, grant: id, seq: first, ms: leaseMs }),
  configure: shape({ type, queue, settings: record(SETTINGS_SPEC), sealed, replacing: sealed }, "sealed", "replacing"),
  pause: shape({ type, queue, paused: boolean }),
  purge: shape({ type, queue, filter: purgeSelection }, "filter"),
  delete: shape({ type, queue }),
  shred: shape({ type, sealed }),
  "encrypt-begin": shape({ type, queue, sealed }),
  "encrypt-page": shape({
    type,
    queue,
    sealed,
    messages: each(shape({ id, reason, failure }, "reason", "failure")),
    groups: each(pair(groupId)),
    ids: each(pair(first)),
    bodies: each(anything),
  }),
  "encrypt-end": shape({ type, queue, sealed }),
  redrive: shape(
    { type, queue, filter: deadLetterFilter, max: some, diedBy: instant, beforePlace: some },
    "max",
    "diedBy",
    "beforePlace",
  ),
  "purge-dead": shape({ type, queue, filter: deadLetterFilter }),
});

const atOnce = integer(0, REQUEST_MESSAGES_MAX);
const op = anything;
const states = arrayOf(state, PEEKABLE.length);

const request = variant("op", {
  hello: shape({ op, wire: arrayOf(first, 2, 2), client: id, held }),
  submit: shape({
    op,
    confirmed: first,
    // Of each it is told alone what is wrong with it.
    commands: each(shape({ number: some, command: anything }, "command")),
  }),
  consume: shape(
    { op, consumer: id, queue, prefetch: atOnce, concurrency: atOnce, grants: each(id), singleActive: boolean, sealed },
    "sealed",
    "concurrency",
    "grants",
    "singleActive",
  ),
  cancel: shape({ op, waiter: id }),
  receive: shape(
    { op, waiter: id, queue, max: count, waitMs, mode: oneOf("receive", "consume"), leaseMs, sealed },
    "leaseMs",
    "sealed",
  ),
  idle: shape({ op, waiter: id, queue }),
  room: shape({ op, waiter: id, queue, count: some, bytes: first }),
  peek: shape({ op, queue, max: count, states, after: id, skip: first }, "after", "skip"),
  snapshot: shape({ op, waiter: id, queue, states }),
  "snapshot-page": shape({ op, waiter: id, from: first, max: count }),
  "dead-letters": shape({ op, queue, max: count, after: id }, "after"),
  stats: shape({ op, queue }),
  watch: shape({ op, waiter: id, queue, everyMs: watchMs }),
  fates: shape({ op, queue, ids }),
  group: shape({ op, queue, group: groupId }),
  schedules: shape({ op, queue, after: id }, "after"),
  "plain-ids": shape({ op, queue, max: count }),
  queues: shape({ op }),
  summaries: shape({ op }),
  diagnostics: shape({ op }),
  clients: shape({ op }),
  introduce: shape({ op, context: string(0, LABEL_MAX), label: string(1, LABEL_MAX) }, "label"),
  journal: shape({ op, max: integer(1, JOURNAL_COMMITS_MAX) }),
  check: shape({ op, repair: boolean }),
  inspect: shape({ op, match: string(0, QUEUE_NAME_MAX) }),
  suspend: shape({ op }),
  goodbye: shape({ op }),
});

/** A command, or why it is none. */
export type CheckedCommand = NumberedCommand | { readonly number: number; readonly refused: OutcomeFailed };

export type CheckedRequest =
  | Exclude<HostRequest, { op: "submit" }>
  | (Omit<Extract<HostRequest, { op: "submit" }>, "commands"> & { readonly commands: readonly CheckedCommand[] });

export type RequestAfterHello = Exclude<CheckedRequest, { op: "hello" }>;

/**
 * The request, if it is one; else throws `invalid-argument` naming what is wrong with it. What is wrong with one command
 * is told of that one alone: those beside it have nothing to do with it.
 */
export function validateHostRequest(value: unknown): CheckedRequest {
  check(request, value, "request");
  const checked = value as HostRequest;
  if (checked.op === "hello") checkTotal(checked.held, "request.held");
  if (checked.op !== "submit") return checked;
  return { ...checked, commands: checked.commands.map(checkCommand) };
}

function checkCommand(numbered: NumberedCommand, place: number): CheckedCommand {
  const name = `request.commands[${place}].command`;
  try {
    check(command, numbered.command, name);
    checkTotals(numbered.command, name);
    return numbered;
  } catch (error) {
    return { number: numbered.number, refused: failed(error) };
  }
}

function checkTotals(command: ClientCommand, name: string): void {
  if (command.type === "send" || command.type === "publish") checkSegments(command, name);
  if (command.type === "transaction") checkTransaction(command, name);
  if (command.type === "settle") checkTotal(command.settlements, name);
  if (command.type === "encrypt-page" && command.bodies.length !== command.messages.length)
    invalid(`${name}.bodies`, command.bodies.length, "a body for each message");
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
