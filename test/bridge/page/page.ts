// A tab with bridges in it, driven from outside: one up and one down, of queues that all tabs of the origin share.

import { type Bridge, bridge } from "../../../src/bridge.js";
import { fromJetStream, toJetStream } from "../../../src/bridge-jetstream.js";
import { openQueue } from "../../../src/index.js";

let up: Bridge | undefined;
let down: Bridge | undefined;

const lab = {
  async open(servers: string) {
    const [orders, news] = [await openQueue("orders"), await openQueue("news")];
    up = bridge(orders, toJetStream({ servers, stream: "ORDERS", subject: "orders.all" }));
    down = bridge(fromJetStream({ servers, stream: "NEWS", durable: "device" }), news);
  },
  async send(bodies: readonly string[]) {
    const orders = await openQueue<string>("orders");
    await orders.sendBatch(bodies.map((body) => ({ body })));
  },
  forwarded: () => ({ up: up?.stats().forwarded ?? 0, down: down?.stats().forwarded ?? 0 }),
  async waiting(name: string) {
    const { ready, leased, delayed } = await (await openQueue(name)).stats();
    return ready + leased + delayed;
  },
  async bodies(name: string) {
    return (await (await openQueue(name)).peek({ max: 1_000 })).map(({ body }) => body);
  },
  /** Tells the service worker to forward what there is; resolves with what it says of that. */
  async forwardInServiceWorker(servers: string, forMs: number): Promise<{ state: string; forwarded: number }> {
    await navigator.serviceWorker.register("/service-worker.js");
    const { active } = await navigator.serviceWorker.ready;
    return new Promise((resolve) => {
      navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
      active?.postMessage({ servers, forMs });
    });
  },
};
export type BridgeLab = typeof lab;
Object.assign(globalThis, { lab });
