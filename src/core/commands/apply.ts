// Applies what was decided to the working state. Total: a change that is in the journal can always be applied.
// Invariant: no decision is taken here; the same changes give the same state on any machine.

import type { Change, JournalRecord } from "../log/journal.js";
import { isWritten } from "../log/written.js";
import { assert } from "../spec/errors.js";
import type { Instant } from "../spec/time.js";
import { replaceBody } from "../state/deduplication.js";
import { skipDead, waitForTokens } from "../state/groups.js";
import { rebase } from "../state/rate.js";
import { type ClientState, createClientState, createQueueState, type QueueState, type State } from "../state/state.js";
import { applyAccepted, applyDropped, applyOverflowed } from "./accept.js";
import { advance, setBack } from "./clock.js";
import { applyDeadPurged, applyRedriven } from "./dead-letters.js";
import { touch } from "./due.js";
import { applyExpired } from "./expire.js";
import { applyHidden } from "./hidden.js";
import {
  applyAcked,
  applyDead,
  applyLeased,
  applyQuarantined,
  applyRenewed,
  applyRetried,
  applyReturned,
} from "./leases.js";
import { applyPurged } from "./purge.js";
import { applyPurgedByName } from "./purge-by-name.js";
import { applySchedule } from "./schedules.js";
import { applySubscription } from "./topics.js";

/** Replays one record. Throws for one that no host has written. */
export function applyRecord(state: State, record: JournalRecord): void {
  assert(isWritten(record), "a journal record has its numbers and changes");
  advance(state, record.at);
  state.epoch = record.epoch;
  for (const change of record.changes) apply(state, change, record.at);
  state.lsn = record.lsn;
}

export function apply(state: State, change: Change, at: Instant): void {
  if (change.type === "deleted") return deleteQueue(state, change.queue);
  applyTo(state, change, at);
  const queue = "queue" in change ? state.queues.get(change.queue) : undefined;
  if (queue) touch(state, queue);
}

function deleteQueue(state: State, name: string): void {
  const queue = state.queues.get(name);
  if (queue === undefined) return;
  state.queues.delete(name);
  state.agenda.remove(queue);
  state.forgetting.remove(queue);
}

function applyTo(state: State, change: Exclude<Change, { type: "deleted" }>, at: Instant): void {
  switch (change.type) {
    case "took-over":
      state.terms.push({ firstSeq: state.nextSeq, term: change.term });
      state.firstTerm ??= change.term;
      return;
    case "configured": {
      const queue = queueOf(state, change.queue);
      const before = queue.settings;
      queue.settings = { ...before, ...change.settings };
      if (change.isRebased) {
        rebase(queue, before, at);
        waitForTokens(queue, at);
      }
      if (change.settings.onGroupFailure === "skip") skipDead(queue, at);
      return;
    }
    case "stored":
      state.batches.add(change);
      return;
    case "accepted":
      return applyAccepted(state, queueOf(state, change.queue), change, at);
    case "replaced":
      return replaceBody(state, queueOf(state, change.queue), change);
    case "hidden":
      return applyHidden(state, queueOf(state, change.queue), change);
    case "subscribed":
    case "unsubscribed":
    case "released":
      return applySubscription(state, change);
    case "overflowed":
      return applyOverflowed(state, queueOf(state, change.queue), change, at);
    case "dropped":
      return change.isPurged
        ? applyPurgedByName(state, queueOf(state, change.queue), change.seqs, at)
        : applyDropped(state, queueOf(state, change.queue), change.seqs, at);
    case "scheduled":
    case "unscheduled":
    case "ticked":
      return applySchedule(state, queueOf(state, change.queue), change, at);
    case "leased":
      return applyLeased(state, queueOf(state, change.queue), clientOf(state, change.client, at), change, at);
    case "renewed":
      return applyRenewed(state, change);
    case "acked":
      return applyAcked(state, queueOf(state, change.queue), change, at);
    case "retried":
      return applyRetried(state, queueOf(state, change.queue), change, at);
    case "returned":
      return applyReturned(state, queueOf(state, change.queue), change, at);
    case "dead":
      return applyDead(state, queueOf(state, change.queue), change, at);
    case "expired":
      return applyExpired(state, queueOf(state, change.queue), change.seqs, at);
    case "redriven":
      return applyRedriven(queueOf(state, change.queue), change, at);
    case "purged":
      return applyPurged(state, queueOf(state, change.queue), change.only, at);
    case "dead-purged":
      return applyDeadPurged(state, queueOf(state, change.queue), change, at);
    case "paused":
      queueOf(state, change.queue).pausedByUser = change.paused;
      return;
    case "rewritten":
      state.batches.replace(change.removed, change.added);
      return;
    case "answered": {
      const client = clientOf(state, change.client, at);
      client.outcomes.set(change.number, change.outcome);
      client.confirmed = Math.max(client.confirmed, change.confirmed);
      // Numbers rise, so the confirmed ones stand first.
      for (const number of client.outcomes.keys()) {
        if (number > client.confirmed) break;
        client.outcomes.delete(number);
      }
      return;
    }
    case "client-forgotten":
      assert(!state.clients.get(change.client)?.held, `client ${change.client} holds nothing when it is forgotten`);
      state.clients.delete(change.client);
      return;
    case "quarantined":
      return applyQuarantined(state, queueOf(state, change.queue), change, at);
    case "clock-set-back":
      return setBack(state, change.byMs, at);
  }
}

/** The queue of that name, new if there is none. */
function queueOf(state: State, name: string): QueueState {
  let queue = state.queues.get(name);
  if (queue === undefined) {
    queue = createQueueState(name);
    state.queues.set(name, queue);
  }
  return queue;
}

function clientOf(state: State, id: string, at: Instant): ClientState {
  let client = state.clients.get(id);
  if (client === undefined) {
    client = createClientState(id);
    state.clients.set(id, client);
  }
  client.seenAt = at;
  return client;
}
