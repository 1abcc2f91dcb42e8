// Runs handlers over deliveries that the host pushes.
// Invariants: at most `concurrency` handlers run; a handler that returns acknowledges, one that throws retries; what
// was not started when the consumer stops goes back uncounted.

import type { Verdict } from "../../core/commands/commands.js";
import { QueueError } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { HandOut } from "../../link/rpc/wire.js";
import { whenAborted } from "../runtime/abortable.js";
import { complainOnce } from "../runtime/complain.js";
import { asyncDispose } from "../runtime/dispose.js";
import { type Handling, handle } from "./handling.js";
import type { Hiding, Holding } from "./holding.js";
import type { Source } from "./source.js";

/** How many deliveries a consumer works on, and whose place it takes. */
export interface ConsumeOptions {
  /** Handlers that may run at once. Default 1. */
  readonly concurrency?: number;
  /** Deliveries this consumer may hold, running ones included. Default: `concurrency`. */
  readonly prefetch?: number;
  /** Stops the consumer. */
  readonly signal?: AbortSignal;
  /**
   * A name of 1 to 256 characters. Of a queue a page has one consumer of that key: a later one takes its place, whatever
   * connection or `Queue` object it is of. The earlier stops as by its `stop()`: it starts no more handlers, and those that
   * run end in their own time, beside those of the new one. For modules that are evaluated again, as under hot reloading.
   * Default: none; each `consume` adds a consumer.
   */
  readonly key?: string;
  /**
   * A single active consumer: of all consumers of a queue that say so, in whichever tab or process, only the oldest is
   * handed messages. The next takes over when it has stopped, is paused or gone, and what it held is settled or back. So a
   * queue without groups is worked on in order, however many contexts consume it. Consumers that do not say so get their
   * share as ever; of one that is being stopped, and of `consumeUntilEmpty`, the next waits for what is in hand. Under a host of an earlier version: as without. Default false.
   */
  readonly singleActive?: boolean;
}

/** A handler at work, from `consume` until it is stopped, its queue is closed, or there is no host any more. */
export interface Consumer {
  /** Handlers that run now. */
  readonly active: number;
  /**
   * Resolves when the consumer was stopped and its handlers have ended. Rejects when it ends by itself, with why: `denied`,
   * where a server does not let this client consume the queue, `internal`, where the host can hand out nothing of it, or why there
   * will be no host any more. Who does not ask for it finds that on the console, once for all consumers that end with the same
   * host or key; nothing of a key where `shred()` was called.
   */
  readonly closed: Promise<void>;
  /**
   * Takes no more deliveries and gives back what was not started; resolves when the running handlers have ended and
   * their outcome is stored. `force`: aborts their signals and gives their messages back at once.
   */
  stop(options?: { readonly force?: boolean }): Promise<void>;
  /** Takes no more deliveries until `resume`; what was not started goes back. Running handlers go on. */
  pause(): void;
  /** Takes deliveries again after `pause`; does nothing where it was not paused or is stopped. */
  resume(): void;
  [asyncDispose](): Promise<void>;
}

/** Handlers run one after the other without a break for at most this long, then the event loop gets its turn. */
const SLICE_MS = 8;

export interface ConsumerParts<Body> extends Handling<Body> {
  readonly client: Source;
  readonly queue: string;
  readonly concurrency: number;
  readonly prefetch: number;
  readonly singleActive: boolean;
  /** Present where the queue is encrypted. */
  readonly hiding?: Hiding | undefined;
  onStopped(): void;
}

