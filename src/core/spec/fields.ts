// What each thing that crosses to a host may be: the one rule set for the options that a client takes and for the messages
// that a host takes. Invariant: a value has one rule, whichever end reads it, so that what a client has let through no
// host refuses; where the two differ in form (a Date, a default), the client's own rule makes this one of it.

import { arrayOf, type Check, duration, fits, integer, invalid, nullOr, oneOf, span, string } from "./check.js";
import { instant, lifeMs } from "./item-fields.js";
import {
  CRON_MAX,
  EVERY_MS_MIN,
  FAILURE_NAME_MAX,
  HEADERS_BYTES_MAX,
  ID_MAX,
  QUEUE_NAME_MAX,
  REASON_MAX,
  REQUEST_MESSAGES_MAX,
  SPAN_MS_MAX,
  TOPIC_NAME_MAX,
} from "./limits.js";
import { PEEKABLE } from "./message-states.js";

export { deduplicationId, delayMs, groupId, instant, PRIORITY_MAX, priority } from "./item-fields.js";

export const queueName = string(1, QUEUE_NAME_MAX);
export const topicName = string(1, TOPIC_NAME_MAX);
/** Of a message, a hand-out, a client, a waiter, a schedule. */
export const id = string(1, ID_MAX);
export const ids = arrayOf(id, REQUEST_MESSAGES_MAX);
/** An instant as callers write it. */
export const dateOrInstant: Check = (value, name) => {
  const isDate = Object.prototype.toString.call(value) === "[object Date]";
  const ms = isDate ? Number(value) : value;
  if (!fits(instant, ms)) invalid(name, value, "a valid Date, or epoch milliseconds");
};
export const ttlMs = nullOr(lifeMs);
export const olderThanMs = span();

/** Messages asked for, held or worked on at once. */
export const count = integer(1, REQUEST_MESSAGES_MAX);
export const waitMs = duration();
/** Of one hand-out, in place of the queue's; also what a lease is extended by. */
export const leaseMs = duration(1);
/** How often statistics are told at most. */
export const watchMs = duration(1);

/** Why a message is given up or tried again. */
export const reason = string(0, REASON_MAX);
export const failureName = string(0, FAILURE_NAME_MAX);

export const cron = string(1, CRON_MAX);
export const timeZone = string(1, CRON_MAX);
export const everyMs = integer(EVERY_MS_MIN, SPAN_MS_MAX);

export const state = oneOf(...PEEKABLE);

/** Strings by string keys. Of a list, a Map or the `Headers` of `fetch` nothing would be left. */
export const headers: Check = (value, name) => {
  if (typeof value !== "object" || value === null || Symbol.iterator in value)
    return invalid(name, value, "an object of strings");
  let bytes = 0;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") return invalid(`${name}.${key}`, text, "a string");
    bytes += key.length + text.length;
  }
  if (bytes > HEADERS_BYTES_MAX) {
    invalid(name, bytes, `at most ${HEADERS_BYTES_MAX} bytes of names and texts`);
  }
};
