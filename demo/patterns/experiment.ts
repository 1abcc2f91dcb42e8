// The queueing experiment: arrivals and service times as the theory wants them, or as it does not.

import type { Queue } from "../../src/index.js";
import type { Clock } from "../clock.js";
import type { Problems } from "../problems.js";

export interface Setup {
  /** Messages per second. */
  readonly arrivalRate: number;
  readonly handlers: number;
  /** Mean time of a handler. */
  readonly serviceMs: number;
  /** Exponential gaps and service times; else always the same. */
  readonly isRandom: boolean;
}

/** Runs until the returned function is called, which resolves once nothing of it is left. */
export function startExperiment(
  queue: Queue<null>,
  setup: Setup,
  { clock, problems }: { readonly clock: Clock; readonly problems: Problems },
): () => Promise<void> {
  const { arrivalRate, handlers, serviceMs, isRandom } = setup;
  const ended = new AbortController();
  const draw = (meanMs: number) => (isRandom ? -Math.log(1 - Math.random()) * meanMs : meanMs);

  // A prefetched message would wait in its consumer, where the queue does not see it.
  const consumer = queue.consume(({ signal }) => clock.wait(draw(serviceMs), signal), { concurrency: handlers });
  const arrive = async () => {
    // By the clock, so that what a late timer owes comes next.
    let due = performance.now();
    while (!ended.signal.aborted) {
      due += draw(1_000 / arrivalRate);
      const waitMs = due - performance.now();
      if (waitMs > 0) await clock.wait(waitMs, ended.signal);
      queue.send(null).catch((error: unknown) => problems.report("Sending failed", error));
    }
  };
  arrive().catch((error: unknown) => {
    if (!ended.signal.aborted) problems.report("The experiment failed", error);
  });

  return async () => {
    ended.abort();
    await consumer.stop({ force: true });
    await queue.purge();
  };
}
