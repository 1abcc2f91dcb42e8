// The end of the journal, commit by commit, with how much each queue held after it. The log is read again for it, from its
// checkpoint on: nothing of it is kept while nobody asks.

import { applyRecord } from "../../core/commands/apply.js";
import type { Change, JournalRecord } from "../../core/log/journal.js";
import { estimateBytes } from "../../core/log/size.js";
import { JOURNAL_BYTES_MAX } from "../../core/spec/limits.js";
import type { QueueState, State } from "../../core/state/state.js";
import type { JournalCommit, JournalTail, QueueDepths } from "../../link/rpc/inspection.js";
import { OWN_QUEUE_PREFIX } from "../../link/rpc/names.js";
import type { StoredLog } from "../../store/log-store.js";
import { loadCheckpoint } from "../engine/load.js";
import { listed } from "./reads.js";

/** The last `max` commits, or fewer where they would be too large together. */
export async function readJournal(log: StoredLog, max: number): Promise<JournalTail> {
  const { state, log: from } = await loadCheckpoint(log);
  let before = depthsOf(state);
  const commits: { readonly commit: JournalCommit; readonly bytes: number }[] = [];
  let bytes = 0;
  for await (const record of from.journal) {
    applyRecord(state, record);
    const commit = commitOf(record, state);
    const own = estimateBytes(commit);
    commits.push({ commit, bytes: own });
    bytes += own;
    while (commits.length > max || (bytes > JOURNAL_BYTES_MAX && commits.length > 1)) {
      const dropped = commits.shift();
      bytes -= dropped?.bytes ?? 0;
      before = { ...before, ...dropped?.commit.after };
    }
  }
  return { before, commits: commits.map(({ commit }) => commit) };
}

function commitOf({ lsn, epoch, at, changes }: JournalRecord, state: State): JournalCommit {
  const shown = changes.filter(isShown);
  const touched = new Set(shown.flatMap((change) => ("queue" in change ? [change.queue] : [])));
  const after = Object.fromEntries([...touched].map((name) => [name, depthOf(state.queues.get(name))]));
  return { lsn, epoch, at, changes: shown, after };
}

/** Not what was answered to whom, nor what is between clients and their queues of replies. */
const isShown = (change: Change): boolean =>
  change.type !== "answered" && !("queue" in change && change.queue.startsWith(OWN_QUEUE_PREFIX));

const depthsOf = (state: State): Record<string, QueueDepths> =>
  Object.fromEntries(listed(state).map((queue) => [queue.name, depthOf(queue)]));

function depthOf(queue: QueueState | undefined): QueueDepths {
  if (queue === undefined) return { ready: 0, delayed: 0, leased: 0, blocked: 0, dead: 0 };
  const { readyCount: ready, delayedCount: delayed, leased, blockedCount: blocked, dead } = queue;
  return { ready, delayed, leased: leased.size, blocked, dead: dead.size };
}
