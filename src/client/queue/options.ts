// What callers may pass who look at a queue, change it, or wait for answers, checked before anything is done.

import { abortSignal, aFunction, type Check, duration, integer, invalid, type Spec } from "../../core/spec/check.js";
import { count, headers, id, ids, state } from "../../core/spec/fields.js";
import { deadLetterFilter, purgeFilter } from "../../core/spec/filters.js";
import { REQUEST_MESSAGES_MAX } from "../../core/spec/limits.js";
import { ITEM_SPEC } from "../sending/options.js";

export const PEEK_SPEC: Spec = { max: count, state, after: id, skip: integer(0) };
export const LIST_SPEC: Spec = { max: count, after: id };
const { deduplicationId: _, ...REQUEST_ITEM_SPEC } = ITEM_SPEC;
export const REQUEST_SPEC: Spec = {
  ...REQUEST_ITEM_SPEC,
  timeoutMs: duration(1),
  onProgress: aFunction,
  signal: abortSignal,
};

export const FILTER_SPEC: Spec = { filter: deadLetterFilter };
const rate: Check = (value, name) => {
  if (typeof value !== "number" || !(value > 0 && value <= REQUEST_MESSAGES_MAX)) {
    invalid(name, value, `a number of messages per second, above 0 and at most ${REQUEST_MESSAGES_MAX}`);
  }
};
export const REDRIVE_SPEC: Spec = { ...FILTER_SPEC, rate, signal: abortSignal };
export const PURGE_SPEC: Spec = { filter: purgeFilter, ids };
export const REPLACE_SPEC: Spec = { headers };
