// Files that are full, damaged or not its own.

import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { assert, describe, expect, test } from "vitest";
import { RESERVE_BYTES } from "../../src/core/spec/limits.js";
import type { StoreFailure } from "../../src/store/log-store.js";
import type { SqliteDriver } from "../../src/store/sqlite/driver.js";
import { createSqliteStore } from "../../src/store/sqlite/sqlite.js";
import { refusal } from "./log-store.contract.js";
import { batchOf, readAll, recordAt, takeOverFilled } from "./log-store.samples.js";
import type { SqliteHarness } from "./sqlite-harness.js";

export const describeFiles = (harness: SqliteHarness, open: (file: string) => SqliteDriver) =>
  describe("files", () => {
    test("a full database refuses what has bodies, keeps what it holds, and takes more once some is deleted", async () => {
      const disk = harness.createDisk();
      const driver = open(disk.file);
      const store = createSqliteStore({ driver });
      await takeOverFilled(store);
      driver.all("PRAGMA max_page_count = 60");
      const fill = async () => {
        for (let lsn = 4; ; lsn++)
          await store.commit(recordAt(1, lsn), [batchOf(lsn * 10, [new Uint8Array(20_000)])], "relaxed");
      };
      await expect(fill()).rejects.toEqual(refusal("quota"));
      const full = await readAll(disk.store());
      const next = (full.journal.at(-1)?.lsn ?? 0) + 1;
      expect(full.batches.length).toBe(full.journal.length + 2);
      await expect(
        store.commit(recordAt(1, next), [batchOf(9_999, [new Uint8Array(90_000)])], "strict"),
      ).rejects.toEqual(refusal("quota"));
      expect(await readAll(disk.store())).toEqual(full);
      await store.deleteBatches([40, 80]);
      await store.commit(recordAt(1, next), [batchOf(1_000, ["fits"])], "strict");
      expect((await readAll(disk.store())).journal.at(-1)).toEqual(recordAt(1, next));
      await store.close();
    });

    test.each<[string, (file: string) => void, StoreFailure]>([
      [
        "that is no database",
        (file) => writeFileSync(file, "It was a dark and stormy night. ".repeat(200)),
        "unreadable",
      ],
      ["that is a folder", (file) => mkdirSync(file), "refused"],
    ])("a file %s is refused and left as it is", (_, create, reason) => {
      const { file } = harness.createDisk();
      create(file);
      const before = statSync(file).mtimeMs;
      expect(() => open(file)).toThrow(refusal(reason));
      expect(statSync(file).mtimeMs).toBe(before);
    });

    test("bodies leave the room that settlements need on the disk", async () => {
      const { file } = harness.createDisk();
      const { reserve, ...driver } = open(file);
      const asked: number[] = [];
      const hasRoomFor = (bytes: number) => {
        asked.push(bytes);
        return bytes < 1_000;
      };
      assert(reserve?.hasRoomFor?.(0) === true && !reserve.hasRoomFor(Number.MAX_SAFE_INTEGER));
      const store = createSqliteStore({ driver: { ...driver, reserve: { ...reserve, hasRoomFor } } });
      await takeOverFilled(store);
      const large = store.commit(recordAt(1, 4), [batchOf(20, [new Uint8Array(2_000)])], "strict");
      await expect(large).rejects.toEqual(refusal("quota"));
      expect(asked.at(-1)).toBeGreaterThan(2_000);
      const count = asked.length;
      await store.commit(recordAt(1, 4), [], "strict");
      await store.deleteBatches([1, 1]);
      expect(asked).toHaveLength(count);
      expect((await readAll(store)).journal.at(-1)).toEqual(recordAt(1, 4));
      await store.close();
    });

    test("a megabyte beside the database is held for settlements: given up when they have no room, then taken again", async () => {
      const { file } = harness.createDisk();
      const driver = open(file);
      let refusals = 0;
      const full = Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode: 13 });
      const run: SqliteDriver["run"] = (sql, ...values) => {
        if (sql.startsWith("INSERT") && refusals > 0 && existsSync(`${file}-reserve`)) throw full;
        driver.run(sql, ...values);
      };
      const store = createSqliteStore({ driver: { ...driver, run } });
      await takeOverFilled(store);
      expect(statSync(`${file}-reserve`).size).toBe(RESERVE_BYTES);
      refusals = 1;
      await expect(store.commit(recordAt(1, 4), [batchOf(20, ["body"])], "strict")).rejects.toEqual(refusal("quota"));
      await store.commit(recordAt(1, 4), [], "strict");
      expect(existsSync(`${file}-reserve`)).toBe(false);
      await expect(store.commit(recordAt(1, 5), [batchOf(20, ["body"])], "strict")).rejects.toEqual(refusal("quota"));
      refusals = 0;
      await expect
        .poll(() => store.commit(recordAt(1, 5), [batchOf(20, ["body"])], "strict").then(() => "stored", String), {
          timeout: 10_000,
        })
        .toBe("stored");
      expect(statSync(`${file}-reserve`).size).toBe(RESERVE_BYTES);
      await store.close();
    });
  });
