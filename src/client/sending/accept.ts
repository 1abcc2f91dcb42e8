// What is told to those who sent, once the host has taken all of it. What was refused is for answers.ts.

import type { SendValue } from "../../core/commands/commands.js";
import type { Outcome } from "../../core/log/journal.js";
import type { BatchDraft, Draft } from "./drafts.js";
import type { Receipt } from "./item.js";
import { receiptsOf } from "./messages.js";

/** Tells those who waited for it that it is done; `false`, and nobody was told, where any of it was refused. */
export function accept(draft: Draft, outcome: Outcome): boolean {
  if (!outcome.ok || draft.type === "settle") return false;
  if (draft.type === "command") {
    draft.settle(outcome);
    return true;
  }
  const value = outcome.value as SendValue;
  if (draft.type === "batch") draft.resolve(receiptsInPlace(draft, value));
  else {
    if (value.refused || value.count < draft.entries.length) return false;
    const next = receiptsOf(value);
    for (const [i, entry] of draft.entries.entries()) entry.resolve(next(i));
  }
  return true;
}

function receiptsInPlace({ items, places }: BatchDraft, value: SendValue): Receipt[] {
  const next = receiptsOf(value);
  const receipts = items.map((_, i) => next(i));
  if (places === undefined) return receipts;
  const inPlace = [...receipts];
  for (const [i, place] of places.entries()) inPlace[place] = receipts[i] as Receipt;
  return inPlace;
}
