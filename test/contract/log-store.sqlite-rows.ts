// What a store on SQLite makes of its rows: they are of bounded size, and may be damaged.

import { describe, expect, test } from "vitest";
import { ROW_BYTES_MAX } from "../../src/core/spec/limits.js";
import { refusal } from "./log-store.contract.js";
import { batchOf, readAll, recordAt, takeOverFilled, takeOverRecord } from "./log-store.samples.js";
import type { SqliteHarness } from "./sqlite-harness.js";

export const describeRows = (harness: SqliteHarness) =>
  describe("rows", () => {
    test("a batch larger than a row may be lies in several, and goes with all of them", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      await store.takeOver(takeOverRecord);
      const bytes = new Uint8Array(2 * ROW_BYTES_MAX + 1).map((_, i) => i % 251);
      await store.commit(recordAt(1, 2), [batchOf(1, [bytes, "tail"]), batchOf(3, ["other"])], "relaxed");
      const sizes = disk.driver().all("SELECT length(data) AS bytes FROM originmq_pieces WHERE place <> 'reserve'");
      expect(sizes.map(({ bytes }) => Number(bytes) <= ROW_BYTES_MAX)).toEqual([true, true]);
      const [read] = await disk.store().readBatches([1]);
      const stored = read?.bodies[0] as Uint8Array;
      expect([stored.length, stored.findIndex((byte, i) => byte !== bytes[i])]).toEqual([bytes.length, -1]);
      await store.rewrite(recordAt(1, 3), [batchOf(1, ["small"])], [1]);
      expect(disk.driver().all("SELECT * FROM originmq_pieces WHERE place <> 'reserve'")).toEqual([]);
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
  });
