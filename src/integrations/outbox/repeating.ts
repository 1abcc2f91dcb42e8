// When what waits is repeated: all the time in a page, for bounded spells in a service worker; while the browser says that
// it is offline, one request now and then, since it may be wrong or never say that it is back.
// Invariants: one spell at a time; it ends, and says what still waits, once its time is over or the outbox is closed.

import { QueueError } from "../../core/spec/errors.js";
import { growingMs } from "../../core/spec/waits.js";
import type { Consumer, Delivery, Queue, QueueStats } from "../../index.js";
import type { Attempt } from "./attempts.js";
import { registerSync, type SyncEvent, sleep } from "./context.js";
import type { OutboxEvents } from "./events.js";
import type { Gates } from "./gates.js";
import type { Delivered } from "./history.js";
import type { Network } from "./network.js";
import type { Settings } from "./options.js";
import { createReplay, type Replay } from "./replay.js";
import type { StoredRequest } from "./stored-request.js";

export interface Opened {
  readonly queue: Queue<StoredRequest>;
  /** Missing where nothing is repeated all the time. */
  readonly consumer: Consumer | undefined;
  /** Missing where nothing is kept of what was delivered. */
  readonly history: Queue<Delivered> | undefined;
}

export interface RepeatingParts {
  readonly settings: Settings;
  readonly gates: Gates;
  readonly network: Network;
  readonly attempt: Attempt;
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
  /** Somebody has answered, whatever the browser says of the network. */
  answered(): void;
  /** The page is looked at: if it waits for the network, now is the time to find out. */
  lookAround(): void;
  onSync(event: SyncEvent): Promise<void>;
  /** Resolves when the spell that runs is over; `closing` ends it. */
  ended(): Promise<void>;
}

/** How often a service worker looks whether what tabs have in work is done. */
const OTHERS_MS = 250;
/** The longest wait between two looks at a network that the browser says is not there. */
const PROBE_MS_MAX = 300_000;
const waitsIn = ({ ready, delayed, leased, blocked }: QueueStats): number => ready + delayed + leased + blocked;

export function createRepeating(parts: RepeatingParts): Repeating {
  const { settings, gates, network, events, tag, isBounded, closing, open, opened } = parts;
  let deliveredHere = 0;
  let draining: Promise<number> | undefined;
  let resuming: ReturnType<typeof setTimeout> | undefined;
  let isPaused = false;
  let looks = 0;
  let looking: ReturnType<typeof setTimeout> | undefined;
  let probing: Promise<void> | undefined;
  const stopTimers = () => {
    clearTimeout(resuming);
    clearTimeout(looking);
    looking = undefined;
  };
  closing.addEventListener("abort", stopTimers);

  const pause = () => {
    clearTimeout(resuming);
    isPaused = true;
    planLook();
    void opened()
      ?.then(({ consumer }) => isPaused && consumer?.pause())
      .catch(() => {});
  };
  const answered = () => {
    network.answered();
    if (isPaused) wake();
  };
  const repeat = createReplay({
    ...parts,
    onOffline: pause,
    onAnswer: answered,
    // Also while it is being closed: what is under way is still settled.
    history: async () => (await opened())?.history,
    delivered(message, status) {
      deliveredHere++;
      events.delivered(message, status);
    },
  });

  const wake = () => {
    stopTimers();
    if (!settings.replay || closing.aborted) return;
    gates.reset();
    // Thousands of clients may have come back with this one.
    resuming = setTimeout(() => {
      if (isBounded) return void drain(settings.budgetMs).catch(() => {});
      if (network.isOffline()) return pause();
      isPaused = false;
      looks = 0;
      void open().then(
        ({ consumer }) => consumer?.resume(),
        () => {},
      );
    }, Math.random() * settings.reconnectSpreadMs);
  };

  /** A service worker has no time of its own to look at. */
  const planLook = () => {
    if (looking !== undefined || isBounded || !settings.replay || closing.aborted) return;
    const growth = { baseMs: settings.backoff.baseMs, maxMs: PROBE_MS_MAX };
    looking = setTimeout(look, growingMs(++looks, growth) * (0.5 + Math.random() / 2));
  };
  const look = async () => {
    looking = undefined;
    if (!network.isOffline()) return wake();
    await probe();
    if (isPaused && network.isOffline()) planLook();
  };
  const lookAround = () => {
    if (!isPaused || !settings.replay) return;
    clearTimeout(looking);
    looks = 0;
    void look();
  };
  /** Asks for one request, the oldest that may be asked for, whatever the browser says of the network. */
  const probe = (endsAt?: number): Promise<void> => {
    probing ??= probeOnce(endsAt)
      .catch(() => {})
      .finally(() => {
        probing = undefined;
      });
    return probing;
  };
  const probeOnce = async (endsAt?: number) => {
    const { queue } = await open();
    const begun = new AbortController();
    const isProbe = { isProbe: true, ...(endsAt !== undefined && { endsAt }) };
    const ask = (delivery: Delivery<StoredRequest>) => {
      begun.abort();
      return repeat(delivery, isProbe);
    };
    await queue.consumeUntilEmpty(ask, { signal: AbortSignal.any([closing, begun.signal]) });
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
    if (network.isOffline()) await probe(endsAt);
    for (;;) {
      const leftMs = endsAt - Date.now();
      if (isBounded) isPaused = network.isOffline();
      if (leftMs > 0 && !network.isOffline() && !closing.aborted) {
        const how = { budgetMs: leftMs, concurrency, signal: closing };
        await queue.consumeUntilEmpty((delivery) => repeat(delivery, { endsAt }), how);
      }
      const stats = await queue.stats();
      const remaining = waitsIn(stats);
      repeating.mayWait = remaining > 0;
      if (closing.aborted) return remaining;
      const { ready, leased, nextDueAt, paused } = stats;
      const nextMs = ready > 0 ? 0 : leased > 0 ? OTHERS_MS : (nextDueAt ?? Number.POSITIVE_INFINITY) - Date.now();
      if (remaining === 0 || paused || network.isOffline() || Date.now() + nextMs >= endsAt) {
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
    answered,
    lookAround,
    onSync,
    async ended() {
      await Promise.all([probing, draining?.catch(() => {})]);
    },
  };
  return repeating;
}
