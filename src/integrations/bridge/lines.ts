// The lines in which messages wait to be forwarded: one for each group, and one for all that has none, which is the order
// of their producer. Invariants: of a line messages leave in the order they came; once one has to be sent again, none of
// its line leaves before all that were under way are answered, and then those to be sent again leave first.
//
//   open ──one is unknown──▶ draining ──all are answered──▶ resting ──its time is over──▶ open

import type { BridgeDelivery } from "./source.js";

export interface Entry {
  readonly delivery: BridgeDelivery;
  readonly line: Line;
  /** In its line: those to be sent again are sorted by it. */
  readonly place: number;
}

export interface Line {
  /** `null`: of all that has none. */
  readonly groupId: string | null;
  state: "open" | "draining" | "resting";
  waiting: Entry[];
  /** To be sent again. */
  unknown: Entry[];
  underWay: number;
  /** Times in a row that something had to be sent again. */
  failures: number;
  places: number;
  isInTurn: boolean;
}

export interface Lines {
  add(delivery: BridgeDelivery): void;
  /** What is sent next, `max` at most: of each open line in its turn. It is under way from here on. */
  next(max: number): Entry[];
  /** This one was answered: it is over, or it is to be sent again. */
  answered(entry: Entry, isOver: boolean): void;
  /** Lines of which all was answered and something is to be sent again. They rest until `resume`. */
  toRest(): Line[];
  resume(line: Line): void;
  /** Takes out of the line all that waits in it. */
  empty(line: Line): Entry[];
  /** Takes out all that waits. */
  clear(): Entry[];
}

export function createLines(): Lines {
  const byGroup = new Map<string | null, Line>();
  let turn: Line[] = [];
  let drained: Line[] = [];

  const lineOf = (groupId: string | null): Line => {
    let line = byGroup.get(groupId);
    if (line === undefined) {
      line = {
        groupId,
        state: "open",
        waiting: [],
        unknown: [],
        underWay: 0,
        failures: 0,
        places: 0,
        isInTurn: false,
      };
      byGroup.set(groupId, line);
    }
    return line;
  };
  const enqueue = (line: Line) => {
    if (line.isInTurn || line.state !== "open" || line.waiting.length === 0) return;
    line.isInTurn = true;
    turn.push(line);
  };
  const forgetIfIdle = (line: Line) => {
    if (line.state === "open" && line.underWay === 0 && line.waiting.length === 0) byGroup.delete(line.groupId);
  };
  const lookIfDrained = (line: Line) => {
    if (line.state !== "draining" || line.underWay > 0) return;
    line.waiting.unshift(...line.unknown.splice(0).sort((a, b) => a.place - b.place));
    line.state = "resting";
    drained.push(line);
  };
  const empty = (line: Line): Entry[] => [...line.unknown.splice(0), ...line.waiting.splice(0)];

  return {
    add(delivery) {
      const line = lineOf(delivery.message.groupId);
      line.waiting.push({ delivery, line, place: line.places++ });
      enqueue(line);
    },
    next(max) {
      const entries: Entry[] = [];
      while (entries.length < max && turn.length > 0) {
        const line = turn.shift() as Line;
        line.isInTurn = false;
        if (line.state !== "open") continue;
        const taken = line.waiting.splice(0, max - entries.length);
        line.underWay += taken.length;
        for (const entry of taken) entries.push(entry);
        enqueue(line);
      }
      return entries;
    },
    answered(entry, isOver) {
      const { line } = entry;
      line.underWay--;
      if (isOver) {
        if (line.state === "open") line.failures = 0;
      } else {
        line.unknown.push(entry);
        if (line.state === "open") line.failures++;
        line.state = "draining";
      }
      lookIfDrained(line);
      forgetIfIdle(line);
    },
    toRest() {
      const lines = drained;
      drained = [];
      return lines;
    },
    resume(line) {
      line.state = "open";
      enqueue(line);
      forgetIfIdle(line);
    },
    empty,
    clear() {
      turn = [];
      drained = [];
      return [...byGroup.values()].flatMap(empty);
    },
  };
}
