// A file of SQLite with the settings that the queue's store uses, and two tables of blobs.

import type { SqliteDriver } from "../../../src/store/sqlite/driver.js";
import { openDriver } from "../../../src/store/sqlite/drivers/open-driver.js";

export async function openSqlite(file: string): Promise<SqliteDriver> {
  const driver = await openDriver(file);
  for (const table of ["batches", "journal"])
    driver.run(`CREATE TABLE IF NOT EXISTS ${table} (key INTEGER PRIMARY KEY, data BLOB)`);
  return driver;
}
