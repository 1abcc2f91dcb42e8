// A queue to try things on, without a host: one call decides a command and applies what it decided.

import { apply } from "../../../src/core/commands/apply.js";
import { advance } from "../../../src/core/commands/clock.js";
import type { Command, SendSegment, Verdict } from "../../../src/core/commands/commands.js";
import { decide } from "../../../src/core/commands/decide.js";
import type { Change, LeaseMode, Outcome, Ranges, Seq } from "../../../src/core/log/journal.js";
import type { QueueSettings } from "../../../src/core/spec/settings.js";
import { createState, type QueueState, type State } from "../../../src/core/state/state.js";

export const TERM = "0123456789abcdef";

export interface Engine {
  readonly state: State;
  now: number;
  readonly queue: QueueState;
  run(command: Command): Outcome;
  change(change: Change): void;
  configure(settings: Partial<QueueSettings>): void;
  /** Messages of 100 bytes, all or none. */
  send(count: number, segment?: Partial<Omit<SendSegment, "count">>, groups?: string | readonly string[]): Outcome;
  /** The numbers that were handed out. */
  deliver(client: string, max: number, grant: string, mode?: LeaseMode): Seq[];
  settle(client: string, grant: string, seqs: Ranges, verdict: Verdict, jitter?: number): Outcome;
}

export function createEngine(settings: Partial<QueueSettings> = {}): Engine {
  const state = createState();
  const engine: Engine = {
    state,
    now: 1_000,
    get queue() {
      return state.queues.get("orders") as QueueState;
    },
    run(command) {
      advance(state, engine.now);
      const { changes, outcome } = decide(state, command, engine.now);
      for (const change of changes) engine.change(change);
      return outcome;
    },
    change: (change) => apply(state, change, engine.now),
    configure(settings) {
      engine.run({ type: "configure", queue: "orders", settings });
    },
    send(count, { priority = 4, ...when } = {}, groups = undefined) {
      const sizes = Array.from({ length: count }, () => 100);
      return engine.run({
        type: "send",
        queue: "orders",
        atomic: true,
        segments: [{ count, priority, ...when }],
        sizes,
        groups,
      });
    },
    deliver(client, max, grant, mode = "consume") {
      engine.run({ type: "deliver", queue: "orders", client, mode, max, grant });
      return [...(state.grants.get(grant)?.leases.keys() ?? [])];
    },
    settle: (client, grant, seqs, verdict, jitter = 0) =>
      engine.run({ type: "settle", client, settlements: [{ grant, seqs, verdict }], jitter }),
  };
  engine.change({ type: "took-over", term: TERM });
  engine.configure(settings);
  return engine;
}
