// Where the messages of a state are, and how one gets to where it must have been: for who replays a journal of which records are
// missing. Invariant: each step is a change that a host could have made, so that the books of every queue stay right.

import type { Change, Seq } from "../log/journal.js";
import { forEachSeq } from "../log/ranges.js";
import type { Instant } from "../spec/time.js";
import { freePlace } from "../state/groups.js";
import type { Run } from "../state/run.js";
import type { QueueState, State } from "../state/state.js";
import { waitingRuns } from "../state/waiting.js";
import { apply } from "./apply.js";
import { REASON_EXPIRED } from "./expire.js";
import { createMembers, runWith } from "./salvage-groups.js";

export type Place = "waiting" | "leased" | "dead";

export interface Places {
  /** The time of the record at hand. */
  at: Instant;
  /** Those that wait, each with its queue. */
  readonly waiting: ReadonlyMap<Seq, string>;
  /** Applies a change that fits. */
  run(change: Change): void;
  placeOf(queue: string, seq: Seq): Place | undefined;
  /** Brings a message to where it must have been. `false`: the state does not have it. */
  bring(queue: string, seq: Seq, to: Place): boolean;
  /** A message is about to leave its place behind others of its group: those must be over. */
  letThrough(queue: string, seq: Seq): void;
  /** A message that waits left its place, and is back. */
  comeBack(queue: string, seq: Seq): void;
  /** They waited for too long, wherever they did. */
  expire(queue: string, seqs: readonly Seq[]): void;
}

/** The client in whose name is handed out what somebody must have had. */
export const NOBODY = "";
const REASON_UNKNOWN = "journal-damaged";

export function createPlaces(state: State): Places {
  const waiting = new Map<Seq, string>();
  const members = createMembers((queue, seq) => (placeOf(queue, seq) ?? "dead") !== "dead");
  let grants = 0;
  for (const queue of state.queues.values()) {
    noteWaiting(queue);
    members.note(queue);
  }

  function noteWaiting(queue: QueueState): void {
    for (const { seq, count } of waitingRuns(queue)) for (let i = 0; i < count; i++) waiting.set(seq + i, queue.name);
  }

  const run = (change: Change): void => {
    apply(state, change, places.at);
    switch (change.type) {
      case "overflowed":
        return members.accept(change);
      case "hidden": {
        const queue = state.queues.get(change.queue);
        return queue && members.note(queue);
      }
      case "accepted":
        members.accept(change);
        for (let i = 0; i < change.count; i++) waiting.set(change.seq + i, change.queue);
        return;
      case "leased":
      case "expired":
      case "dropped":
        return forEachSeq(change.seqs, (seq) => waiting.delete(seq));
      case "returned":
      case "redriven":
        return forEachSeq(change.seqs, (seq) => waiting.set(seq, change.queue));
      case "retried":
        return void waiting.set(change.seq, change.queue);
      case "purged":
      case "deleted": {
        for (const [seq, queue] of [...waiting]) if (queue === change.queue) waiting.delete(seq);
        const queue = state.queues.get(change.queue);
        if (queue) noteWaiting(queue);
      }
    }
  };

  const placeOf = (queue: string, seq: Seq): Place | undefined => {
    const known = state.queues.get(queue);
    if (waiting.get(seq) === queue) return "waiting";
    if (known?.leased.has(seq)) return "leased";
    return known?.dead.has(seq) ? "dead" : undefined;
  };

  /** Gives a message that waits to nobody: it was handed out in a record that is missing. */
  const lease = (queue: string, seq: Seq) => {
    letThrough(queue, seq);
    run({
      type: "leased",
      queue,
      client: NOBODY,
      grant: `${NOBODY}/${++grants}`,
      mode: "receive",
      until: places.at,
      seqs: [seq, 1],
    });
  };

  /** Brings a message to where it must have been. `false`: the state does not have it. */
  const bring = (queue: string, seq: Seq, to: Place): boolean => {
    const place = placeOf(queue, seq);
    if (place === undefined) return false;
    if (place === to) return true;
    if (place === "dead") run({ type: "redriven", queue, seqs: [seq, 1] });
    else if (to === "waiting") run({ type: "returned", queue, seqs: [seq, 1], counted: true, suspect: false });
    if (to === "waiting" || (to === "dead" && place === "waiting" && isExpired(queue, seq))) return true;
    if (place !== "leased") lease(queue, seq);
    if (to === "dead") run({ type: "dead", queue, seq, reason: REASON_UNKNOWN });
    return true;
  };

  /**
   * Of a message of a group it is known that it was over. Whether it was acknowledged, or given up, nobody knows: whoever looks at
   * the dead letters finds it there.
   */
  const end = (queue: QueueState, seq: Seq) => {
    if (placeOf(queue.name, seq) === "waiting" && isExpired(queue.name, seq)) return;
    if (!bring(queue.name, seq, "dead")) return;
    const group = queue.groups.get(queue.dead.get(seq)?.groupId ?? "");
    if (group?.dead?.includes(seq)) freePlace(queue, group, seq, places.at);
  };

  /** A message is about to leave its place behind others of its group: those must be over. */
  const letThrough = (name: string, seq: Seq) => {
    const queue = state.queues.get(name);
    if (queue === undefined) return;
    for (let group = members.blocking(queue, seq); group; group = members.blocking(queue, seq)) {
      const head = members.headOf(queue, group);
      if (head !== undefined) end(queue, head);
      else if (group.dead) freePlace(queue, group, group.dead[0] as Seq, places.at);
      else return;
    }
  };

  /** Those whose time has come expire, and so do those that lie before them in their runs. Returns the others. */
  const expireDue = (name: string, seqs: readonly Seq[]): Seq[] => {
    const due = state.queues.get(name)?.expiries.due(places.at) ?? [];
    due.sort((a, b) => a.seq - b.seq);
    const counts = new Map<Run, number>();
    const others = seqs.filter((seq) => {
      const own = runWith(due, seq);
      if (own) counts.set(own, Math.max(counts.get(own) ?? 0, seq - own.seq + 1));
      return own === undefined;
    });
    const expired = Array.from(counts, ([{ seq }, count]) => [seq, count]).flat();
    if (expired.length > 0) run({ type: "expired", queue: name, seqs: expired });
    return others;
  };

  const isExpired = (queue: string, seq: Seq): boolean => expireDue(queue, [seq]).length === 0;

  const expire = (name: string, seqs: readonly Seq[]): void => {
    for (const seq of expireDue(name, seqs)) {
      // One before it may have taken it along.
      if (placeOf(name, seq) !== "waiting") continue;
      lease(name, seq);
      run({ type: "dead", queue: name, seq, reason: REASON_EXPIRED });
    }
  };

  const comeBack = (queue: string, seq: Seq): void => {
    if (isExpired(queue, seq)) return;
    lease(queue, seq);
    run({ type: "returned", queue, seqs: [seq, 1], counted: false, suspect: false });
  };

  const places: Places = { at: state.now, waiting, run, placeOf, bring, letThrough, comeBack, expire };
  return places;
}
