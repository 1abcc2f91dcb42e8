// Bounded work: handles what is ready until nothing is, or the time is up.

import type { Admit } from "../sending/schema.js";
import type { Handler } from "./consumer.js";
import { failureOf, type Holding } from "./delivery.js";
import { asksForReply } from "./replies.js";

export interface DrainOptions {
  /** Starts no handler after so many ms. Default: no limit. */
  readonly budgetMs?: number;
  /** Handlers that may run at once. Default 1. */
  readonly concurrency?: number;
  /** Starts no handler once it aborts. */
  readonly signal?: AbortSignal;
}

export interface DrainResult {
  /** Messages acknowledged. */
  readonly handled: number;
  /** Messages still ready. */
  readonly remaining: number;
}

/** Deliveries fetched at once for each handler that may run: fewer round trips for quick handlers. */
const FETCHED_PER_HANDLER = 16;

export async function consumeUntilEmpty<Body>(
  handler: Handler<Body>,
  { budgetMs, concurrency = 1, signal }: DrainOptions,
  from: {
    now(): number;
    take(max: number): Promise<Holding<Body>[]>;
    readonly admit: Admit | undefined;
    ready(): Promise<number>;
  },
): Promise<DrainResult> {
  const endsAt = budgetMs === undefined ? Number.POSITIVE_INFINITY : from.now() + budgetMs;
  const isOver = () => from.now() >= endsAt || signal?.aborted === true;
  let handled = 0;

  const handle = async (holding: Holding<Body>) => {
    holding.start();
    if (from.admit && !(await from.admit(holding))) return;
    try {
      const value = await handler(holding.delivery);
      if (holding.pending) await holding.pending;
      if (asksForReply(holding.headers) && (holding.isAcked || !holding.isSettled)) await holding.answer(value);
      if (!holding.isSettled) await holding.settle({ type: "ack" });
      handled++;
    } catch (thrown) {
      if (holding.pending) await holding.pending.catch(() => {});
      // Settled by hand, or lost meanwhile: then there is nothing left to retry.
      if (!holding.isSettled) await holding.settle({ type: "retry", failure: failureOf(thrown) }).catch(() => {});
    }
  };

  while (!isOver()) {
    const buffer = await from.take(concurrency * FETCHED_PER_HANDLER);
    if (buffer.length === 0) break;
    const work = async () => {
      while (!isOver()) {
        const holding = buffer.shift();
        if (holding === undefined) return;
        if (!holding.isSettled) await handle(holding);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    await Promise.all(buffer.map((holding) => holding.settle({ type: "release" }).catch(() => {})));
  }
  return { handled, remaining: await from.ready() };
}
