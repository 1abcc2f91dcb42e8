// Gives one message another body, at its place. Invariant: what is in work, or gone, keeps the body that it had: nobody has
// handled a body that its sender was told is replaced.

import { seqOf } from "../log/ids.js";
import type { Change } from "../log/journal.js";
import type { Instant } from "../spec/time.js";
import type { State } from "../state/state.js";
import { waitingRuns } from "../state/waiting.js";
import { type CommandOf, type Decision, done } from "./commands.js";
import { redrive } from "./dead-letters.js";
import { refuseSealed } from "./encryption.js";
import { batchesOf } from "./send.js";

export function replace(state: State, command: CommandOf<"replace">, now: Instant): Decision {
  const { queue: name, id, isDead, sizes, sealed } = command;
  const refusal = refuseSealed(state, name, sealed);
  if (refusal) return refusal;
  const queue = state.queues.get(name);
  const seq = seqOf(state, id);
  if (queue === undefined || seq === undefined) return NOT_REPLACED;
  if (isDead ? !queue.dead.has(seq) : !isWaiting(waitingRuns(queue), seq)) return NOT_REPLACED;
  const redriven = isDead ? redrive(state, { type: "redrive", queue: name, filter: { ids: [id] } }, now) : done([]);
  if (!redriven.outcome.ok) return redriven;
  const bodySeq = state.nextSeq;
  const replaced: Change = { type: "replaced", queue: name, seq, bodySeq };
  return done([...batchesOf(bodySeq, sizes), ...redriven.changes, replaced], { replaced: true });
}

const NOT_REPLACED = done([], { replaced: false });

function isWaiting(runs: ReturnType<typeof waitingRuns>, wanted: number): boolean {
  for (const { seq, count } of runs) if (wanted >= seq && wanted < seq + count) return true;
  return false;
}
