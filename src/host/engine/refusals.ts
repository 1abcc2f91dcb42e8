// A commit that the store refused: who is to blame hears of it, everybody else is decided again. Without room that is who
// stores bodies; where nobody is to blame, all hear of it.

import { failure } from "../../core/commands/commands.js";
import { listOf } from "../../core/log/bodies.js";
import type { OutcomeFailed } from "../../core/log/journal.js";
import type { State } from "../../core/state/state.js";
import { type LogStore, StoreError, type StoreFailure } from "../../store/log-store.js";
import type { Work } from "./proposal.js";
import { textsOf } from "./texts.js";

/** Settles what an earlier commit has decided, sent again by its client: it is not to blame. Returns the rest. */
export function settleStored(state: State, works: readonly Work[]): readonly Work[] {
  return works.filter((work) => {
    const outcome = work.from && state.clients.get(work.from.client)?.outcomes.get(work.from.number);
    if (outcome) work.settle(outcome);
    return outcome === undefined;
  });
}

/** What one command has met nobody else is to suffer from: neither those of the same turn nor, with a new host, all again. */
export class Undecided {
  readonly #work: Pick<Work, "settle">;
  readonly #cause: unknown;

  /** `work`, or what else has to hear of it. `cause`: a bug, or of what is stored one thing contradicts another. */
  constructor(work: Pick<Work, "settle">, cause: unknown) {
    this.#work = work;
    this.#cause = cause;
  }

  /** Settles it, once nothing of its turn is left in the state, and returns the others, to be decided again. */
  refuse(works: readonly Work[]): readonly Work[] {
    this.#work.settle(failure("internal", `the host could not decide it: ${this.#cause}`));
    return works.filter((work) => work !== this.#work);
  }
}

/** After these nothing can be committed any more: whoever hosts next begins with what is stored. */
const ENDS: ReadonlySet<StoreFailure> = new Set(["deposed", "lost", "unavailable"]);

/** Rethrows an error after which this host cannot go on. */
export function assertGoesOn(error: unknown): asserts error is StoreError {
  if (!(error instanceof StoreError) || ENDS.has(error.reason)) throw error;
}

/** A commit was refused and undone. Settles the work that was to blame and returns the rest, to be decided again. */
export async function refuse(store: LogStore, works: readonly Work[], error: StoreError): Promise<readonly Work[]> {
  const settleAll = (blamed: readonly Work[], outcome: OutcomeFailed) => {
    for (const work of blamed) work.settle(outcome);
    return works.filter((work) => !blamed.includes(work));
  };
  const withBodies = works.filter((work) => work.bodies !== undefined);
  if (error.reason === "quota") {
    const outcome = failure("quota-exceeded", "the browser gives this origin no more room to store messages");
    return settleAll(withBodies.length > 0 ? withBodies : works, outcome);
  }
  if (error.reason === "not-cloneable" && withBodies.length > 0) {
    const blamed = new Map<Work, number>();
    for (const work of withBodies) {
      const index = await store.findUnstorable(listOf(textsOf(work.bodies ?? [])).entries);
      if (index !== undefined) blamed.set(work, index);
    }
    if (blamed.size === 0) return settleAll(withBodies, failure("not-cloneable", error.message));
    for (const [work, index] of blamed) {
      work.settle(failure("not-cloneable", `body ${index} cannot be stored by IndexedDB`, { index }));
    }
    return works.filter((work) => !blamed.has(work));
  }
  return settleAll(works, failure("storage-failed", `the database refused the commit: ${error.message}`));
}
