// The limits of latency: a message to a SharedWorker and back, and one from page to page through it, without and
// with one small commit on the way.

import { type Arrivals, onArrival } from "../arrivals.js";
import { type Case, type Durability, percentiles } from "../case.js";
import { deleteDatabase } from "../databases.js";
import { orderOf } from "../message.js";
import { RELAY_DATABASE, type RelayMessage } from "./relay-worker.js";

const SAMPLES = 300;

let port: MessagePort | undefined;

/** This page's port to the one relay worker. */
export function relayPort(): MessagePort {
  port ??= new SharedWorker(new URL("./relay-worker.ts", import.meta.url), { type: "module", name: "bench-relay" })
    .port;
  port.start();
  return port;
}

function ask(message: RelayMessage): Promise<void> {
  const to = relayPort();
  return new Promise((resolve) => {
    to.addEventListener("message", () => resolve(), { once: true });
    to.postMessage(message);
  });
}

export const portRoundTrip: Case = {
  id: "port-round-trip",
  group: "limit",
  label: "port round trip to a SharedWorker",
  async measure() {
    const samples: number[] = [];
    for (let n = 0; n < SAMPLES * 3; n++) {
      const start = performance.now();
      await ask({ type: "ping", n });
      samples.push(performance.now() - start);
    }
    return percentiles(samples);
  },
};

export const relay = (arrivals: Arrivals, durability?: Durability): Case => ({
  id: durability ? `relay-commit-${durability}` : "relay",
  group: "limit",
  label: durability ? "page to page: two port hops and one empty commit" : "page to page: two port hops",
  ...(durability && { durability }),
  helper: "echo",
  async measure() {
    const samples = await arrivals.sample(SAMPLES, async (n) => {
      relayPort().postMessage({ type: "relay", n, body: orderOf(n), ...(durability && { durability }) });
    });
    await ask({ type: "close" });
    await deleteDatabase(RELAY_DATABASE);
    return percentiles(samples);
  },
});

/** The other page's part: says when each message arrived. */
export function startEcho(): () => void {
  const to = relayPort();
  const onMessage = ({ data }: MessageEvent<RelayMessage>) => {
    if (data.type === "relay") onArrival(data.n);
  };
  to.addEventListener("message", onMessage);
  return () => to.removeEventListener("message", onMessage);
}
