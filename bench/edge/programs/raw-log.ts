// What SQLite takes, without a queue: a transaction of one blob with a thousand messages and one small row, again and again,
// with the settings that the queue's store uses.

import type { SqliteDriver } from "../../../src/store/sqlite/driver.js";
import type { Durability } from "../../pages/case.js";
import { batchesOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";
import { openSqlite } from "./open-sqlite.js";

const BATCH_SIZE = 1_000;
const RECORD = new Uint8Array(200);

let driver: SqliteDriver;
let key = 0;

answer({
  async open({ file }: { file: string }) {
    driver = await openSqlite(file);
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
