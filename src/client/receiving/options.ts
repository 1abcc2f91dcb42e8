// What callers may pass who take deliveries and settle them, checked before anything is done.

import {
  abortSignal,
  anything,
  arrayOf,
  type Check,
  checkOptions,
  duration,
  invalid,
  type Spec,
} from "../../core/spec/check.js";
import { count, delayMs, leaseMs, reason, waitMs } from "../../core/spec/fields.js";
import { REQUEST_MESSAGES_MAX } from "../../core/spec/limits.js";

export const RECEIVE_SPEC: Spec = { max: count, waitMs, leaseMs, signal: abortSignal };
export const DRAIN_SPEC: Spec = { budgetMs: duration(1), concurrency: count, signal: abortSignal };

const transactionSend: Check = (value, name) => {
  checkOptions(name, value, { queue: anything, body: anything, options: anything });
  if (typeof value !== "object" || value === null || !("body" in value)) invalid(name, value, "an object with a body");
};
export const ACK_SPEC: Spec = { send: arrayOf(transactionSend, REQUEST_MESSAGES_MAX) };
export const RETRY_SPEC: Spec = { delayMs, reason };
export const RELEASE_SPEC: Spec = { delayMs };
