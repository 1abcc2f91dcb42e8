// What the cases of `bench/scale/` send: so many messages, alike or not, made while they are sent, since a million of
// them at once would fill the tab.

import type { SendOptions } from "../../../src/index.js";
import { type Order, orderOf } from "../message.js";

export type Load = { readonly count: number } & (
  | { readonly kind: "plain" | "priorities" }
  | { readonly kind: "groups"; readonly groups: number }
  /** Due at any millisecond of `spreadMs`, in no order, the first ones `delayMs` after sending began. */
  | { readonly kind: "delayed"; readonly delayMs: number; readonly spreadMs: number }
);

export const BATCH = 1_000;

function optionsOf(load: Load, n: number, beganAt: number): SendOptions {
  switch (load.kind) {
    case "plain":
      return {};
    case "priorities":
      return { priority: n % 10 };
    case "groups":
      return { groupId: `customer ${n % load.groups}` };
    case "delayed":
      return { deliverAt: beganAt + load.delayMs + ((n * 7_919) % load.spreadMs) };
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
