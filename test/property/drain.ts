// Hands out and acknowledges all that a state has, after ages: what comes out of it, or is among its dead letters.

import { apply } from "../../src/core/commands/apply.js";
import { advance } from "../../src/core/commands/clock.js";
import type { Command } from "../../src/core/commands/commands.js";
import { decide } from "../../src/core/commands/decide.js";
import { dueQueues } from "../../src/core/commands/due.js";
import type { Seq } from "../../src/core/log/journal.js";
import { rangesOf } from "../../src/core/log/ranges.js";
import { depthOf, type State } from "../../src/core/state/state.js";
import { takeEndedGrants } from "../../src/core/view/view.js";
import { holds } from "./expectations.js";

const DAY_MS = 24 * 60 * 60 * 1_000;
const ROUNDS_MAX = 1_000;

export function drain(state: State): Seq[] {
  const client = "the last one";
  const gone: Seq[] = [];
  let { now } = state;
  const run = (command: Command) => {
    for (const change of decide(state, command, now).changes) apply(state, change, now);
  };
  for (let round = 0; [...state.queues.values()].some((queue) => depthOf(queue) > 0); round++) {
    holds(round < ROUNDS_MAX, "all of it comes out");
    now += DAY_MS;
    advance(state, now);
    const grants = takeEndedGrants(state, now);
    if (grants.length > 0) run({ type: "expire", grants, jitter: 0 });
    for (const { name } of state.queues.values()) {
      run({ type: "pause", queue: name, paused: false });
      run({
        type: "configure",
        queue: name,
        settings: { onGroupFailure: "skip", maxDeadLetters: 100_000, maxDeliveries: 100, rateLimit: null },
      });
    }
    if (dueQueues(state, now).length > 0) run({ type: "expire-messages" });
    for (const { name } of state.queues.values()) {
      const grant = `${round}/${name}`;
      run({ type: "deliver", queue: name, client, mode: "receive", max: 100, grant });
      const seqs = [...(state.grants.get(grant)?.leases.keys() ?? [])];
      if (seqs.length === 0) continue;
      gone.push(...seqs);
      run({
        type: "settle",
        client,
        settlements: [{ grant, seqs: rangesOf(seqs), verdict: { type: "ack" } }],
        jitter: 0,
      });
    }
  }
  for (const queue of state.queues.values()) gone.push(...queue.dead.keys());
  return gone;
}
