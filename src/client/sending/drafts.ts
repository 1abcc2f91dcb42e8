// Commands to be, and who waits for their outcomes: plain data, and what can be asked of it. Where a draft is on its way
// is for the pipeline to say, which sets `stage` and `number`. Invariant: everyone who waits is told once, by `answer` of
// answers.ts, by `reject`, or by a draft that stands in the place of this one.

import type { Verdict } from "../../core/commands/commands.js";
import type { Outcome, Seq } from "../../core/log/journal.js";
import type { Deferred } from "../../link/rpc/deferred.js";
import { errorOf } from "../../link/rpc/error-of.js";
import type { ClientCommand } from "../../link/rpc/wire.js";
import { alikeTogether } from "./alike.js";
import type { Item, Receipt } from "./item.js";
import { messagesOf } from "./messages.js";

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

export const NEW = { stage: "gathered", bytes: 0 } as const;

export const sendDraft = (queue: string, entries: SendEntry[] = []): SendDraft => ({
  ...NEW,
  type: "send",
  queue,
  entries,
  bytes: entries.reduce((sum, { item }) => sum + item.bytes, 0),
});

export function addSend(draft: SendDraft, entry: SendEntry): void {
  draft.entries.push(entry);
  draft.bytes += entry.item.bytes;
}

export function batchDraft(
  queue: string,
  given: readonly Item[],
  receipts: Deferred<Receipt[]>,
  signal?: AbortSignal,
): BatchDraft {
  const places = alikeTogether(given);
  const items = places ? places.map((place) => given[place] as Item) : given;
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  const { resolve, reject } = receipts;
  return { ...NEW, type: "batch", queue, items, places, signal, bytes, resolve, reject };
}

export const commandDraft = <T>(command: ClientCommand, { resolve, reject }: Deferred<T>): CommandDraft => ({
  ...NEW,
  type: "command",
  command,
  settle: (outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(errorOf(outcome))),
  reject,
});

export function reject(draft: Draft, reason: unknown): void {
  if (draft.type === "send") for (const entry of draft.entries) entry.reject(reason);
  else if (draft.type === "settle") for (const entry of draft.entries) entry.onOver(reason);
  else draft.reject(reason);
}

/** As hosts of this build take it. */
export const commandOf = (draft: RoomDraft | CommandDraft): ClientCommand =>
  draft.type === "command"
    ? draft.command
    : { type: "send", atomic: draft.type === "batch", ...messagesOf(draft.queue, itemsOf(draft)) };

export const itemsOf = (draft: RoomDraft): readonly Item[] =>
  draft.type === "batch" ? draft.items : draft.entries.map(({ item }) => item);
