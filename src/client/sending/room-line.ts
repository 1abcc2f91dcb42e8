// Sends that wait until their queue has room, a line for each queue:
//
//   waiting ──room──▶ the first is tried ──accepted, or refused for good──▶ the next is tried ─ ─ ▶ no line
//      ▲                     └──still no room──▶ the first again
//      └── what is sent meanwhile, and what was on its way when the line began
//
// Invariants: they go in the order in which they were sent; while a line waits, the host is asked for the room that its
// first one needs, whoever that is by then.

import { prune } from "./carried.js";
import type { Draft, RoomDraft } from "./drafts.js";

export interface RoomLines {
  /** Stands it behind what waits in the same queue; `false` when nothing does. */
  join(draft: RoomDraft): boolean;
  /** It was refused for want of room. `number`: under which. */
  wait(draft: RoomDraft, number: number): void;
  /** Its outcome is known, whatever it is: if others stand behind it, they are next. */
  leave(draft: Draft): void;
  /** Something was aborted: drops what nobody waits for any more. */
  prune(queue: string): void;
  /** Ends all lines; returns what waited. */
  clear(): RoomDraft[];
}

export interface RoomLinesParts {
  /** Resolves once the queue has room for it, or could never have; rejects when there is nobody who could say. */
  room(draft: RoomDraft, signal: AbortSignal): Promise<void>;
  /** Sends it again. */
  send(draft: RoomDraft): void;
}

interface Line {
  /** By the numbers under which they were first sent. */
  waiting: { readonly draft: RoomDraft; readonly number: number }[];
  /** The one that is sent again at the moment. */
  trying: RoomDraft | undefined;
  /** Ends the asking for room. */
  asking: AbortController | undefined;
}

export function createRoomLines({ room, send }: RoomLinesParts): RoomLines {
  const lines = new Map<string, Line>();

  const isWanted = (draft: RoomDraft): boolean => {
    if (prune(draft)) return true;
    draft.stage = "answered";
    return false;
  };

  const tryNext = (queue: string, line: Line) => {
    line.trying = undefined;
    for (let next = line.waiting.shift(); next; next = line.waiting.shift()) {
      if (!isWanted(next.draft)) continue;
      line.trying = next.draft;
      return send(next.draft);
    }
    lines.delete(queue);
  };

  const ask = async (queue: string, line: Line) => {
    line.trying = undefined;
    line.asking?.abort();
    const asking = new AbortController();
    line.asking = asking;
    try {
      const [first] = line.waiting;
      if (first) await room(first.draft, asking.signal);
    } catch {
      // A host of an earlier build, which will say what it thinks of the sends.
    }
    if (asking.signal.aborted) return;
    line.asking = undefined;
    tryNext(queue, line);
  };

  return {
    join(draft) {
      const line = lines.get(draft.queue);
      line?.waiting.push({ draft, number: Number.POSITIVE_INFINITY });
      return line !== undefined;
    },
    wait(draft, number) {
      const known = lines.get(draft.queue);
      const line: Line = known ?? { waiting: [], trying: undefined, asking: undefined };
      lines.set(draft.queue, line);
      const isFirst = known === undefined || line.trying === draft;
      const behind = isFirst ? 0 : line.waiting.findIndex((other) => other.number > number);
      line.waiting.splice(behind < 0 ? line.waiting.length : behind, 0, { draft, number: isFirst ? 0 : number });
      if (isFirst) void ask(draft.queue, line);
    },
    leave(draft) {
      if (draft.type !== "send" && draft.type !== "batch") return;
      const line = lines.get(draft.queue);
      if (line?.trying === draft) tryNext(draft.queue, line);
    },
    prune(queue) {
      const line = lines.get(queue);
      // The one that is tried is on its way; the others are looked at when their turn comes.
      if (line?.asking === undefined) return;
      line.waiting = line.waiting.filter(({ draft }) => isWanted(draft));
      void ask(queue, line);
    },
    clear() {
      const waited = [...lines.values()].flatMap(({ waiting }) => waiting.map(({ draft }) => draft));
      for (const { asking } of lines.values()) asking?.abort();
      lines.clear();
      return waited;
    },
  };
}
