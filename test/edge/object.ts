// What a Durable Object's storage does otherwise than a file.

import { describe, expect, test } from "vitest";
import { RESERVE_BYTES } from "../../src/core/spec/limits.js";
import type { SqliteDriver } from "../../src/store/sqlite/driver.js";
import { createSqliteStore } from "../../src/store/sqlite/sqlite.js";
import { refusal } from "../contract/log-store.contract.js";
import { batchOf, readAll, recordAt, takeOverFilled } from "../contract/log-store.samples.js";

export const describeObject = (open: (file: string) => SqliteDriver) =>
  describe("an object's storage", () => {
    test("holds a megabyte for settlements, given up when they have no room", async () => {
      const driver = open("full");
      const held = () => Number(driver.all("SELECT sum(length(data)) AS bytes FROM originmq_pieces")[0]?.bytes ?? 0);
      let isFull = false;
      const run: SqliteDriver["run"] = (sql, ...values) => {
        if (isFull && sql.startsWith("INSERT") && held() > 0) throw new Error("database or disk is full: SQLITE_FULL");
        driver.run(sql, ...values);
      };
      const store = createSqliteStore({ driver: { ...driver, run } });
      await takeOverFilled(store);
      expect(held()).toBe(RESERVE_BYTES);
      isFull = true;
      await expect(store.commit(recordAt(1, 4), [batchOf(20, ["body"])], "strict")).rejects.toEqual(refusal("quota"));
      expect((await readAll(store)).journal).toHaveLength(1);
      await store.commit(recordAt(1, 4), [], "strict");
      expect(held()).toBe(0);
      expect((await readAll(store)).journal).toHaveLength(2);
    });

    test("takes back what a transaction had done when it throws, tables included", () => {
      const driver = open("torn");
      const failure = new Error("died");
      const torn = () =>
        driver.transaction("strict", () => {
          driver.run("CREATE TABLE originmq_torn (key INTEGER PRIMARY KEY)");
          driver.run("INSERT INTO originmq_torn VALUES (?)", 1);
          throw failure;
        });
      expect(torn).toThrow(failure);
      expect(() => driver.all("SELECT * FROM originmq_torn")).toThrow("no such table");
    });
  });
