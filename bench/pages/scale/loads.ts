// What the cases of `bench/scale/` send: so many messages, alike or not, made while they are sent, since a million of
// them at once would fill the tab.

import type { SendOptions } from "../../../src/index.js";
import { type Order, orderOf } from "../message.js";

export type Load = { readonly count: number } & (
  | { readonly kind: "plain" | "priorities" }
  | { readonly kind: "groups"; readonly groups: number }
  /** The first is due `delayMs` after sending began, the last one `spreadMs` later. */
  | { readonly kind: "ten-delays" | "random-delays"; readonly delayMs: number; readonly spreadMs: number }
);

export const BATCH = 1_000;

function optionsOf(load: Load, n: number, beganAt: number): SendOptions {
  const dueAfter = (ms: number) => ({ deliverAt: beganAt + Math.floor(ms) });
  switch (load.kind) {
    case "plain":
      return {};
    case "priorities":
      return { priority: n % 10 };
    case "groups":
      return { groupId: `customer ${n % load.groups}` };
    // Each half of the spread: that of the sends, and that of the delays.
    case "ten-delays":
      return dueAfter(load.delayMs + (load.spreadMs / 2) * (n / load.count + (n % 10) / 10));
    case "random-delays":
      return dueAfter(load.delayMs + ((n * 7_919) % load.spreadMs));
  }
}

/** The messages in batches. */
export function* batchesOf(load: Load): Generator<({ body: Order } & SendOptions)[]> {
  const beganAt = Date.now();
  for (let from = 0; from < load.count; from += BATCH) {
    const count = Math.min(BATCH, load.count - from);
    yield Array.from({ length: count }, (_, i) => ({ body: orderOf(from + i), ...optionsOf(load, from + i, beganAt) }));
  }
}

export function* ordersOf(count: number): Generator<Order> {
  for (let n = 0; n < count; n++) yield orderOf(n);
}
