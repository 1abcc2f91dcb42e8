// Commands to be, and who waits for their outcomes: plain data, and what can be asked of it. Where a draft is on its way
// is for the pipeline to say, which sets `stage` and `number`. Invariant: everyone who waits is told once, by `answer` of
// answers.ts, by `reject`, or by a draft that stands in the place of this one.

import type { TransactionValue, Verdict } from "../../core/commands/commands.js";
import { failure } from "../../core/commands/commands.js";
import { type BodyColumn, listOf } from "../../core/log/bodies.js";
import type { Outcome, Seq } from "../../core/log/journal.js";
import { pushRange } from "../../core/log/ranges.js";
import { QueueError } from "../../core/spec/errors.js";
import { MINOR_COLUMNS, MINOR_MEASURES, MINOR_REDELIVERED } from "../../core/spec/version.js";
import type { Deferred } from "../../link/rpc/deferred.js";
import { errorOf } from "../../link/rpc/link.js";
import type { ClientCommand, MeasuredSettlement } from "../../link/rpc/wire.js";
import { alikeTogether } from "./alike.js";
import { bodyOf, type Item, type Receipt, weigh, weightOf } from "./item.js";
import { bytesOf, messagesOf, readable } from "./messages.js";

export type Draft = SendDraft | BatchDraft | SettleDraft | CommandDraft;
/** Messages for one queue, which may have no room for them yet. */
export type RoomDraft = SendDraft | BatchDraft;

/** `gathered`: to be sent. `waiting`: for room. `sent`: its outcome is not known. `answered`: nobody waits any more. */
export type Stage = "gathered" | "waiting" | "sent" | "answered";

interface OnItsWay {
  stage: Stage;
  /** Under which the host decides it once; given when it is first sent. */
  number?: number;
  /** Estimated. */
  bytes: number;
}

/** Sends that are accepted or refused one by one. */
export interface SendDraft extends OnItsWay {
  readonly type: "send";
  readonly queue: string;
  entries: SendEntry[];
}

export interface SendEntry extends Pick<Deferred<Receipt>, "resolve" | "reject"> {
  readonly item: Item;
  /** Aborted: it is not to be sent any more, if it waits for room. */
  readonly signal: AbortSignal | undefined;
}

