// For how long an idempotency key counts: while its request waits or is on its way, and a while after it was delivered.
// Invariant: contexts that find the same request over send one in its place between them, not one each.

import type { Queue, Receipt } from "../../index.js";

/** After its delivery, as far as a context has heard of it. */
export const KEY_MS = 300_000;

/**
 * The queue remembers a key by time alone, whatever has become of its request. So where that is over (given up, purged,
 * cancelled, delivered long ago), the next one goes by the name of the one before, and whoever comes to the same takes
 * the same name.
 */
export async function sendOnce(
  send: (name: string | undefined) => Promise<Receipt>,
  key: string | undefined,
  counts: (id: string) => Promise<boolean>,
): Promise<Receipt> {
  let receipt = await send(key);
  while (receipt.duplicate && !(await counts(receipt.id))) receipt = await send(`\n${receipt.id}`);
  return receipt;
}

export async function isInLine(queue: Queue<never> | Queue<unknown>, id: string): Promise<boolean> {
  for await (const page of queue.peekPages()) if (page.some((view) => view.id === id)) return true;
  return false;
}
