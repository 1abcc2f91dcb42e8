// The limit of a durable send: the same bodies as one array, one record a transaction, written by the page itself.

import { type Case, type Durability, inFlight, timed } from "../case.js";
import { addRecord, deleteDatabase, openDatabase } from "../databases.js";
import { batchesOf } from "../message.js";

const NAME = "bench-raw-write";

export const rawWrite = (durability: Durability, batchSize: number, batches: number, limit: number): Case => ({
  id: `raw-write-${batchSize}x${limit}-${durability}`,
  group: "limit",
  label: `raw write, ${batchSize} bodies as one record, ${howMany(limit)}`,
  durability,
  async measure() {
    const db = await openDatabase(NAME, (created) => created.createObjectStore("batches"));
    const work = [...batchesOf(batchSize * batches, batchSize).entries()];
    const measured = await timed(batchSize * batches, () =>
      inFlight(limit, work, ([key, bodies]) => addRecord(db, "batches", key, bodies, durability)),
    );
    db.close();
    await deleteDatabase(NAME);
    return measured;
  },
});

export const howMany = (limit: number): string => (limit === 1 ? "one at a time" : `${limit} in flight`);