export function createConsumer<Body>(parts: ConsumerParts<Body>): Consumer {
  const { client, queue, concurrency, prefetch, singleActive, hiding } = parts;
  const buffer: Holding<Body>[] = [];
  const running = new Set<Holding<Body>>();
  let unsettled = 0;
  let state: "running" | "paused" | "stopped" = "running";
  let sliceEndsAt = 0;
  let isYielding = false;
  let awaited: Promise<void> | undefined;
  /** A handler that ends at once must not start the next one from within. */
  let isPumping = false;
  /** When the handler that was started last ended, if it ended at once: reading the clock costs as much as all the rest. */
  let endedAt: number | undefined;
  let whenQuiet: (() => void)[] = [];
  const closed = deferred();
  closed.promise.catch(() => {});
  let isAsked = false;

  const take = (handOut: HandOut) => {
    const taken = client.holdings.take<Body>(handOut);
    if (state !== "running") return giveBack(taken);
    // Nothing was going on: this task has only begun.
    if (running.size === 0 && buffer.length === 0) sliceEndsAt = client.runtime.now() + SLICE_MS;
    for (const holding of taken) {
      holding.onLost(lose);
      buffer.push(holding);
    }
    pump();
  };

  /** A buffered delivery whose lease is lost is never started; the slot of a running one is free, if it ever ends or not. */
  const lose = (holding: Holding<Body>) => {
    const index = buffer.indexOf(holding);
    if (index >= 0) buffer.splice(index, 1);
    free(holding);
  };

  const settle = (holding: Holding<Body>, verdict: Verdict, now?: number) => {
    unsettled++;
    holding.settleThen(verdict, onSettled, now);
  };

  /** Whatever the outcome: of a lease that was lost meanwhile, its handler's signal told. */
  const onSettled = () => {
    unsettled--;
    wakeIfQuiet();
  };

  const giveBack = (holdings: readonly Holding<Body>[]) => {
    for (const holding of holdings) {
      unsettled++;
      void holding.giveBack().then(onSettled);
    }
  };

  const pump = () => {
    if (isPumping) return;
    isPumping = true;
    try {
      startWhatMayRun();
    } finally {
      isPumping = false;
    }
  };

  const startWhatMayRun = () => {
    let now = client.runtime.now();
    while (state === "running" && running.size < concurrency && buffer.length > 0) {
      const opening = hiding?.pending(buffer[0] as Holding<Body>);
      if (opening) return whenOpen(opening);
      if (now >= sliceEndsAt) return yieldTurn();
      endedAt = undefined;
      start(buffer.shift() as Holding<Body>, now);
      now = endedAt ?? client.runtime.now();
    }
  };

  /** Handlers begin in order, however long each message takes to open. */
  const whenOpen = (opening: Promise<void>) => {
    if (awaited === opening) return;
    awaited = opening;
    void opening.then(() => {
      sliceEndsAt = client.runtime.now() + SLICE_MS;
      pump();
    });
  };

  const yieldTurn = () => {
    if (isYielding) return;
    isYielding = true;
    client.runtime.afterTurn(() => {
      isYielding = false;
      sliceEndsAt = client.runtime.now() + SLICE_MS;
      pump();
    });
  };

  const free = (holding: Holding<Body>) => {
    if (!running.delete(holding)) return;
    wakeIfQuiet();
    pump();
  };

  const start = (holding: Holding<Body>, now: number) => {
    running.add(holding);
    holding.start(now);
    handle(parts, holding, (verdict, isAtOnce) => {
      if (isAtOnce) endedAt = client.runtime.now();
      if (verdict) settle(holding, verdict, isAtOnce ? endedAt : undefined);
      free(holding);
    });
  };

  const wakeIfQuiet = () => {
    if (running.size > 0 || unsettled > 0) return;
    const waiting = whenQuiet;
    whenQuiet = [];
    for (const wake of waiting) wake();
  };

  const quiet = () =>
    new Promise<void>((resolve) => {
      whenQuiet.push(resolve);
      wakeIfQuiet();
    });

  /** It ends by itself: of that somebody has to hear. */
  const fail = (reason: QueueError, isTold = false) => {
    if (state === "stopped") return;
    if (!isAsked && !isTold) complainOnce(`consume() of queue "${queue}" has ended`, reason);
    closed.reject(reason);
    void stop();
  };

  const stop = async ({ force = false } = {}): Promise<void> => {
    if (state !== "stopped") {
      state = "stopped";
      forget();
      await registration.cancel();
      giveBack(buffer.splice(0));
    }
    if (force) {
      const reason = new QueueError("closed", "the consumer was stopped by force");
      for (const holding of [...running]) {
        if (holding.isSettled) continue;
        unsettled++;
        void holding.withdraw(reason).then(onSettled, onSettled);
      }
    }
    await quiet();
    parts.onStopped();
    closed.resolve();
  };

  const registration = client.registerConsumer(queue, { prefetch, concurrency, singleActive }, take, fail);
  const forget = whenAborted(client.over, () => fail(client.over.reason));

  return {
    get active() {
      return running.size;
    },
    get closed() {
      isAsked = true;
      return closed.promise;
    },
    stop,
    pause() {
      if (state !== "running") return;
      state = "paused";
      registration.setPrefetch(0);
      giveBack(buffer.splice(0));
    },
    resume() {
      if (state !== "paused") return;
      state = "running";
      registration.setPrefetch(prefetch);
    },
    [asyncDispose]: () => stop(),
  };
}
