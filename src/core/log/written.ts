// What is told of a record without a state. A number that is none, or a priority that no queue has, would be found out much later,
// or never.

import { PRIORITY_MAX } from "../spec/fields.js";
import type { JournalRecord } from "./journal.js";
import { isCount, isSeq, isStretch } from "./ranges.js";

type IsOne = (value: unknown) => boolean;
/** What members of an object are, by their names, where they are there. */
export type Members = readonly (readonly [name: string, isOne: IsOne])[];

const isPriority: IsOne = (value) => isCount(value) && Number(value) <= PRIORITY_MAX;
export const isTime: IsOne = (value) => Number.isFinite(value);
const eachIs =
  (isOne: IsOne): IsOne =>
  (value) =>
    Array.isArray(value) && value.every(isOne);

/** What a message has, in a change as in a column of a checkpoint. */
export const NUMBERS: Members = [
  ...["seq", "bodySeq", "firstSeq"].map((name) => [name, isSeq] as const),
  ...["bytes", "size"].map((name) => [name, isCount] as const),
  ["expiresAt", isTime],
  ["priority", isPriority],
];

/** Members of changes, whatever change has them. */
const MEMBERS: Members = [
  ...NUMBERS,
  ...["number", "confirmed"].map((name) => [name, isCount] as const),
  ["count", isStretch],
  ...["dueAt", "until", "nextAt", "byMs"].map((name) => [name, isTime] as const),
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
  typeof entry === "object" && entry !== null && areMembers(entry, MEMBERS);

export const areMembers = (of: object, members: Members): boolean =>
  members.every(([name, isOne]) => {
    const value: unknown = Reflect.get(of, name);
    return value === undefined || isOne(value);
  });