/** Messages that are accepted together or not at all. */
export interface BatchDraft extends OnItsWay, Pick<Deferred<Receipt[]>, "resolve" | "reject"> {
  readonly type: "batch";
  readonly queue: string;
  readonly items: readonly Item[];
  /** Where each of them stood when it was given; missing where that is here. */
  readonly places: readonly number[] | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface SettleDraft extends OnItsWay {
  readonly type: "settle";
  readonly entries: SettleEntry[];
}

export interface SettleEntry {
  readonly grantId: string;
  readonly seq: Seq;
  readonly verdict: Verdict;
  /** How long its handler took. */
  readonly busyMs?: number | undefined;
  /** Called once, with why the outcome is not stored if it is not. */
  onOver(error?: unknown): void;
}

/** Any other command: one thing. */
export interface CommandDraft extends OnItsWay {
  readonly type: "command";
  readonly command: ClientCommand;
  settle(outcome: Outcome): void;
  reject(reason: unknown): void;
}

const NEW = { stage: "gathered", bytes: 0 } as const;

export const sendDraft = (queue: string, entries: SendEntry[] = []): SendDraft => ({
  ...NEW,
  type: "send",
  queue,
  entries,
  bytes: entries.reduce((sum, { item }) => sum + weightOf(item), 0),
});

export function addSend(draft: SendDraft, entry: SendEntry): void {
  draft.entries.push(entry);
  draft.bytes += weightOf(entry.item);
}

export function batchDraft(
  queue: string,
  given: readonly Item[],
  receipts: Deferred<Receipt[]>,
  signal?: AbortSignal,
): BatchDraft {
  const places = alikeTogether(given);
  const items = places ? places.map((place) => given[place] as Item) : given;
  const bytes = items.reduce((sum, item) => sum + weightOf(item), 0);
  const { resolve, reject } = receipts;
  return { ...NEW, type: "batch", queue, items, places, signal, bytes, resolve, reject };
}

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

export const commandDraft = <T>(command: ClientCommand, { resolve, reject }: Deferred<T>): CommandDraft => ({
  ...NEW,
  type: "command",
  command,
  bytes: columnsOf(command).reduce((sum, bodies) => sum + weigh(bodies), 0),
  settle: (outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(errorOf(outcome))),
  reject,
});

/** Its refusals are outcomes like any other; `reject` is for when nobody knows. */
export const transactionDraft = (
  command: Extract<ClientCommand, { type: "transaction" }>,
  { resolve, reject }: Deferred<Outcome>,
): CommandDraft => ({
  ...commandDraft(command, { resolve, reject } as Deferred<TransactionValue | Outcome>),
  settle: resolve,
  reject(reason) {
    // The host has seen nothing of it, or nothing that it could read.
    const isRefused = reason instanceof QueueError && REFUSALS.has(reason.code);
    if (isRefused) resolve(failure(reason.code, reason.message, reason.detail));
    else reject(reason);
  },
});

const REFUSALS: ReadonlySet<string> = new Set(["not-cloneable", "invalid-argument"]);

const columnsOf = (command: ClientCommand): readonly BodyColumn[] =>
  command.type === "transaction"
    ? command.sends.map(({ bodies }) => bodies)
    : "bodies" in command
      ? [command.bodies]
      : [];

/** As a host of this minor wire version takes it. */
export function commandOf(draft: Draft, minor: number): ClientCommand {
  switch (draft.type) {
    case "send":
    case "batch": {
      const messages = messagesOf(draft.queue, itemsOf(draft));
      return readable({ type: "send", atomic: draft.type === "batch", ...messages }, minor);
    }
    case "settle":
      return { type: "settle", settlements: joinSettlements(draft.entries, minor) };
    case "command":
      return readable(draft.command, minor);
  }
}

/** What a refusal may be about. */
export function bodiesOf(draft: Draft): readonly unknown[] {
  if (draft.type === "settle") return [];
  if (draft.type === "command") return columnsOf(draft.command).flatMap((bodies) => listOf(bodies).entries);
  return itemsOf(draft).map(bodyOf);
}

const itemsOf = (draft: RoomDraft): readonly Item[] =>
  draft.type === "batch" ? draft.items : draft.entries.map(({ item }) => item);

/** What a draft needs to go on, in messages and in bytes as a host of this minor wire version estimates them. */
export function needOf(draft: RoomDraft, minor: number): { readonly count: number; readonly bytes: number } {
  const items = itemsOf(draft);
  const isText = minor >= MINOR_COLUMNS && items.every(({ text }) => text !== undefined);
  const first = draft.type === "batch" ? items : items.slice(0, 1);
  return { count: first.length, bytes: bytesOf(first, isText) };
}

/** Drops what nobody waits for any more; `false` when nothing is left. */
export function prune(draft: RoomDraft): boolean {
  if (draft.type === "batch") {
    const { signal } = draft;
    if (signal?.aborted) draft.reject(signal.reason);
    return !signal?.aborted;
  }
  for (const { signal, reject } of draft.entries) if (signal?.aborted) reject(signal.reason);
  draft.entries = draft.entries.filter(({ signal }) => !signal?.aborted);
  return draft.entries.length > 0;
}

/** Two halves that can be sent apart, for finding what is to blame; `undefined` when it is one thing. */
export function halves<Gathered extends SendDraft | SettleDraft>(draft: Gathered): readonly Gathered[] | undefined;
export function halves(draft: Draft): readonly Draft[] | undefined;
export function halves(draft: Draft): readonly Draft[] | undefined {
  if ((draft.type !== "send" && draft.type !== "settle") || draft.entries.length < 2) return undefined;
  const middle = draft.entries.length >> 1;
  return draft.type === "send"
    ? [sendDraft(draft.queue, draft.entries.slice(0, middle)), sendDraft(draft.queue, draft.entries.slice(middle))]
    : [settleDraft(draft.entries.slice(0, middle)), settleDraft(draft.entries.slice(middle))];
}

export function reject(draft: Draft, reason: unknown): void {
  if (draft.type === "send") for (const entry of draft.entries) entry.reject(reason);
  else if (draft.type === "settle") for (const entry of draft.entries) entry.onOver(reason);
  else draft.reject(reason);
}

/** Neighbours that are acknowledged become one stretch. */
function joinSettlements(entries: readonly SettleEntry[], minor: number): MeasuredSettlement[] {
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
