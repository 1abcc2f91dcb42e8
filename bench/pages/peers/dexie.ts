// The same queue written with Dexie and its bulk operations, the quickest that Dexie has.

import { Dexie, type EntityTable } from "dexie";
import type { Durability } from "../case.js";
import type { Order } from "../message.js";
import type { PeerQueue } from "./end-to-end.js";

interface Message {
  id: number;
  state: "ready" | "leased";
  leasedUntil: number;
  body: Order;
}

const NAME = "bench-dexie";
const LEASE_MS = 30_000;

export async function openDexie(durability: Durability): Promise<PeerQueue> {
  const db = new Dexie(NAME, { chromeTransactionDurability: durability }) as Dexie & {
    messages: EntityTable<Message, "id">;
  };
  db.version(1).stores({ messages: "++id,state" });
  await db.open();

  const claim = (max: number): Promise<Message[]> =>
    db.transaction("rw", db.messages, async () => {
      const ready = await db.messages.where("state").equals("ready").limit(max).toArray();
      const leasedUntil = Date.now() + LEASE_MS;
      await db.messages.bulkPut(ready.map((message) => ({ ...message, state: "leased", leasedUntil })));
      return ready;
    });

  return {
    async send(bodies) {
      await db.messages.bulkAdd(bodies.map((body) => ({ state: "ready", leasedUntil: 0, body })));
    },
    async work(max, handler) {
      const claimed = await claim(max);
      if (claimed.length === 0) return 0;
      for (const { body } of claimed) handler(body);
      await db.messages.bulkDelete(claimed.map(({ id }) => id));
      return claimed.length;
    },
    async remove() {
      await db.delete();
    },
  };
}
