// Messages as they cross to the host, and receipts as they come back.
// Invariant: entry i of each column belongs to message i.

import type { SendColumns, SendSegment, SendValue } from "../../core/commands/commands.js";
import { type BodyColumn, columnOf } from "../../core/log/column-of.js";
import { encodeId } from "../../core/log/encode-id.js";
import type { Column, SentMessages } from "../../link/rpc/wire.js";
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

/** Texts while all are. */
const bodiesOf = (items: readonly Item[]): BodyColumn =>
  items.every(({ text }) => text !== undefined)
    ? columnOf({ encoding: "json", entries: items.map(({ text }) => text) })
    : items.map(bodyOf);

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
