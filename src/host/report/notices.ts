// What a commit is announced as. Hints: whoever misses one loses nothing.

import type { Change } from "../../core/log/journal.js";
import { countOf } from "../../core/log/ranges.js";
import { KEY_QUEUE } from "../../core/spec/key-queue.js";
import type { State } from "../../core/state/state.js";
import { isPaused } from "../../core/state/state.js";
import type { Notice, QueueNotice } from "../../link/rpc/views.js";

type NoticeDraft = { -readonly [Key in keyof QueueNotice]: QueueNotice[Key] };

/** The announcement of one commit, or `undefined` when nobody needs to hear of it. */
export function noticeOf(state: State, changes: readonly Change[]): Notice | undefined {
  const drafts = new Map<string, NoticeDraft>();
  for (const change of changes) {
    if (!("queue" in change)) continue;
    const draft = drafts.get(change.queue) ?? {};
    if (note(draft, change, state)) drafts.set(change.queue, draft);
  }
  if (drafts.size === 0) return undefined;
  return { v: 1, type: "notice", epoch: state.epoch, queues: Object.fromEntries(drafts) };
}

function note(draft: NoticeDraft, change: Extract<Change, { queue: string }>, state: State): boolean {
  const queue = state.queues.get(change.queue);
  if (queue === undefined) {
    if (change.type !== "deleted" || change.queue !== KEY_QUEUE) return false;
    draft.shredded = {};
    return true;
  }
  const { acked = 0, retried = 0, returned = 0 } = draft.settled ?? {};
  const arrived = (count: number) => {
    draft.available = { count: (draft.available?.count ?? 0) + count, ready: queue.readyCount };
  };
  switch (change.type) {
    case "accepted":
      arrived(change.count);
      return true;
    case "redriven":
      arrived(countOf(change.seqs));
      return true;
    case "acked":
      if (change.purgedFrom) return false;
      draft.settled = { acked: acked + countOf(change.seqs), retried, returned };
      return true;
    case "retried":
      draft.settled = { acked, retried: retried + 1, returned };
      return true;
    case "returned":
      draft.settled = { acked, retried, returned: returned + countOf(change.seqs) };
      return true;
    case "dropped":
      if (change.isPurged) return false;
      draft.dropped = { count: (draft.dropped?.count ?? 0) + countOf(change.seqs) };
      return true;
    case "dead":
    case "expired":
    case "overflowed": {
      const died = change.type === "dead" ? 1 : change.type === "expired" ? countOf(change.seqs) : change.count;
      draft.dead = { count: (draft.dead?.count ?? 0) + died, total: queue.dead.size };
      // The last dead letter that fits pauses the queue.
      if (isPaused(queue)) draft.paused = { paused: true };
      return true;
    }
    case "paused":
      draft.paused = { paused: isPaused(queue) };
      return true;
    case "configured":
      draft.configured = { settings: change.settings };
      return true;
    default:
      return false;
  }
}
