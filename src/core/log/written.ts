// What is told of a record without a state. A number that is none, or a priority that no queue has, would be found out much later,
// or never.

import { PRIORITY_MAX } from "../spec/fields.js";
import type { JournalRecord } from "./journal.js";
import { isCount, isSeq, isStretch } from "./ranges.js";

export const isPriority = (value: unknown): boolean => isCount(value) && Number(value) <= PRIORITY_MAX;
export const isTime = (value: unknown): boolean => Number.isFinite(value);
const eachIs = (isOne: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(isOne);

/** Members of changes, whatever change has them. */
const MEMBERS: readonly (readonly [name: string, isWritten: (value: unknown) => boolean])[] = [
  ...["seq", "bodySeq", "firstSeq"].map((name) => [name, isSeq] as const),
  ...["bytes", "size", "number", "confirmed"].map((name) => [name, isCount] as const),
  ["count", isStretch],
  ...["dueAt", "expiresAt", "until", "nextAt", "byMs"].map((name) => [name, isTime] as const),
  ["priority", isPriority],
  ["priorities", eachIs(isPriority)],
  ["dueAts", eachIs(isTime)],
  ["seqs", eachIs(isCount)],
];

/** Whether a host can have written it. */
export function isWritten(value: unknown): value is JournalRecord {
  const { lsn, epoch, at, changes } = Object(value) as Partial<JournalRecord>;
  return [lsn, epoch, at].every(isTime) && Array.isArray(changes) && changes.every(isWrittenEntry);
}

/** A change, or what is stored of a message: each of its numbers is one. */
export const isWrittenEntry = (entry: unknown): boolean =>
  typeof entry === "object" &&
  entry !== null &&
  MEMBERS.every(([name, isOne]) => {
    const value: unknown = Reflect.get(entry, name);
    return value === undefined || isOne(value);
  });
