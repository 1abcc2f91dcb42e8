// What takes its time before it is sent (its files are read, it is sealed), in the order of the calls: of each line, which is a
// queue or a topic. Invariant: what fails keeps nobody waiting, and lets nobody pass.

import type { Pipeline } from "./pipeline.js";

export interface Turns {
  /** Whether something waits in one of these lines. */
  isWaiting(lines: Iterable<string>): boolean;
  /** Settles as the work does, once all that came before it in its lines is over: whoever waits for it goes on before what comes behind. */
  inTurn<T>(lines: readonly string[], work: Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  const lastByLine = new Map<string, Promise<void>>();
  return {
    isWaiting: (lines) => [...lines].some((line) => lastByLine.has(line)),
    inTurn(lines, work) {
      // It is looked at when it is its turn.
      work.catch(() => {});
      const turn = Promise.all(lines.map((line) => lastByLine.get(line))).then(() => work);
      const over = () => {
        for (const line of lines) if (lastByLine.get(line) === last) lastByLine.delete(line);
      };
      const last = turn.then(over, over);
      for (const line of lines) lastByLine.set(line, last);
      return turn;
    },
  };
}

const turnsOfTransactions = new WeakMap<Pipeline, Turns>();

/** By queue. */
export function turnsOf(pipeline: Pipeline): Turns {
  const turns = turnsOfTransactions.get(pipeline) ?? createTurns();
  turnsOfTransactions.set(pipeline, turns);
  return turns;
}
