// What a commit did to each message: where it was before and where it is after, as the changes alone say. Messages that fared
// alike and whose numbers follow each other are told together.

import type { JournalChange, JournalCommit } from "../../index.js";
import { fateWords, isRanges, sizeOf } from "./journal-words.js";
import { ownOf } from "./own.js";
import { STATE_WORDS } from "./parts.js";

export interface Fate {
  readonly queue: string;
  /** Of the first message. */
  readonly seq: number;
  readonly count: number;
  readonly before: string;
  readonly after: string;
  /** What was done, in the order it was. */
  readonly words: string;
}

/** Of messages, in one commit: more are counted. */
export const FATES_MAX = 5_000;
/** So many are looked at: a bundle may say of any number that it was of one commit. */
const LOOKED_AT_MAX = 1_000_000;

const { ready, delayed, leased, dead } = STATE_WORDS;
const [ABSENT, GONE, GROUPED] = ["Not there", "Gone", "Waits in its group"] as const;
/** Ready, delayed or blocked: the change does not say. */
const WAITS = "Waits";

/** Where a message of this change waits from now on, the i-th of it. */
function waits({ dueAt, dueAts, groups }: JournalChange, i: number, at: number): string {
  const due = Array.isArray(dueAts) ? Number(dueAts[i]) : Number(dueAt ?? 0);
  if (due > at) return delayed;
  const group = Array.isArray(groups) ? groups[i] : groups;
  return group ? GROUPED : ready;
}

type Move = (change: JournalChange, i: number, at: number) => readonly [before: string, after: string];

const MOVES: Readonly<Record<string, Move>> = {
  accepted: (change, i, at) => [ABSENT, waits(change, i, at)],
  overflowed: () => [ABSENT, dead],
  dropped: () => [WAITS, GONE],
  replaced: () => [WAITS, WAITS],
  leased: () => [ready, leased],
  acked: () => [leased, GONE],
  retried: (change, i, at) => [leased, waits(change, i, at)],
  returned: (change, i, at) => [leased, waits(change, i, at)],
  dead: () => [leased, dead],
  expired: () => [WAITS, dead],
  quarantined: () => [WAITS, "Set apart"],
  redriven: () => [dead, ready],
  "dead-purged": () => [dead, GONE],
};

/** Numbers of the messages that a change is about. */
export function* seqsOf({ seqs, seq, count = 1 }: JournalChange): Generator<number> {
  const ranges = isRanges(seqs) ? seqs : typeof seq === "number" ? [seq, Number(count)] : [];
  for (let i = 0; i < ranges.length; i += 2)
    for (let one = 0; one < (ranges[i + 1] ?? 0); one++) yield (ranges[i] ?? 0) + one;
}

/** What this commit did to messages, and how many there were beyond those told. */
export function fatesOf({ changes, at }: JournalCommit): { readonly fates: readonly Fate[]; readonly more: number } {
  const byNumber = new Map<number, Fate>();
  let more = 0;
  let left = LOOKED_AT_MAX;
  for (const change of changes) {
    const move = ownOf(MOVES, change.type);
    if (move === undefined) continue;
    const { queue = "" } = change;
    const words = fateWords(change);
    let i = 0;
    for (const seq of seqsOf(change)) {
      if (left-- <= 0) {
        more += sizeOf(change) - i;
        break;
      }
      const [before, after] = move(change, i++, at);
      const earlier = byNumber.get(seq);
      if (earlier) {
        const first = earlier.before === WAITS && earlier.after === WAITS ? before : earlier.before;
        byNumber.set(seq, { ...earlier, before: first, after, words: `${earlier.words}, ${words}` });
      } else if (byNumber.size < FATES_MAX) byNumber.set(seq, { queue, seq, count: 1, before, after, words });
      else more++;
    }
  }
  return { fates: gathered([...byNumber.values()]), more };
}

function gathered(fates: readonly Fate[]): Fate[] {
  const all: Fate[] = [];
  for (const fate of [...fates].sort((a, b) => a.queue.localeCompare(b.queue) || a.seq - b.seq)) {
    const last = all.at(-1);
    const isLike =
      last !== undefined &&
      last.queue === fate.queue &&
      last.seq + last.count === fate.seq &&
      last.before === fate.before &&
      last.after === fate.after &&
      last.words === fate.words;
    if (isLike) all[all.length - 1] = { ...last, count: last.count + 1 };
    else all.push(fate);
  }
  return all;
}
