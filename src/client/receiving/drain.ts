// Bounded work: handles what is ready until nothing is, or the time is up.
// Invariant: it ends when the handlers that it started have ended and their outcome is stored, stopped or not.

import { QueueError } from "../../core/spec/errors.js";
import type { Reading } from "../../core/spec/time.js";
import { type Handling, handle } from "./handling.js";
import type { Holding } from "./holding.js";
import type { Stoppable } from "./source.js";

/** How much work `consumeUntilEmpty` does. */
export interface DrainOptions {
  /** Starts no handler after so many ms. Default: no limit. */
  readonly budgetMs?: number;
  /** Handlers that may run at once. Default 1. */
  readonly concurrency?: number;
  /** Starts no handler once it aborts. */
  readonly signal?: AbortSignal;
}

/** What `consumeUntilEmpty` has done, and what is left. */
export interface DrainResult {
  /** Messages acknowledged. */
  readonly handled: number;
  /** Messages still ready. */
  readonly remaining: number;
}

const STOPPED = new QueueError("closed", "the work was stopped by force");

export interface DrainParts<Body> extends Handling<Body> {
  now(): Reading;
  take(max: number): Promise<Holding<Body>[]>;
  ready(): Promise<number>;
}

/** Deliveries fetched at once for each handler that may run: fewer round trips for quick handlers. */
const FETCHED_PER_HANDLER = 16;

/** `result` is what its caller waits for; `stop` ends it early, as closing its queue does. */
export function startDrain<Body>(
  parts: DrainParts<Body>,
  { budgetMs, concurrency = 1, signal }: DrainOptions,
): Stoppable & { readonly result: Promise<DrainResult> } {
  const endsAt = budgetMs === undefined ? Number.POSITIVE_INFINITY : parts.now() + budgetMs;
  const running = new Set<Holding<Body>>();
  let buffer: Holding<Body>[] = [];
  let isStopped = false;
  let handled = 0;
  const isOver = () => isStopped || parts.now() >= endsAt || signal?.aborted === true;
  const giveBack = () => Promise.all(buffer.splice(0).map((holding) => holding.giveBack()));

  const attempt = async (holding: Holding<Body>) => {
    running.add(holding);
    holding.start();
    await new Promise<void>((resolve) => {
      handle(parts, holding, (verdict) => (verdict ? holding.settleThen(verdict, resolve) : resolve()));
    });
    running.delete(holding);
    if (holding.isAcked) handled++;
  };

  const work = async () => {
    while (!isOver()) {
      const holding = buffer.shift();
      if (holding === undefined) return;
      if (!holding.isSettled) await attempt(holding);
    }
  };

  const run = async (): Promise<DrainResult> => {
    while (!isOver()) {
      try {
        buffer = await parts.take(concurrency * FETCHED_PER_HANDLER);
      } catch (error) {
        // Its queue is being closed, which is an end like any other.
        if (isStopped) break;
        throw error;
      }
      if (buffer.length === 0) break;
      await Promise.all(Array.from({ length: concurrency }, work));
      await giveBack();
    }
    return { handled, remaining: await parts.ready() };
  };

  const result = run();
  return {
    result,
    async stop({ force = false } = {}) {
      isStopped = true;
      const given = giveBack();
      if (force) await Promise.all([...running].map((holding) => holding.withdraw(STOPPED).catch(() => {})));
      else await result.catch(() => {});
      await given;
    },
  };
}
