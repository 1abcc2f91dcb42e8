// What waits to be sent to the host. Calls made in the same turn share one command where they can: sends to one
// queue, and all settlements.

import type { SendColumns, SendSegment, SendValue, SettleValue, Verdict } from "../../core/commands/commands.js";
import { type BodyColumn, columnOf, valuesOf } from "../../core/log/bodies.js";
import { encodeId } from "../../core/log/ids.js";
import type { Outcome, OutcomeFailed, Seq } from "../../core/log/journal.js";
import { pushRange } from "../../core/log/ranges.js";
import { estimateBytes } from "../../core/log/size.js";
import { QueueError } from "../../core/spec/errors.js";
import { MINOR_COLUMNS, MINOR_MEASURES, MINOR_REDELIVERED } from "../../core/spec/version.js";
import { errorOf } from "../../link/rpc/link.js";
import type { ClientCommand, Column, Headers, MeasuredSettlement, SentMessages } from "../../link/rpc/wire.js";
import { alikeTogether } from "./alike.js";

export interface Receipt {
  /** Names the message for ever, in every context. */
  readonly id: string;
  /** The message was already there: its `deduplicationId` was seen before. */
  readonly duplicate: boolean;
}

/** When and where in line a message goes. */
export type Attributes = Omit<SendSegment, "count" | "deduplicationIds">;

export interface Item {
  readonly body: unknown;
  /** The body as it was when it was sent, where it is plain JSON data. */
  readonly text: string | undefined;
  readonly headers: Headers | undefined;
  readonly groupId?: string | undefined;
  readonly attributes: Attributes;
  readonly deduplicationId?: string | undefined;
}

/** One command to be, and who waits for its outcome. */
export interface Draft {
  /** Number under which the host decides it; given when it is first sent. */
  number?: number;
  /** As a host of this minor wire version takes it. */
  command(minor: number): ClientCommand;
  settle(outcome: Outcome): void;
  reject(reason: unknown): void;
  /** Two halves that can be sent apart, for finding what cannot be cloned; `undefined` when it is one thing. */
  split(): readonly [Draft, Draft] | undefined;
  /** What a refusal may be about. */
  readonly bodies: readonly unknown[];
}

/** Messages for one queue, which may have no room for them yet. */
export interface RoomDraft extends Draft {
  readonly queue: string;
  /** What it needs to go on, in messages and estimated bytes. */
  need(): { readonly count: number; readonly bytes: number };
  /** Drops what nobody waits for any more; `false` when nothing is left. */
  prune(): boolean;
}

export interface SendDraft extends RoomDraft {
  readonly size: number;
  add(item: Item, signal?: AbortSignal): Promise<Receipt>;
}

/** What a draft does with messages that are not accepted yet. */
export interface Again {
  /** As a new command, now. */
  resend(draft: RoomDraft): void;
  /** Once the queue has room. */
  wait(draft: RoomDraft): void;
}

interface Entry {
  readonly item: Item;
  /** Aborted: it is not to be sent any more, if it waits for room. */
  readonly signal: AbortSignal | undefined;
  resolve(receipt: Receipt): void;
  reject(reason: unknown): void;
}

/** The queue has no room, and its sends wait for it. */
const isBlocked = ({ code, detail }: OutcomeFailed): boolean =>
  code === "full" && typeof detail === "object" && detail !== null && Reflect.get(detail, "overflow") === "block";

/** However long it waits, there will not be room for it. */
function neverFits({ detail }: OutcomeFailed, { count, bytes }: ReturnType<RoomDraft["need"]>): boolean {
  const { maxMessages, maxBytes } = detail as { readonly maxMessages: number; readonly maxBytes?: number };
  return count > maxMessages || (maxBytes !== undefined && bytes > maxBytes);
}

/** Sends that are accepted or refused one by one. */
export function createSendDraft(queue: string, again: Again, entries: Entry[] = []): SendDraft {
  /** What is left waits, but for one that could wait for ever. */
  const wait = (refused: OutcomeFailed) => {
    while (entries.length > 0 && neverFits(refused, draft.need())) entries.shift()?.reject(errorOf(refused));
    if (entries.length > 0) again.wait(draft);
  };
  let takesTexts = true;
  const draft: SendDraft = {
    queue,
    need() {
      const isText = takesTexts && entries.every(({ item }) => item.text !== undefined);
      return {
        count: 1,
        bytes: bytesOf(
          entries.slice(0, 1).map(({ item }) => item),
          isText,
        ),
      };
    },
    prune() {
      for (const { signal, reject } of entries) if (signal?.aborted) reject(signal.reason);
      entries = entries.filter(({ signal }) => !signal?.aborted);
      return entries.length > 0;
    },
    get size() {
      return entries.length;
    },
    get bodies() {
      return entries.map((entry) => bodyOf(entry.item));
    },
    add: (item, signal) => new Promise((resolve, reject) => entries.push({ item, signal, resolve, reject })),
    command(minor) {
      takesTexts = minor >= MINOR_COLUMNS;
      return sendCommand(
        queue,
        false,
        entries.map((entry) => entry.item),
      );
    },
    settle(outcome) {
      if (outcome.ok) {
        const { count, refused } = outcome.value as SendValue;
        if (refused === undefined || !isBlocked(refused)) return accept(entries, outcome.value as SendValue);
        accept(entries.slice(0, count), outcome.value as SendValue);
        entries = entries.slice(count);
        return wait(refused);
      }
      if (isBlocked(outcome)) return wait(outcome);
      const index = outcome.code === "not-cloneable" ? indexOf(outcome.detail) : undefined;
      const blamed = index === undefined ? undefined : entries[index];
      if (blamed === undefined) return draft.reject(errorOf(outcome));
      blamed.reject(errorOf(outcome));
      // Nothing of the command was accepted: the others go again, as a new one.
      const others = entries.filter((entry) => entry !== blamed);
      if (others.length > 0) again.resend(createSendDraft(queue, again, others));
    },
    reject(reason) {
      for (const entry of entries) entry.reject(reason);
    },
    split() {
      if (entries.length < 2) return undefined;
      const middle = entries.length >> 1;
      return [
        createSendDraft(queue, again, entries.slice(0, middle)),
        createSendDraft(queue, again, entries.slice(middle)),
      ];
    },
  };
  return draft;
}

