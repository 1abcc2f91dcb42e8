// All pages of the benchmark load this. `bench/run.mjs` calls `bench` in two of them: the first one measures, the second
// one is the other tab of the cases that need one. `bench/scale/` calls `scale`.

import type { Case, Measured } from "./case.js";
import { CASES } from "./cases.js";
import { startEcho } from "./limits/relay.js";
import { startConsumer } from "./originmq/end-to-end.js";
import { closeQueues, deleteQueues } from "./originmq/queues.js";
import "./scale/scale.js";

export interface Bench {
  cases(): Omit<Case, "measure">[];
  measure(id: string): Promise<Measured>;
  /** Starts what the second page does during the case. */
  help(id: string): Promise<void>;
  stopHelping(): Promise<void>;
  close(): Promise<void>;
  /** Called after `close` in both pages. */
  removeDatabases(): Promise<void>;
}

declare global {
  var bench: Bench;
}

const caseOf = (id: string): Case => {
  const found = CASES.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  return found;
};

let stop: () => Promise<void> | void = () => {};

globalThis.bench = {
  cases: () => CASES.map(({ measure: _, ...rest }) => rest),
  measure: (id) => caseOf(id).measure(),
  async help(id) {
    const { helper, durability = "relaxed" } = caseOf(id);
    if (helper === "echo") stop = startEcho();
    if (helper === "consume") stop = await startConsumer(durability, id.startsWith("latency"));
  },
  async stopHelping() {
    await stop();
    stop = () => {};
  },
  close: closeQueues,
  removeDatabases: deleteQueues,
};
