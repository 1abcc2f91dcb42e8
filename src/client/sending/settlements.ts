// Settlements as they cross to the host: neighbours together.

import type { Verdict } from "../../core/commands/commands.js";
import { pushRange } from "../../core/log/ranges.js";
import { MINOR_MEASURES, MINOR_REDELIVERED } from "../../core/spec/version.js";
import type { MeasuredSettlement } from "../../link/rpc/wire.js";
import { NEW, type SettleDraft, type SettleEntry } from "./drafts.js";

export function settleDraft(entries: readonly SettleEntry[] = []): SettleDraft {
  const draft: SettleDraft = { ...NEW, type: "settle", entries: [] };
  for (const entry of entries) addSettlement(draft, entry);
  return draft;
}

export function addSettlement(draft: SettleDraft, entry: SettleEntry): void {
  draft.entries.push(entry);
  const { verdict } = entry;
  if (verdict.type === "retry") draft.bytes += verdict.failure?.message.length ?? 0;
  if (verdict.type === "dead") draft.bytes += verdict.reason.length + (verdict.failure?.message.length ?? 0);
}

/** Neighbours that are acknowledged become one stretch. */
export function joinSettlements(entries: readonly SettleEntry[], minor: number): MeasuredSettlement[] {
  const settlements: { -readonly [Key in keyof MeasuredSettlement]: MeasuredSettlement[Key] }[] = [];
  for (const { grantId: grant, seq, verdict, busyMs } of entries) {
    const last = settlements[settlements.length - 1];
    const isSameAck = last?.grant === grant && last.verdict.type === "ack" && verdict.type === "ack";
    const measured = minor >= MINOR_MEASURES && busyMs !== undefined;
    if (isSameAck) {
      pushRange(last.seqs as number[], seq, 1);
      if (measured) last.busyMs = (last.busyMs ?? 0) + busyMs;
    } else
      settlements.push({
        grant,
        seqs: [seq, 1],
        verdict: readableVerdict(verdict, minor),
        ...(measured && { busyMs }),
      });
  }
  return settlements;
}

/** The verdict as a host of this minor wire version reads it. */
function readableVerdict(verdict: Verdict, minor: number): Verdict {
  if (verdict.type !== "release" || minor >= MINOR_REDELIVERED) return verdict;
  const { unstarted: _, ...rest } = verdict;
  return rest;
}
