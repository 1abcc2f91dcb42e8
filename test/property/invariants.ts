// What must hold of every state, whatever happened: checked by counting everything again.

import { nextWakeUp } from "../../src/core/commands/due.js";
import type { Seq } from "../../src/core/log/journal.js";
import type { Lease } from "../../src/core/state/lease.js";
import { type ClientState, isConserved, isPaused, type QueueState, type State } from "../../src/core/state/state.js";
import { blockedRuns, delayedRuns, waitingRuns } from "../../src/core/state/waiting.js";
import { holds, same } from "./expectations.js";
import { messagesOf } from "./image.js";

/** `isSalvaged`: records of its journal are missing, so that what is decided for one suspect may not be. */
export function checkInvariants(
  state: State,
  disk: ReadonlyMap<Seq, readonly Seq[]>,
  { isSalvaged = false }: { readonly isSalvaged?: boolean } = {},
): void {
  const bodies: Seq[] = [];
  for (const queue of state.queues.values()) {
    holds(isConserved(queue), `queue ${queue.name} is conserved`);
    bodies.push(...checkPlaces(queue));
    for (const { id, bodySeq, nextAt = 0 } of queue.schedules.values()) {
      bodies.push(bodySeq);
      holds(nextAt <= state.now || nextWakeUp(state) <= nextAt, `the next tick of ${id} is awaited`);
    }
  }
  for (const queue of state.queues.values()) {
    for (const { seq, readyAt } of delayedRuns(queue)) {
      holds(nextWakeUp(state) <= readyAt, `the time of message ${seq} is awaited`);
    }
    if (queue.dead.size >= queue.settings.maxDeadLetters) continue;
    for (const { seq, expiresAt = Number.POSITIVE_INFINITY } of waitingRuns(queue)) {
      holds(nextWakeUp(state) <= expiresAt, `the end of message ${seq} is awaited`);
    }
  }
  for (const queue of state.queues.values()) {
    const { rateLimit } = queue.settings;
    const mayWait = !rateLimit || rateLimit.per === "group" || queue.readyCount === 0 || isPaused(queue);
    // A hundredth of a token is too little to tell from rounding.
    if (mayWait || queue.fullAt - state.now <= rateLimit.intervalMs * (1 - 0.99 / rateLimit.limit)) continue;
    holds(nextWakeUp(state) <= Math.ceil(queue.fullAt), "the next token is awaited");
  }
  const leases = [...state.queues.values()].flatMap((queue) => [...queue.leased.values()]);
  checkLeases(state, leases);
  for (const client of state.clients.values()) checkClient(client, leases, isSalvaged);
  checkBodies(state, [...bodies, ...state.quarantined], disk);
}

const rising = (seqs: readonly Seq[]) => [...seqs].sort((a, b) => a - b);

/** Every message is in one place, and where it is counted; returns the bodies that are referenced. */
function checkPlaces(queue: QueueState): Seq[] {
  const suspects = [...messagesOf(queue.suspects)];
  const lanes = queue.lanes.map(({ front, tail }) => [[...messagesOf(front)], [...messagesOf(tail)]] as const);
  const delayed = [...messagesOf(queue.delayed.items())];
  const blocked = [...messagesOf(blockedRuns(queue))];
  const inLine = [...suspects, ...lanes.flat(2), ...delayed];
  const waiting = [...inLine, ...blocked];
  const everywhere = [...waiting, ...queue.leased.values(), ...queue.dead.values()];
  const seqs = everywhere.map((message) => message.seq);
  holds(new Set(seqs).size === seqs.length, "no message is in two places");
  const counts = [queue.readyCount, queue.delayedCount, queue.blockedCount];
  same(counts, [inLine.length - delayed.length, delayed.length, blocked.length], "waiting messages");
  checkGroups(queue, inLine, blocked);
  const bytes = [...waiting, ...queue.leased.values()].reduce((sum, { size }) => sum + size, 0);
  same(queue.bytes, bytes, "bytes");
  holds(
    suspects.every((message) => message.suspect),
    "only suspects wait among the suspects",
  );
  lanes.forEach(([front, tail], priority) => {
    const isInPlace = [...front, ...tail].every((message) => message.priority === priority && !message.suspect);
    holds(isInPlace, `only messages of priority ${priority} wait in its lane`);
    const seqs = front.map((message) => message.seq);
    same(seqs, rising(seqs), "what came back waits by its number");
  });
  for (const [seq, lease] of queue.leased) holds(lease.seq === seq && lease.attempts > 0, `lease of ${seq}`);
  for (const { seq, attempts } of waiting) holds(attempts >= 0, `attempts of ${seq}`);
  const { byId, owners, replacedBodies } = queue.deduplication;
  const entries = new Set(byId.values());
  holds(
    [...owners].every(([seq, owner]) => owner.seq === seq && entries.has(owner)),
    "who owns an id is remembered",
  );
  const waitingSeqs = new Set(waiting.map((message) => message.seq));
  for (const { seq, waits } of owners.values()) same(waits, waitingSeqs.has(seq), `message ${seq} waits`);
  holds(
    [...replacedBodies.keys()].every((seq) => waitingSeqs.has(seq)),
    "only bodies of waiting messages are replaced",
  );
  return [...everywhere.map((message) => message.bodySeq), ...replacedBodies.values()];
}