/** Messages that are accepted together or not at all. */
export function createBatchDraft(
  queue: string,
  given: readonly Item[],
  again: Again,
): { draft: RoomDraft; receipts: Promise<Receipt[]> } {
  const places = alikeTogether(given);
  const items = places ? places.map((place) => given[place] as Item) : given;
  const { draft: command, value } = createCommandDraft<SendValue>(sendCommand(queue, true, items));
  const isText = items.every(({ text }) => text !== undefined);
  let takesTexts = true;
  const draft: RoomDraft = {
    ...command,
    command(minor) {
      takesTexts = minor >= MINOR_COLUMNS;
      return command.command(minor);
    },
    get bodies() {
      return items.map(bodyOf);
    },
    queue,
    need: () => ({
      count: items.length,
      bytes: bytesOf(items, takesTexts && isText),
    }),
    prune: () => true,
    settle(outcome) {
      if (!outcome.ok && isBlocked(outcome) && !neverFits(outcome, draft.need())) again.wait(draft);
      else command.settle(outcome);
    },
  };
  return {
    draft,
    receipts: value.then((accepted) => {
      const next = receiptsOf(accepted);
      const receipts = items.map((_, i) => next(i));
      if (places === undefined) return receipts;
      const inPlace = [...receipts];
      for (const [i, place] of places.entries()) inPlace[place] = receipts[i] as Receipt;
      return inPlace;
    }),
  };
}

/** Messages for one queue, as they cross. */
export function messagesOf(queue: string, items: readonly Item[]): SentMessages {
  const segments: { -readonly [Key in keyof SendSegment]: SendSegment[Key] }[] = [];
  for (const { attributes, deduplicationId: id } of items) {
    const last = segments[segments.length - 1];
    if (last && isOneSegment(last, attributes) && (last.deduplicationIds === undefined) === (id === undefined)) {
      last.count++;
      if (id !== undefined) (last.deduplicationIds as string[]).push(id);
    } else segments.push({ count: 1, ...attributes, ...(id !== undefined && { deduplicationIds: [id] }) });
  }
  const headers = items.some((item) => item.headers !== undefined) ? items.map((item) => item.headers) : undefined;
  const groups = groupsOf(items);
  return {
    queue,
    segments,
    bodies: bodiesOf(items),
    ...(headers && { headers }),
    ...(groups !== undefined && { groups }),
    ...columnsOf(items),
  };
}

/** What differs within segments. */
function columnsOf(items: readonly Item[]): Pick<SendColumns, "priorities" | "times"> {
  const [first] = items;
  const differs = (entryOf: (attributes: Attributes) => number | undefined) =>
    first !== undefined && items.some(({ attributes }) => entryOf(attributes) !== entryOf(first.attributes));
  return {
    ...(differs(priorityOf) && { priorities: items.map(({ attributes }) => priorityOf(attributes)) }),
    ...(differs(timeOf) && { times: items.map(({ attributes }) => timeOf(attributes) ?? 0) }),
  };
}

const priorityOf = ({ priority }: Attributes): number => priority;
const timeOf = ({ delayMs, deliverAt }: Attributes): number | undefined => deliverAt ?? delayMs;

/** The same messages with each difference a segment of its own, for a host that knows no columns for them. */
export function withoutColumns<Messages extends Omit<SentMessages, "queue">>(messages: Messages): Messages {
  const { bodies, priorities, times, ...rest } = messages;
  const values = { ...rest, bodies: valuesOf(bodies) } as Messages;
  if (priorities === undefined && times === undefined) return values;
  let place = 0;
  const segments = messages.segments.flatMap(({ count, deduplicationIds, ...segment }) =>
    Array.from({ length: count }, (_, i): SendSegment => {
      const at = place++;
      const id = deduplicationIds?.[i];
      return {
        ...segment,
        count: 1,
        priority: priorities?.[at] ?? segment.priority,
        ...(segment.delayMs !== undefined && { delayMs: times?.[at] ?? segment.delayMs }),
        ...(segment.deliverAt !== undefined && { deliverAt: times?.[at] ?? segment.deliverAt }),
        ...(id !== undefined && { deduplicationIds: [id] }),
      };
    }),
  );
  return { ...values, segments };
}

