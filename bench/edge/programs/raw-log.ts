// What SQLite takes, without a queue: a transaction of one blob with a thousand messages and one small row, again and again,
// with the settings that the queue's store uses.

import { createPreparedDriver, type PreparedDatabase } from "../../../src/store/sqlite/drivers/prepared.js";
import type { SqliteDriver } from "../../../src/store/sqlite/driver.js";
import type { Durability } from "../../pages/case.js";
import { batchesOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

const BATCH_SIZE = 1_000;
const RECORD = new Uint8Array(200);

let driver: SqliteDriver;
let key = 0;

answer({
  async open({ file }: { file: string }) {
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    driver = createPreparedDriver(new DatabaseSync(file) as unknown as PreparedDatabase);
    for (const table of ["batches", "journal"])
      driver.run(`CREATE TABLE IF NOT EXISTS ${table} (key INTEGER PRIMARY KEY, data BLOB)`);
  },
  write({ durability, batches }: { durability: Durability; batches: number }) {
    const work = batchesOf(BATCH_SIZE * batches, BATCH_SIZE);
    const from = nowMs();
    for (const bodies of work) {
      const bytes = Buffer.from(JSON.stringify(bodies));
      key++;
      driver.transaction(durability, () => {
        driver.run("INSERT INTO batches VALUES (?, ?)", key, bytes);
        driver.run("INSERT INTO journal VALUES (?, ?)", key, RECORD);
      });
    }
    const ms = nowMs() - from;
    driver.run("DELETE FROM batches");
    driver.run("DELETE FROM journal");
    return { us: ms / batches };
  },
  close: () => driver.close(),
});
