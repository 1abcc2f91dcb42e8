// What is known of one message: what tabs reported of it, what befell those who held it, and what the hosts committed,
// in one order. For people who ask why a run is not valid.

import type { Change, JournalRecord, Ranges, Seq } from "../../src/core/log/journal.js";
import type { HistoryEvent } from "../checker/history.js";

/** One commit, and when this process heard of it. */
export interface Committed {
  readonly at: number;
  readonly record: JournalRecord;
}

type About = Extract<HistoryEvent, { body: string }>;

/** Lines, one for each thing that happened. */
export function storyOf(body: string, history: readonly HistoryEvent[], commits: readonly Committed[]): string[] {
  const own = history.filter((event): event is About => "body" in event && event.body === body);
  const seqs = new Set(own.flatMap((event) => ("id" in event ? [seqOf(event.id)] : [])));
  const consumers = new Set(own.flatMap((event) => ("consumer" in event ? [event.consumer] : [])));
  const from = (own[0]?.at ?? 0) - 1;
  const to = (own.at(-1)?.at ?? 0) + 10_000;
  const lines = [
    ...history.flatMap((event) =>
      isOf(event, body, consumers, from, to) ? [{ at: event.at, text: told(event) }] : [],
    ),
    ...commits.flatMap(({ at, record }) => changesOf(record, seqs).map((text) => ({ at, text }))),
  ];
  return lines.sort((a, b) => a.at - b.at).map(({ at, text }) => `${Math.round(at)} ms: ${text}`);
}

/** Its own events, and in their time those that befell its consumers and the hosts. */
function isOf(event: HistoryEvent, body: string, consumers: ReadonlySet<string>, from: number, to: number): boolean {
  if ("body" in event) return event.body === body;
  if (event.at < from || event.at > to) return false;
  return event.type === "host-lost" || ("consumer" in event && consumers.has(event.consumer));
}

function told({ at: _, wroteAt, ...rest }: HistoryEvent): string {
  const { type, ...fields } = rest;
  const all = Object.entries({ ...fields, ...(wroteAt !== undefined && { wroteAt: Math.round(wroteAt) }) });
  return [type, ...all.flatMap(([name, value]) => (name === "body" ? [] : [`${name}=${value}`]))].join(" ");
}

const holds = (ranges: Ranges, seqs: ReadonlySet<Seq>): boolean =>
  ranges.some((first, i) => i % 2 === 0 && [...seqs].some((seq) => seq >= first && seq < first + (ranges[i + 1] ?? 0)));

function isAbout(change: Change, seqs: ReadonlySet<Seq>): boolean {
  if ("count" in change && "seq" in change) return holds([change.seq, change.count], seqs);
  if ("seqs" in change && change.seqs) return holds(change.seqs, seqs);
  return "seq" in change && seqs.has(change.seq);
}

function changesOf({ lsn, epoch, at, changes }: JournalRecord, seqs: ReadonlySet<Seq>): string[] {
  return changes.flatMap((change) => {
    if (!isAbout(change, seqs)) return [];
    const { type, ...fields } = change;
    const all = Object.entries(fields).flatMap(([name, value]) =>
      name === "seqs" || typeof value === "object" ? [] : [`${name}=${value}`],
    );
    return [`committed ${type} lsn=${lsn} epoch=${epoch} committedAt=${at} ${all.join(" ")}`];
  });
}

/** Ids end with the number of the message. */
const seqOf = (id: string): Seq => Number.parseInt(id.slice(id.lastIndexOf("-") + 1), 36);
