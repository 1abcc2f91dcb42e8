// Sends and settlements that happen together or not at all.

import type { Change } from "../log/journal.js";
import { countOf } from "../log/ranges.js";
import type { State } from "../state/state.js";
import { type Command, type Decision, done, refused, type SendValue, type SettleValue } from "./commands.js";
import { send } from "./send.js";
import { settle } from "./settle.js";

type Of<Type extends Command["type"]> = Extract<Command, { type: Type }>;

/** What is acknowledged or given up makes room for what is sent. */
export function transact(state: State, command: Of<"transaction">, now: number): Decision {
  const { client, settlements, jitter } = command;
  const settled = settle(state, { type: "settle", client, settlements, jitter }, now);
  const { lost } = (settled.outcome as { value: SettleValue }).value;
  if (lost.length > 0) {
    return refused("lease-lost", "a delivery of the transaction is no longer this consumer's", { lost });
  }
  const after = withRoom(state, command, settled.changes);
  const changes = [...settled.changes];
  const bodies: number[] = [];
  const sends: SendValue[] = [];
  let first = 0;
  for (const one of command.sends) {
    // The numbers go on where the send before it ended.
    const numbered = { ...after, nextSeq: state.nextSeq + bodies.length };
    const decision = send(numbered, { ...one, type: "send", atomic: true }, now);
    if (!decision.outcome.ok) return decision;
    for (const i of decision.bodies ?? one.sizes.keys()) bodies.push(first + i);
    changes.push(...decision.changes);
    sends.push(decision.outcome.value as SendValue);
    first += one.sizes.length;
  }
  return { ...done(changes, { sends }), bodies };
}

/** The state with the queues that are sent to as deep as they are once the settlements are made. */
function withRoom(state: State, { sends }: Of<"transaction">, settled: readonly Change[]): State {
  const gone = new Map<string, number>();
  for (const change of settled) {
    if (change.type !== "acked" && change.type !== "dead") continue;
    const count = change.type === "acked" ? countOf(change.seqs) : 1;
    gone.set(change.queue, (gone.get(change.queue) ?? 0) + count);
  }
  if (gone.size === 0) return state;
  const queues = sends.flatMap(({ queue: name }) => {
    const queue = state.queues.get(name);
    return queue ? [[name, { ...queue, readyCount: queue.readyCount - (gone.get(name) ?? 0) }] as const] : [];
  });
  return { ...state, queues: new Map(queues) };
}
