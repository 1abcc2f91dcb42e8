// Sends and settlements that happen together or not at all.

import type { Change, Seq } from "../log/journal.js";
import { forEachSeq } from "../log/ranges.js";
import type { Instant } from "../spec/time.js";
import type { State } from "../state/state.js";
import { type CommandOf, type Decision, done, refused, type SendValue, type SettleValue } from "./commands.js";
import { send } from "./send.js";
import { settle } from "./settle.js";

/** What is acknowledged or given up makes room for what is sent. */
export function transact(state: State, command: CommandOf<"transaction">, now: Instant): Decision {
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

/** The state with the queues that are sent to as deep, and as heavy, as they are once the settlements are made. */
function withRoom(state: State, { sends }: CommandOf<"transaction">, settled: readonly Change[]): State {
  const gone = new Map<string, { count: number; bytes: number }>();
  const take = (name: string, seq: Seq) => {
    const room = gone.get(name) ?? { count: 0, bytes: 0 };
    room.count++;
    room.bytes += state.queues.get(name)?.leased.get(seq)?.size ?? 0;
    gone.set(name, room);
  };
  for (const change of settled) {
    if (change.type === "acked") forEachSeq(change.seqs, (seq) => take(change.queue, seq));
    else if (change.type === "dead") take(change.queue, change.seq);
  }
  if (gone.size === 0) return state;
  const queues = sends.flatMap(({ queue: name }) => {
    const queue = state.queues.get(name);
    const { count, bytes } = gone.get(name) ?? { count: 0, bytes: 0 };
    return queue
      ? [[name, { ...queue, readyCount: queue.readyCount - count, bytes: queue.bytes - bytes }] as const]
      : [];
  });
  return { ...state, queues: new Map(queues) };
}
