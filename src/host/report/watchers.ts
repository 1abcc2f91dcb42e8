// Who wants to see a queue's statistics as they change. Invariant: one push to a watcher at a time, none sooner than
// it wishes, none without a change; who does not take what was pushed gets nothing more.

import type { Change } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";
import { WATCHERS_PER_CLIENT_MAX } from "../../core/spec/limits.js";
import type { Reading, Span } from "../../core/spec/time.js";
import type { QueueStats } from "../../core/view/view.js";

export interface Watcher {
  readonly id: string;
  readonly client: string;
  readonly queue: string;
  readonly everyMs: Span;
  /** Resolves when the client has taken it. */
  push(stats: QueueStats): Promise<void>;
}

export interface Watchers {
  /** Pushes the statistics of now, then whenever they change. */
  add(watcher: Watcher): void;
  cancel(id: string, client: string): void;
  removeAll(client: string): void;
  hasAny(client: string): boolean;
  /** Called after each turn with what it changed. */
  note(changes: readonly Change[]): void;
}

interface Watch extends Watcher {
  seen: string;
  pushedAt: Reading;
  isPlanned: boolean;
  isPushing: boolean;
  isChanged: boolean;
  cancelTimer(): void;
}

export function createWatchers(parts: {
  monotonic(): Reading;
  setTimer(callback: () => void, ms: number): () => void;
  stats(queue: string): Promise<QueueStats>;
  /** A short text that changes when what time or consumers alone can change does. */
  glance(queue: string): string;
}): Watchers {
  const watches = new Map<string, Watch>();
  const keyOf = ({ id, client }: Pick<Watcher, "id" | "client">) => `${client} ${id}`;

  const plan = (watch: Watch) => {
    watch.isChanged = true;
    if (watch.isPlanned || watch.isPushing) return;
    watch.isPlanned = true;
    const waitMs = watch.pushedAt + watch.everyMs - parts.monotonic();
    if (waitMs <= 0) void push(watch);
    else watch.cancelTimer = parts.setTimer(() => void push(watch), waitMs);
  };

  const push = async (watch: Watch) => {
    Object.assign(watch, { isPlanned: false, isPushing: true, isChanged: false, pushedAt: parts.monotonic() });
    watch.seen = parts.glance(watch.queue);
    try {
      await watch.push(await parts.stats(watch.queue));
    } catch {
      // The host or the link has ended, and with it the watching.
      return remove(watch);
    }
    watch.isPushing = false;
    if (watch.isChanged && watches.get(keyOf(watch)) === watch) plan(watch);
  };

  const remove = (watch: Watch | undefined) => {
    if (watch === undefined) return;
    watch.cancelTimer();
    if (watches.get(keyOf(watch)) === watch) watches.delete(keyOf(watch));
  };

  return {
    add(watcher) {
      remove(watches.get(keyOf(watcher)));
      let own = 0;
      for (const { client } of watches.values()) if (client === watcher.client) own++;
      if (own >= WATCHERS_PER_CLIENT_MAX) {
        throw new QueueError("full", `a client has ${WATCHERS_PER_CLIENT_MAX} watchers of statistics at most`);
      }
      const watch: Watch = {
        ...watcher,
        seen: "",
        pushedAt: Number.NEGATIVE_INFINITY,
        isPlanned: false,
        isPushing: false,
        isChanged: false,
        cancelTimer: () => {},
      };
      watches.set(keyOf(watch), watch);
      plan(watch);
    },
    cancel: (id, client) => remove(watches.get(keyOf({ id, client }))),
    removeAll(client) {
      for (const watch of [...watches.values()]) if (watch.client === client) remove(watch);
    },
    hasAny: (client) => [...watches.values()].some((watch) => watch.client === client),
    note(changes) {
      if (watches.size === 0) return;
      const changed = new Set(changes.map((change) => ("queue" in change ? change.queue : "")));
      for (const watch of watches.values()) {
        if (changed.has(watch.queue) || watch.seen !== parts.glance(watch.queue)) plan(watch);
      }
    },
  };
}
