// What a draft is on its way, whoever hosts, and what becomes of one that was refused.

import type { TransactionValue } from "../../core/commands/commands.js";
import { failure } from "../../core/commands/commands.js";
import { type BodyColumn, listOf } from "../../core/log/bodies.js";
import type { Outcome } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";
import { MINOR_COLUMNS } from "../../core/spec/version.js";
import type { Deferred } from "../../link/rpc/deferred.js";
import type { ClientCommand } from "../../link/rpc/wire.js";
import {
  type CommandDraft,
  commandDraft,
  commandOf,
  type Draft,
  itemsOf,
  type RoomDraft,
  type SendDraft,
  type SettleDraft,
  sendDraft,
} from "./drafts.js";
import { readable } from "./earlier-hosts.js";
import { bodyOf } from "./item.js";
import { joinSettlements, settleDraft } from "./settlements.js";
import { bytesOf, weigh } from "./weight.js";

/** Its refusals are outcomes like any other; `reject` is for when nobody knows. */
export const transactionDraft = (
  command: Extract<ClientCommand, { type: "transaction" }>,
  { resolve, reject }: Deferred<Outcome>,
): CommandDraft => ({
  ...commandDraft(command, { resolve, reject } as Deferred<TransactionValue | Outcome>),
  bytes: weightOf(command),
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

/** Estimated bytes of the bodies of a command. */
export const weightOf = (command: ClientCommand): number =>
  columnsOf(command).reduce((sum, bodies) => sum + weigh(bodies), 0);

/** As a host of this minor wire version takes it. */
export const commandFor = (draft: Draft, minor: number): ClientCommand =>
  draft.type === "settle"
    ? { type: "settle", settlements: joinSettlements(draft.entries, minor) }
    : readable(commandOf(draft), minor);

/** What a refusal may be about. */
export function bodiesOf(draft: Draft): readonly unknown[] {
  if (draft.type === "settle") return [];
  if (draft.type === "command") return columnsOf(draft.command).flatMap((bodies) => listOf(bodies).entries);
  return itemsOf(draft).map(bodyOf);
}

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
