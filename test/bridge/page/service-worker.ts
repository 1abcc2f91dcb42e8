// Bounded work, as docs/bridges.md says: forwards what there is, and closes.

import { bridge } from "../../../src/bridge.js";
import { toJetStream } from "../../../src/bridge-jetstream.js";
import { openQueue } from "../../../src/service-worker.js";

interface Asked {
  readonly servers: string;
  readonly forMs: number;
}

addEventListener("message", (event: Event) => {
  const { data, source, waitUntil } = event as ExtendableMessageEvent;
  waitUntil.call(
    event,
    forwardAll(data).then((told) => source?.postMessage(told)),
  );
});

async function forwardAll({ servers, forMs }: Asked) {
  const orders = await openQueue("orders");
  const up = bridge(orders, toJetStream({ servers, stream: "ORDERS", subject: "orders.all" }));
  await orders.whenIdle({ signal: AbortSignal.timeout(forMs) }).catch(() => {});
  await up.close({ waitMs: forMs });
  return up.stats();
}

interface ExtendableMessageEvent extends Event {
  readonly data: Asked;
  readonly source: { postMessage(message: unknown): void } | null;
  readonly waitUntil: (work: Promise<unknown>) => void;
}
