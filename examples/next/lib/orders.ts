// Loaded by the server, too, which opens nothing: a store opens its queue with the first component that shows it.

import { type Delivery, openQueue } from "originmq";
import { createQueueStore } from "originmq/store";

export interface Order {
  readonly what: string;
}

export const orders = createQueueStore(() =>
  // A server may be away for long: tried again at first after a second, later every minute.
  openQueue<Order>("orders", { maxDeliveries: 1_000, backoff: { maxMs: 60_000 } }),
);

/** Hands an order to the server, which knows by its id whether it has it already. What is thrown has it tried again. */
export async function deliver({ id, body, signal }: Delivery<Order>): Promise<void> {
  const answer = await fetch("/api/orders", {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": id },
    body: JSON.stringify(body),
    signal,
  });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
}
