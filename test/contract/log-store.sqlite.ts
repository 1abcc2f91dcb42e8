// What only a store on SQLite has: rows of bounded size, damage, files that are not its own, several processes.

import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RESERVE_BYTES, ROW_BYTES_MAX } from "../../src/core/spec/limits.js";
import type { StoreFailure } from "../../src/store/log-store.js";
import type { SqliteDriver } from "../../src/store/sqlite/driver.js";
import { createSqliteStore } from "../../src/store/sqlite/sqlite.js";
import { refusal } from "./log-store.contract.js";
import { batchOf, readAll, recordAt, takeOverFilled, takeOverRecord } from "./log-store.samples.js";
import type { SqliteHarness } from "./sqlite-harness.js";

export const describeSqlite = (harness: SqliteHarness, open: (file: string) => SqliteDriver) =>
  describe("on SQLite", () => {
    test("a batch larger than a row may be lies in several, and goes with all of them", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      await store.takeOver(takeOverRecord);
      const bytes = new Uint8Array(2 * ROW_BYTES_MAX + 1).map((_, i) => i % 251);
      await store.commit(recordAt(1, 2), [batchOf(1, [bytes, "tail"]), batchOf(3, ["other"])], "relaxed");
      const sizes = disk.driver().all("SELECT length(data) AS bytes FROM originmq_pieces");
      expect(sizes.map(({ bytes }) => Number(bytes) <= ROW_BYTES_MAX)).toEqual([true, true]);
      const [read] = await disk.store().readBatches([1]);
      expect(Buffer.compare(read?.bodies[0] as Uint8Array, bytes)).toBe(0);
      await store.rewrite(recordAt(1, 3), [batchOf(1, ["small"])], [1]);
      expect(disk.driver().all("SELECT * FROM originmq_pieces")).toEqual([]);
      expect(await disk.store().readBatches([1, 3])).toEqual([batchOf(1, ["small"]), batchOf(3, ["other"])]);
    });

    test.each<[string, string]>([
      ["whose bytes are no value", "UPDATE originmq_batches SET data = x'01ff' WHERE key = 3"],
      ["of a later codec", "UPDATE originmq_batches SET data = x'0700000000' WHERE key = 3"],
      ["that is cut off", "UPDATE originmq_batches SET data = substr(data, 1, 40) WHERE key = 3"],
      ["of which a piece is missing", "UPDATE originmq_batches SET pieces = 2 WHERE key = 3"],
      ["that is no bytes", "UPDATE originmq_batches SET data = 'text' WHERE key = 3"],
    ])("a batch %s is named, and hides no other", async (_, damage) => {
      const disk = harness.createDisk();
      await takeOverFilled(disk.store());
      disk.driver().run(damage);
      const store = disk.store();
      const unreadable = expect.objectContaining({ reason: "unreadable", firstSeqs: [3] });
      await expect(store.readBatches([1, 3, 4])).rejects.toEqual(unreadable);
      expect(await store.readBatches([1, 4])).toEqual([batchOf(1, ["a", "b"]), batchOf(4, ["d", "e", "f"])]);
    });

    test.each(["journal", "checkpoint"])("a damaged row of the %s is refused, not passed over", async (table) => {
      const disk = harness.createDisk();
      await takeOverFilled(disk.store());
      disk.driver().run(`UPDATE originmq_${table} SET data = x'00'`);
      await expect(readAll(disk.store())).rejects.toEqual(refusal("unreadable"));
    });

    test("tables of a later layout are refused and left as they are", async () => {
      const disk = harness.createDisk();
      await takeOverFilled(disk.store());
      disk.driver().run("UPDATE originmq_meta SET layout = 2");
      const before = await disk.dump();
      await expect(disk.store().open()).rejects.toEqual(refusal("format-too-new"));
      await expect(disk.store().takeOver(takeOverRecord)).rejects.toEqual(refusal("format-too-new"));
      expect(await disk.dump()).toEqual(before);
    });

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
