// Dead letters back to their queue, some at a time.

import { deferred } from "../../link/rpc/deferred.js";
import { abortable } from "../runtime/abortable.js";
import type { Runtime } from "../runtime/runtime.js";

/** A part a tenth of a second, or one message at a time where that is less. */
const PARTS_PER_SECOND = 10;

/** Calls for the next part until one comes back short. */
export async function redriveAtRate(
  rate: number,
  { now, setTimer }: Pick<Runtime, "now" | "setTimer">,
  signal: AbortSignal | undefined,
  redrive: (max: number) => Promise<{ redriven: number }>,
): Promise<{ redriven: number }> {
  const startedAt = now();
  const part = Math.ceil(rate / PARTS_PER_SECOND);
  let total = 0;
  for (;;) {
    const { redriven } = await redrive(part);
    total += redriven;
    if (redriven < part) return { redriven: total };
    const waitMs = startedAt + (1_000 * total) / rate - now();
    const { promise, resolve } = deferred();
    const cancelTimer = setTimer(resolve, Math.max(0, waitMs));
    await abortable(promise, signal).finally(cancelTimer);
  }
}