/** Of each group one message at most is ready, delayed or leased, and none waits for nothing. */
function checkGroups(queue: QueueState, inLine: readonly GroupedMessage[], blocked: readonly GroupedMessage[]): void {
  const leased = [...queue.leased.values()].map((lease) => ({ seq: lease.seq, groupId: lease.group?.id }));
  const heads = [...inLine, ...leased].flatMap(({ groupId }) => groupId ?? []);
  holds(new Set(heads).size === heads.length, "a group has one head");
  for (const [id, group] of queue.groups) {
    same(group.hasHead, heads.includes(id), `the head of group ${id}`);
    const seqs = blocked.filter(({ groupId }) => groupId === id).map(({ seq }) => seq);
    same(seqs, rising(seqs), "what is blocked waits by its number");
    const firstDead = group.dead?.[0] ?? Number.POSITIVE_INFINITY;
    holds(group.hasHead || seqs.every((seq) => seq > firstDead), `group ${id} waits for something`);
    for (const seq of group.dead ?? []) same(queue.dead.get(seq)?.groupId, id, `the group of dead letter ${seq}`);
  }
  holds(
    [...heads, ...blocked.map(({ groupId }) => groupId)].every((id) => id && queue.groups.has(id)),
    "a group is known while messages of it wait or are leased",
  );
}

interface GroupedMessage {
  readonly seq: Seq;
  readonly groupId?: string | undefined;
}

function checkLeases(state: State, leases: readonly Lease[]): void {
  const grants = [...state.grants.values()];
  const inGrants = new Set(grants.flatMap((grant) => [...grant.leases.values()]));
  holds(
    inGrants.size === leases.length && leases.every((lease) => inGrants.has(lease)),
    "leases are those of the grants",
  );
  holds(
    grants.every((grant) => grant.leases.size > 0),
    "a grant ends with its last lease",
  );
  for (const { seq, grant, until } of leases) {
    holds(state.grants.get(grant.id) === grant, `message ${seq} is leased under a known grant`);
    holds(nextWakeUp(state) <= until, `the end of the lease of ${seq} is awaited`);
  }
}

function checkClient(client: ClientState, all: readonly Lease[], isSalvaged: boolean): void {
  const leases = all.filter((lease) => lease.grant.client === client.id);
  const suspects = leases.filter((lease) => lease.suspect);
  same([client.held, client.suspectsHeld], [leases.length, suspects.length], `what ${client.id} holds`);
  holds(suspects.length <= 1 || isSalvaged, `${client.id} holds one suspect at most`);
  const grants = new Set(leases.map((lease) => lease.grant));
  holds(grants.size === client.grants.size && [...grants].every((grant) => client.grants.has(grant)), "grants held");
  for (const [queue, count] of client.heldByQueue) {
    const here = leases.filter((lease) => lease.grant.queue === queue);
    same(count, here.length, `what ${client.id} holds of ${queue}`);
    holds(here.length === 1 || isSalvaged || !here.some((lease) => lease.suspect), "a suspect is alone");
  }
}

/** Each referenced body is in exactly one batch, which is stored; nothing else is alive. */
function checkBodies(state: State, bodies: readonly Seq[], disk: ReadonlyMap<Seq, readonly Seq[]>): void {
  const { batches } = state;
  const all = batches.all();
  const live = all.map((batch) => batches.liveSeqs(batch));
  same(live.flat(), rising([...new Set(bodies)]), "live bodies are those that messages refer to");
  const shared = rising([...batches.shared].flatMap(([seq, count]) => Array.from({ length: count }, () => seq)));
  const others = new Set<Seq>();
  const again = bodies.filter((seq) => others.has(seq) || !others.add(seq));
  same(shared, rising(again), "shared bodies are those that several messages refer to");
  all.forEach(({ firstSeq, live: count }, i) => {
    const seqs = live[i] as Seq[];
    holds(count === seqs.length && count > 0, `batch ${firstSeq} has live bodies`);
    const onDisk = new Set(disk.get(firstSeq));
    for (const seq of seqs) {
      holds(onDisk.has(seq), `body ${seq} is stored in batch ${firstSeq}`);
      holds(batches.find(seq)?.firstSeq === firstSeq, `body ${seq} is found in batch ${firstSeq}`);
    }
  });
  const bytes = all.reduce((sum, batch) => sum + batch.bytes, 0);
  same([batches.size, batches.bytes], [all.length, bytes], "totals of the batches");
}
