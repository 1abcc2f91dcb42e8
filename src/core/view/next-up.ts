// Which messages are handed out next, as far as that can be known: whoever reads bodies reads theirs, too.

import type { Seq } from "../log/journal.js";
import type { Heap } from "../state/heap.js";
import type { Run } from "../state/run.js";
import type { QueueState } from "../state/state.js";

/** Numbers of their bodies, of about so many bytes: what is ready in the order in which it leaves, then what is due by its time. */
export function nextUp({ lanes, delayed }: QueueState, bytesMax: number): Seq[] {
  const bodySeqs: Seq[] = [];
  let room = bytesMax;
  const take = (runs: Iterable<Run>) => {
    for (const { bodySeq, count, size } of runs) {
      for (let i = 0; i < count && room > 0; i++, room -= Math.max(1, size)) bodySeqs.push(bodySeq + i);
      if (room <= 0) return;
    }
  };
  for (const { front, tail } of [...lanes].reverse()) {
    take(front);
    take(tail);
  }
  if (room > 0) take(soonest(delayed, room));
  return bodySeqs;
}

/** The earliest of them, as many as have so many bytes or more, by their time. */
function soonest(delayed: Heap<Run>, bytes: number): Run[] {
  const from = delayed.peek()?.readyAt ?? 0;
  for (let spanMs = 1; ; spanMs *= 2) {
    const runs = delayed.upTo(({ readyAt }) => readyAt <= from + spanMs);
    const isEnough = runs.reduce((sum, { count, size }) => sum + count * size, 0) >= bytes;
    if (isEnough || runs.length === delayed.size) return runs.sort((a, b) => a.readyAt - b.readyAt || a.seq - b.seq);
  }
}
