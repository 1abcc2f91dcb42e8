// What an outcome says to those who wait for it. Invariant: each entry of a draft is told, or stands in what is left of it.

import type { SendValue, SettleValue } from "../../core/commands/commands.js";
import type { Outcome, OutcomeFailed } from "../../core/log/journal.js";
import { isWithin } from "../../core/log/ranges.js";
import { QueueError } from "../../core/spec/errors.js";
import { errorOf } from "../../link/rpc/error-of.js";
import { halves, needOf } from "./carried.js";
import {
  type Draft,
  type RoomDraft,
  reject,
  type SendDraft,
  type SendEntry,
  type SettleDraft,
  sendDraft,
} from "./drafts.js";
import { receiptsOf } from "./messages.js";

/** What is left of a draft that was answered: to be sent as a new command, at once or when there is room. */
export interface Left {
  readonly drafts: readonly RoomDraft[];
  readonly isBlocked: boolean;
}

/** Tells those who waited for it what became of it, where that is not `accept` of accept.ts. */
export function answer(draft: Draft, outcome: Outcome, minor: number): Left | undefined {
  if (draft.type === "send") return answerSends(draft, outcome, minor);
  if (draft.type === "settle") answerSettlements(draft, outcome);
  else if (outcome.ok) return undefined;
  else if (draft.type === "command") draft.settle(outcome);
  else if (isBlocked(outcome) && !neverFits(outcome, needOf(draft, minor))) return { drafts: [draft], isBlocked: true };
  else draft.reject(errorOf(outcome));
  return undefined;
}

function answerSends(draft: SendDraft, outcome: Outcome, minor: number): Left | undefined {
  if (outcome.ok) {
    const { count, refused } = outcome.value as SendValue;
    if (refused === undefined || !isBlocked(refused)) {
      tell(draft.entries, outcome.value as SendValue);
      return undefined;
    }
    tell(draft.entries.slice(0, count), outcome.value as SendValue);
    draft.entries = draft.entries.slice(count);
    return blocked(draft, refused, minor);
  }
  if (isBlocked(outcome)) return blocked(draft, outcome, minor);
  // One of them is to blame, and nothing of the command was accepted: halved, until it is alone.
  const parts = outcome.code === "invalid-argument" ? halves(draft) : undefined;
  if (parts) return { drafts: parts, isBlocked: false };
  const blamed = outcome.code === "not-cloneable" ? draft.entries[indexOf(outcome.detail) ?? -1] : undefined;
  if (blamed === undefined) {
    reject(draft, errorOf(outcome));
    return undefined;
  }
  blamed.reject(errorOf(outcome));
  const others = draft.entries.filter((entry) => entry !== blamed);
  return others.length > 0 ? { drafts: [sendDraft(draft.queue, others)], isBlocked: false } : undefined;
}

/** What is left waits, but for what could wait for ever. */
function blocked(draft: SendDraft, refused: OutcomeFailed, minor: number): Left | undefined {
  while (draft.entries.length > 0 && neverFits(refused, needOf(draft, minor)))
    draft.entries.shift()?.reject(errorOf(refused));
  return draft.entries.length > 0 ? { drafts: [draft], isBlocked: true } : undefined;
}

/** The queue has no room, and its sends wait for it. */
const isBlocked = ({ code, detail }: OutcomeFailed): boolean =>
  code === "full" && typeof detail === "object" && detail !== null && Reflect.get(detail, "overflow") === "block";

/** However long it waits, there will not be room for it. */
function neverFits({ detail }: OutcomeFailed, { count, bytes }: ReturnType<typeof needOf>): boolean {
  const { maxMessages, maxBytes } = detail as { readonly maxMessages: number; readonly maxBytes?: number };
  return count > maxMessages || (maxBytes !== undefined && bytes > maxBytes);
}

function tell(entries: readonly SendEntry[], value: SendValue): void {
  const { count, refused } = value;
  const next = receiptsOf(value);
  entries.forEach((entry, i) => {
    if (i < count) entry.resolve(next(i));
    else entry.reject(refused ? errorOf(refused) : new QueueError("internal", "the host left a message unanswered"));
  });
}

function indexOf(detail: unknown): number | undefined {
  const index: unknown = typeof detail === "object" && detail !== null ? Reflect.get(detail, "index") : undefined;
  return typeof index === "number" ? index : undefined;
}

function answerSettlements(draft: SettleDraft, outcome: Outcome): void {
  if (!outcome.ok) return reject(draft, errorOf(outcome));
  const { lost } = outcome.value as SettleValue;
  for (const entry of draft.entries) {
    const isLost = lost.some(({ grant, seqs }) => grant === entry.grantId && isWithin(seqs, entry.seq));
    if (isLost) entry.onOver(new QueueError("lease-lost", "the delivery is no longer this consumer's"));
    else entry.onOver();
  }
}
