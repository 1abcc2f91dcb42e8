// When what waits is repeated: all the time in a page, for bounded spells in a service worker, never while offline.
// Invariants: one spell at a time; it ends, and says what still waits, once its time is over or the outbox is closed.

import { QueueError } from "../../core/spec/errors.js";
import type { Consumer, Queue, QueueStats } from "../../index.js";
import { isOffline, registerSync, type SyncEvent, sleep } from "./context.js";
import type { OutboxEvents } from "./events.js";
import type { Gates } from "./gates.js";
import type { Settings } from "./options.js";
import { createReplay, type Replay } from "./replay.js";
import type { StoredRequest } from "./stored-request.js";

export interface Opened {
  readonly queue: Queue<StoredRequest>;
  /** Missing where nothing is repeated all the time. */
  readonly consumer: Consumer | undefined;
}

export interface RepeatingParts {
  readonly settings: Settings;
  readonly gates: Gates;
  readonly events: Pick<OutboxEvents, "delivered" | "lookForDead">;
  /** Of its `sync` events. */
  readonly tag: string;
  /** Whether this context repeats in spells. */
  readonly isBounded: boolean;
  /** The outbox is closed. */
  readonly closing: AbortSignal;
  open(): Promise<Opened>;
  /** Missing while nobody has opened it. */
  opened(): Promise<Opened> | undefined;
}

export interface Repeating {
  readonly repeat: Replay;
  /** Whether there may be something to repeat: unknown at the start. */
  mayWait: boolean;
  /** As `Outbox.replay`. */
  replay(budgetMs: number): Promise<{ readonly delivered: number; readonly remaining: number }>;
  /** The network is back, or may be. */
  wake(): void;
  /** The network is gone. */
  pause(): void;
  onSync(event: SyncEvent): Promise<void>;
  /** Resolves when the spell that runs is over; `closing` ends it. */
  ended(): Promise<void>;
}

/** How often a service worker looks whether what tabs have in work is done. */
const OTHERS_MS = 250;
const waitsIn = ({ ready, delayed, leased, blocked }: QueueStats): number => ready + delayed + leased + blocked;

export function createRepeating(parts: RepeatingParts): Repeating {
  const { settings, gates, events, tag, isBounded, closing, open, opened } = parts;
  let deliveredHere = 0;
  let draining: Promise<number> | undefined;
  let resuming: ReturnType<typeof setTimeout> | undefined;
  closing.addEventListener("abort", () => clearTimeout(resuming));

  const pause = () => {
    clearTimeout(resuming);
    void opened()
      ?.then(({ consumer }) => consumer?.pause())
      .catch(() => {});
  };
  const repeat = createReplay({
    settings,
    gates,
    onOffline: pause,
    delivered(message, status) {
      deliveredHere++;
      events.delivered(message, status);
    },
  });

  const wake = () => {
    clearTimeout(resuming);
    if (!settings.replay) return;
    gates.reset();
    // Thousands of clients may have come back with this one.
    resuming = setTimeout(() => {
      if (isOffline()) return;
      if (isBounded) return void drain(settings.budgetMs).catch(() => {});
      void open().then(
        ({ consumer }) => consumer?.resume(),
        () => {},
      );
    }, Math.random() * settings.reconnectSpreadMs);
  };

  /** Repeats until nothing waits, the time is over or the browser is offline; resolves with what still waits. */
  const drain = (budgetMs: number): Promise<number> => {
    draining ??= drainOnce(budgetMs).finally(() => {
      draining = undefined;
    });
    return draining;
  };
  const drainOnce = async (budgetMs: number): Promise<number> => {
    const endsAt = Date.now() + budgetMs;
    const { queue } = await open();
    const { concurrency } = settings;
    for (;;) {
      const leftMs = endsAt - Date.now();
      if (leftMs > 0 && !isOffline() && !closing.aborted) {
        const how = { budgetMs: leftMs, concurrency, signal: closing };
        await queue.consumeUntilEmpty((delivery) => repeat(delivery, endsAt), how);
      }
      const stats = await queue.stats();
      const remaining = waitsIn(stats);
      repeating.mayWait = remaining > 0;
      if (closing.aborted) return remaining;
      const { ready, leased, nextDueAt, paused } = stats;
      const nextMs = ready > 0 ? 0 : leased > 0 ? OTHERS_MS : (nextDueAt ?? Number.POSITIVE_INFINITY) - Date.now();
      if (remaining === 0 || paused || isOffline() || Date.now() + nextMs >= endsAt) {
        if (stats.dead > 0) await events.lookForDead();
        return remaining;
      }
      await sleep(Math.max(1, nextMs), closing);
    }
  };

  const onSync = async ({ lastChance }: SyncEvent) => {
    const remaining = await drain(settings.budgetMs);
    if (remaining === 0) return;
    // The browser tries a failed event again, a few times; after the last one only a new registration helps.
    if (lastChance) await registerSync(tag);
    else throw new QueueError("timeout", `${remaining} requests of outbox "${settings.name}" still wait`);
  };

  const repeating: Repeating = {
    repeat,
    mayWait: true,
    async replay(budgetMs) {
      const before = deliveredHere;
      const remaining = await drain(budgetMs);
      return { delivered: deliveredHere - before, remaining };
    },
    wake,
    pause,
    onSync,
    async ended() {
      await draining?.catch(() => {});
    },
  };
  return repeating;
}
