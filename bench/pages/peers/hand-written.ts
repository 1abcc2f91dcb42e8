// The queue that one writes with idb: a record a message, its state in an index, a transaction to claim and one to
// acknowledge. Done means deleted, which is cheaper for it than keeping every record for ever.

import { type DBSchema, openDB } from "idb";
import type { Durability } from "../case.js";
import { deleteDatabase } from "../databases.js";
import type { Order } from "../message.js";
import type { PeerQueue } from "./end-to-end.js";

interface Message {
  readonly id?: number;
  readonly state: "ready" | "leased";
  readonly leasedUntil: number;
  readonly body: Order;
}

interface Schema extends DBSchema {
  messages: { key: number; value: Message; indexes: { state: string } };
}

const NAME = "bench-hand-written";
const LEASE_MS = 30_000;

export async function openHandWritten(durability: Durability): Promise<PeerQueue> {
  const db = await openDB<Schema>(NAME, 1, {
    upgrade(created) {
      const store = created.createObjectStore("messages", { keyPath: "id", autoIncrement: true });
      store.createIndex("state", "state");
    },
  });

  const claim = async (max: number): Promise<Required<Message>[]> => {
    const tx = db.transaction("messages", "readwrite", { durability });
    const ready = (await tx.store.index("state").getAll("ready", max)) as Required<Message>[];
    const leasedUntil = Date.now() + LEASE_MS;
    for (const message of ready) void tx.store.put({ ...message, state: "leased", leasedUntil });
    await tx.done;
    return ready;
  };

  const acknowledge = async (messages: readonly Required<Message>[]): Promise<void> => {
    const tx = db.transaction("messages", "readwrite", { durability });
    for (const { id } of messages) void tx.store.delete(id);
    await tx.done;
  };

  return {
    async send(bodies) {
      const tx = db.transaction("messages", "readwrite", { durability });
      for (const body of bodies) void tx.store.add({ state: "ready", leasedUntil: 0, body });
      await tx.done;
    },
    async work(max, handler) {
      const claimed = await claim(max);
      if (claimed.length === 0) return 0;
      for (const { body } of claimed) handler(body);
      await acknowledge(claimed);
      return claimed.length;
    },
    async remove() {
      db.close();
      await deleteDatabase(NAME);
    },
  };
}
