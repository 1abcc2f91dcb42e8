// Workbox's background sync queue: pushed and shifted entry by entry, as its own replay does.

import { QueueStore } from "workbox-background-sync/lib/QueueStore.js";
import { StorableRequest } from "workbox-background-sync/lib/StorableRequest.js";
import type { Order } from "../message.js";
import type { PeerQueue } from "./end-to-end.js";

export async function openWorkbox(): Promise<PeerQueue> {
  const store = new QueueStore(`bench-${crypto.randomUUID()}`);
  return {
    async send(bodies) {
      // What it is for: requests to be sent again. The body is put in as it is, so that nothing is paid for encoding.
      const entries = bodies.map((body) => ({
        requestData: new StorableRequest({ url: "/orders", method: "POST", headers: {} }).toObject(),
        metadata: { body },
        timestamp: Date.now(),
      }));
      await Promise.all(entries.map((entry) => store.pushEntry(entry)));
    },
    async work(max, handler) {
      for (let worked = 0; worked < max; worked++) {
        const entry = await store.shiftEntry();
        if (entry === undefined) return worked;
        handler((entry.metadata as { body: Order }).body);
      }
      return max;
    },
    async remove() {
      // Nothing to do: its connection cannot be closed, its entries are gone, and the next round has a name of its own.
    },
  };
}