/** Texts while all are. */
const bodiesOf = (items: readonly Item[]): BodyColumn =>
  items.every(({ text }) => text !== undefined)
    ? columnOf({ encoding: "json", entries: items.map(({ text }) => text) })
    : items.map(bodyOf);

/** From its text where there is one: the object may have changed since. */
const bodyOf = ({ text, body }: Item): unknown => (text === undefined ? body : JSON.parse(text));

/** As the host estimates them, which gets all as texts or none. */
const bytesOf = (items: readonly Item[], isText: boolean): number =>
  items.reduce((sum, item) => sum + (isText ? (item.text as string).length : estimateBytes(bodyOf(item))), 0);

/** One entry for all where they are of one group. */
function groupsOf(items: readonly Item[]): Column<string> | undefined {
  const first = items[0]?.groupId;
  if (items.every((item) => item.groupId === first)) return first;
  return items.map((item) => item.groupId ?? "");
}

const sendCommand = (queue: string, atomic: boolean, items: readonly Item[]): ClientCommand => ({
  type: "send",
  atomic,
  ...messagesOf(queue, items),
});

/** Priorities and times may differ: those have columns. */
const isOneSegment = (a: Attributes, b: Attributes): boolean =>
  (a.delayMs === undefined) === (b.delayMs === undefined) &&
  (a.deliverAt === undefined) === (b.deliverAt === undefined) &&
  a.ttlMs === b.ttlMs;

/** Gives the receipts of a send, one after the other. */
export function receiptsOf({ term, seq, duplicates }: SendValue): (index: number) => Receipt {
  const known = duplicates && new Map(duplicates);
  let next = seq;
  return (index) => {
    const id = known?.get(index);
    return id === undefined ? { id: encodeId(term, next++), duplicate: false } : { id, duplicate: true };
  };
}

function accept(entries: readonly Entry[], value: SendValue): void {
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

export interface SettleDraft extends Draft {
  add(entry: SettleEntry): void;
  readonly size: number;
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

export function createSettleDraft(): SettleDraft {
  const entries: SettleEntry[] = [];
  return {
    bodies: [],
    get size() {
      return entries.length;
    },
    add: (entry) => entries.push(entry),
    command: (minor) => ({ type: "settle", settlements: joinSettlements(entries, minor) }),
    settle(outcome) {
      if (!outcome.ok) return this.reject(errorOf(outcome));
      const lost = new Set<string>();
      for (const { grant, seqs } of (outcome.value as SettleValue).lost) {
        for (let i = 0; i < seqs.length; i += 2) {
          for (let k = 0; k < (seqs[i + 1] as number); k++) lost.add(`${grant} ${(seqs[i] as number) + k}`);
        }
      }
      for (const entry of entries) {
        const isLost = lost.size > 0 && lost.has(`${entry.grantId} ${entry.seq}`);
        if (isLost) entry.onOver(new QueueError("lease-lost", "the delivery is no longer this consumer's"));
        else entry.onOver();
      }
    },
    reject(reason) {
      for (const entry of entries) entry.onOver(reason);
    },
    split: () => undefined,
  };
}

/** Neighbours with the same verdict become one stretch. */
function joinSettlements(entries: readonly SettleEntry[], minor: number): MeasuredSettlement[] {
  const settlements: { -readonly [Key in keyof MeasuredSettlement]: MeasuredSettlement[Key] }[] = [];
  for (const { grantId: grant, seq, verdict, busyMs } of entries) {
    const last = settlements[settlements.length - 1];
    const isSameAck = last?.grant === grant && last.verdict.type === "ack" && verdict.type === "ack";
    const measured = minor >= MINOR_MEASURES && busyMs !== undefined;
    if (isSameAck) {
      pushRange(last.seqs as number[], seq, 1);
      if (measured) last.busyMs = (last.busyMs ?? 0) + busyMs;
    } else settlements.push({ grant, seqs: [seq, 1], verdict: readable(verdict, minor), ...(measured && { busyMs }) });
  }
  return settlements;
}

/** The verdict as a host of this minor wire version reads it. */
function readable(verdict: Verdict, minor: number): Verdict {
  if (verdict.type !== "release" || minor >= MINOR_REDELIVERED) return verdict;
  const { unstarted: _, ...rest } = verdict;
  return rest;
}

/** A command of its own; `value` is what the host answers. */
export function createCommandDraft<T>(command: ClientCommand): { draft: Draft; value: Promise<T> } {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const value = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return {
    value,
    draft: {
      bodies: [],
      command: () => command,
      settle(outcome) {
        if (outcome.ok) resolve(outcome.value as T);
        else reject(errorOf(outcome));
      },
      reject,
      split: () => undefined,
    },
  };
}
