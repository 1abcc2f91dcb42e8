// What the attributes of a message may be: those that one value says.

import { integer, type NumberField, span, string } from "./field.js";
import { DEDUPLICATION_ID_MAX, GROUP_ID_MAX } from "./limits.js";

export const groupId = string(1, GROUP_ID_MAX);
export const deduplicationId = string(1, DEDUPLICATION_ID_MAX);
export const PRIORITY_MAX = 9;
export const priority = integer(0, PRIORITY_MAX);
/** Until a message may be delivered, or is repeated. */
export const delayMs = span();
/** Epoch milliseconds. */
export const instant: NumberField = { kind: "number", min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: false };
/** From acceptance until a message expires. */
export const lifeMs = span(1);
