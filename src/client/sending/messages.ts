// Messages as they cross to the host, and receipts as they come back.
// Invariant: entry i of each column belongs to message i; an older host gets the same messages without columns.

import type { SendColumns, SendSegment, SendValue } from "../../core/commands/commands.js";
import { type BodyColumn, columnOf, valuesOf } from "../../core/log/bodies.js";
import { encodeId } from "../../core/log/ids.js";
import { estimateBytes } from "../../core/log/size.js";
import { MINOR_COLUMNS, MINOR_PLACES } from "../../core/spec/version.js";
import type { ClientCommand, Column, SentMessages } from "../../link/rpc/wire.js";
import { type Attributes, bodyOf, type Item, type Receipt } from "./item.js";

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

/** The command as a host of this minor wire version reads it. */
export function readable(command: ClientCommand, minor: number): ClientCommand {
  if (command.type === "redrive" && command.diedBy !== undefined) {
    // By places alone: the clock of this device may be hours behind the host's.
    if (minor >= MINOR_PLACES) return { ...command, diedBy: Number.MAX_SAFE_INTEGER };
    const { beforePlace: _, ...rest } = command;
    return rest;
  }
  if (minor >= MINOR_COLUMNS) return command;
  if (command.type === "send" || command.type === "publish") return withoutColumns(command);
  return command.type === "transaction" ? { ...command, sends: command.sends.map(withoutColumns) } : command;
}

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

/** Bytes as the host estimates them, which gets all as texts or none. */
export const bytesOf = (items: readonly Item[], isText: boolean): number =>
  items.reduce((sum, item) => sum + (isText ? (item.text as string).length : estimateBytes(bodyOf(item))), 0);

/** One entry for all where they are of one group. */
function groupsOf(items: readonly Item[]): Column<string> | undefined {
  const first = items[0]?.groupId;
  if (items.every((item) => item.groupId === first)) return first;
  return items.map((item) => item.groupId ?? "");
}

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
