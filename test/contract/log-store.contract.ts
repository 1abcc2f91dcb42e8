// What a log store is: whatever passes this suite. Every store runs it, the one on IndexedDB in a real browser.

import { afterEach, describe, expect, test } from "vitest";
import { FORMAT_MAJOR } from "../../src/core/spec/version.js";
import type { LogStore, StoreFailure } from "../../src/store/log-store.js";
import { describeBatches } from "./log-store.batches.js";
import { describeCrashes } from "./log-store.crashes.js";
import { describeFencing } from "./log-store.fencing.js";
import { describeFormats } from "./log-store.formats.js";
import { batchOf, chunksOf, collect, readAll, recordAt, takeOverFilled, takeOverRecord } from "./log-store.samples.js";
import type { RawDatabase } from "./raw-database.js";

/** A place where a database lives longer than the stores on it. */
export interface TestDisk {
  store(onStep?: (name: string) => void): LogStore;
  /** Makes the disk what this one was; before anything else. */
  restore(database: RawDatabase): Promise<void>;
  /** What a build that keeps one checkpoint does beyond this one, where it takes over, or has written a checkpoint. */
  keepOne(when: "take-over" | "checkpoint"): Promise<void>;
  /** Stamps the database as written by another format. */
  setFormat(format: { major: number; minor: number }): Promise<void>;
  /** Everything that lies on it, whether a reader sees it or not. */
  dump(): Promise<{
    journal: number[];
    bodies: number[];
    chunks: number;
    epoch: number;
    trials: number;
    format: unknown;
  }>;
}

export interface StoreHarness {
  /** Whether it stores bytes of its own rather than clones: then a CryptoKey is refused, and a File stays one everywhere. */
  readonly storesBytes?: boolean;
  createDisk(): TestDisk;
  /** Lets every store and disk of the test go. */
  dispose(): Promise<void>;
}

export const refusal = (reason: StoreFailure) => expect.objectContaining({ name: "StoreError", reason });

export const describeLogStore = (name: string, harness: StoreHarness) =>
  describe(`LogStore: ${name}`, () => {
    afterEach(() => harness.dispose());
    describeLog(harness);
    describeCheckpoints(harness);
    describeFencing(harness);
    describeBatches(harness);
    describeCrashes(harness);
    describeFormats(harness);
  });

function describeLog(harness: StoreHarness): void {
  test("an empty log opens with no checkpoint and no records", async () => {
    expect(await readAll(harness.createDisk().store())).toEqual({ checkpoint: [], journal: [], batches: [] });
  });

  test("the first take-over writes record 1 under epoch 1, the next continues behind the tail", async () => {
    const disk = harness.createDisk();
    const first = disk.store();
    expect(await first.takeOver(takeOverRecord)).toEqual({ epoch: 1, lsn: 1 });
    await first.commit(recordAt(1, 2), [], "strict");
    expect(await disk.store().takeOver(takeOverRecord)).toEqual({ epoch: 2, lsn: 3 });
    expect((await readAll(disk.store())).journal).toEqual([
      takeOverRecord({ epoch: 1, lsn: 1 }),
      recordAt(1, 2),
      takeOverRecord({ epoch: 2, lsn: 3 }),
    ]);
  });

  test("a take-over whose record cannot be built changes nothing", async () => {
    const disk = harness.createDisk();
    const failure = new Error("no record");
    const refused = disk.store().takeOver(() => {
      throw failure;
    });
    await expect(refused).rejects.toBe(failure);
    expect(await disk.store().takeOver(takeOverRecord)).toEqual({ epoch: 1, lsn: 1 });
  });

  test.each(["strict", "relaxed"] as const)("a %s commit is found by a store that opens later", async (durability) => {
    const disk = harness.createDisk();
    const store = disk.store();
    await store.takeOver(takeOverRecord);
    const batch = { ...batchOf(7, [{ sku: "tea" }, "b"]), headers: [{ region: "eu" }, undefined], later: "kept" };
    const record = { ...recordAt(1, 2), later: "kept" };
    await store.commit(record, [batch], durability);
    const later = await readAll(disk.store());
    expect(later.journal[1]).toEqual(record);
    expect(later.batches).toEqual([batch]);
  });

  test("what is stored does not follow later changes of the objects that were handed in or out", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await store.takeOver(takeOverRecord);
    const body = { amount: 1 };
    await store.commit(recordAt(1, 2), [batchOf(1, [body])], "relaxed");
    body.amount = 2;
    const [read] = await store.readBatches([1]);
    (read?.bodies[0] as { amount: number }).amount = 3;
    expect(await store.readBatches([1])).toEqual([batchOf(1, [{ amount: 1 }])]);
  });

  test("a commit with one body that cannot be stored stores nothing at all", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await takeOverFilled(store);
    const before = await readAll(store);
    const batches = [batchOf(10, ["fine"]), batchOf(11, [() => {}])];
    await expect(store.commit(recordAt(1, 4), batches, "relaxed")).rejects.toEqual(refusal("not-cloneable"));
    expect(await readAll(disk.store())).toEqual(before);
    await store.commit(recordAt(1, 4), [batchOf(10, ["fine"])], "relaxed");
  });

  test("a commit never overwrites: not a record, and not a batch", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await takeOverFilled(store);
    const before = await readAll(store);
    await expect(store.commit(recordAt(1, 3), [batchOf(10, ["x"])], "relaxed")).rejects.toEqual(refusal("failed"));
    await expect(store.commit(recordAt(1, 4), [batchOf(4, ["x"])], "relaxed")).rejects.toEqual(refusal("failed"));
    expect(await readAll(disk.store())).toEqual(before);
  });

  test("a log longer than one piece is read whole, in order, and no further than a piece ahead of where it is iterated", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await store.takeOver(takeOverRecord);
    for (let lsn = 2; lsn <= 600; lsn++) await store.commit(recordAt(1, lsn), [], "relaxed");
    let pieces = 0;
    const reader = disk.store((step) => {
      if (step === "read:records") pieces++;
    });
    for await (const record of (await reader.open()).journal) if (record.lsn === 10) break;
    expect(pieces).toBe(2);
    const lsns = (await readAll(reader)).journal.map((record) => record.lsn);
    expect(lsns).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    expect(pieces).toBe(2 + 10);
  });

  test("a log that was opened before the take-over is what is stored when it is iterated", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    const next = disk.store();
    const [one, other] = [await next.open(), disk.store()];
    const { epoch, lsn } = await next.takeOver(takeOverRecord);
    expect(await collect(one.checkpoint)).toEqual(chunksOf(5, "first"));
    expect((await collect(one.journal)).map((record) => record.lsn)).toEqual([3, lsn]);
    const log = await other.open();
    await other.takeOver(takeOverRecord);
    await other.commit(recordAt(epoch + 1, lsn + 2), [], "strict");
    expect((await collect(log.journal)).map((record) => record.lsn)).toEqual([3, lsn, lsn + 1, lsn + 2]);
  });

  test("a database of a newer major format is refused and left as it is", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    await disk.setFormat({ major: FORMAT_MAJOR + 1, minor: 0 });
    const before = await disk.dump();
    await expect(disk.store().open()).rejects.toEqual(refusal("format-too-new"));
    await expect(disk.store().takeOver(takeOverRecord)).rejects.toEqual(refusal("format-too-new"));
    expect(await disk.dump()).toEqual(before);
  });

  test("a database of an older major format is used, and is of this one from the take-over on", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    await disk.setFormat({ major: FORMAT_MAJOR - 1, minor: 0 });
    expect((await disk.store().takeOver(takeOverRecord)).lsn).toBe(4);
    expect((await disk.dump()).format).toMatchObject({ major: FORMAT_MAJOR });
  });

  test("a database of a newer minor format is used", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    await disk.setFormat({ major: FORMAT_MAJOR, minor: 9 });
    expect((await disk.store().takeOver(takeOverRecord)).lsn).toBe(4);
  });

  test("after close every call rejects as lost, and what was stored is there for the next store", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await takeOverFilled(store);
    const { journal } = await store.open();
    await store.close();
    const calls = [
      () => store.open(),
      () => store.takeOver(takeOverRecord),
      () => store.commit(recordAt(1, 4), [], "relaxed"),
      () => store.readBatches([1]),
      () => store.findUnstorable(["a"]),
      () => store.checkpoint([], 3),
      () => store.rewrite(recordAt(1, 4), [], [1]),
      () => store.deleteBatches([1, 1]),
      () => collect(store.batchKeys()),
      () => collect(journal),
    ];
    for (const call of calls) await expect(call()).rejects.toEqual(refusal("lost"));
    expect((await readAll(disk.store())).journal.map((record) => record.lsn)).toEqual([3]);
  });
}

function describeCheckpoints(harness: StoreHarness): void {
  test("what is left of a journal is read one by one, and the last batch is known", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const log = await store.open();
    expect([await collect(log.remains), await log.lastBatch()]).toEqual([[], 0]);
    const { epoch, lsn } = await takeOverFilled(store);
    const filled = await disk.store().open();
    expect(await collect(filled.remains)).toEqual([{ lsn, record: recordAt(epoch, lsn) }]);
    expect(await filled.lastBatch()).toBe(4);
    const next = disk.store();
    const again = await next.open();
    const tail = await next.takeOver(takeOverRecord);
    expect(await again.lastBatch()).toBe(4);
    expect((await collect(again.remains)).at(-1)).toEqual({ lsn: tail.lsn, record: takeOverRecord(tail) });
  });

  test("of what is left, a stretch that is missing is one place, however long: nobody counts to its end", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    const far = 2 ** 40;
    await store.commit(recordAt(epoch, far), [], "relaxed");
    expect(await collect((await disk.store().open()).remains)).toEqual([
      { lsn, record: recordAt(epoch, lsn) },
      { lsn: far - 1, record: undefined },
      { lsn: far, record: recordAt(epoch, far) },
    ]);
  });

  test("a checkpoint takes the place of the one before it and of the journal up to its record", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    expect(await readAll(store)).toMatchObject({ checkpoint: chunksOf(5, "first"), journal: [{ lsn: 3 }] });
    await store.commit(recordAt(epoch, lsn + 1), [], "relaxed");
    await store.checkpoint(chunksOf(11, "second"), lsn);
    const seen = await readAll(disk.store());
    expect(seen.checkpoint).toEqual(chunksOf(11, "second"));
    expect(seen.journal).toEqual([recordAt(epoch, lsn + 1)]);
  });

  test("the checkpoint before is kept with the journal since, and older ones are not", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    const formerOf = async () => {
      const former = await (await disk.store().open()).former();
      return former && { checkpoint: await collect(former.checkpoint), journal: await collect(former.journal) };
    };
    const whole = {
      checkpoint: [],
      journal: [takeOverRecord({ epoch, lsn: 1 }), recordAt(epoch, 2), recordAt(epoch, 3)],
    };
    expect(await formerOf()).toEqual(whole);
    await store.commit(recordAt(epoch, lsn + 1), [], "relaxed");
    await store.checkpoint(chunksOf(11, "second"), lsn);
    const records = [recordAt(epoch, lsn), recordAt(epoch, lsn + 1)];
    expect(await formerOf()).toEqual({ checkpoint: chunksOf(5, "first"), journal: records });
    expect(await disk.dump()).toMatchObject({ chunks: 16, journal: [3, 4] });
    const next = disk.store();
    const tail = await next.takeOver(takeOverRecord);
    expect(await formerOf()).toEqual({ checkpoint: chunksOf(5, "first"), journal: [...records, takeOverRecord(tail)] });
    await next.checkpoint(chunksOf(2, "third"), lsn + 1);
    expect(await formerOf()).toEqual({
      checkpoint: chunksOf(11, "second"),
      journal: [recordAt(epoch, lsn + 1), takeOverRecord(tail)],
    });
    expect(await disk.dump()).toMatchObject({ chunks: 13, journal: [4, 5] });
    expect(await readAll(disk.store())).toMatchObject({ checkpoint: chunksOf(2, "third"), journal: [{ lsn: 5 }] });
  });

  test("one that stands alone deletes in one transaction all that it stands for, and the next keeps it again", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    await store.commit(recordAt(epoch, lsn + 1), [], "relaxed");
    await store.checkpoint(chunksOf(11, "alone"), lsn, true);
    expect(await disk.dump()).toMatchObject({ chunks: 11, journal: [4] });
    expect(await (await disk.store().open()).former()).toBeUndefined();
    expect((await readAll(disk.store())).checkpoint).toEqual(chunksOf(11, "alone"));
    const next = disk.store();
    await next.takeOver(takeOverRecord);
    expect(await disk.dump()).toMatchObject({ chunks: 11, journal: [4, 5] });
    await next.checkpoint(chunksOf(2, "next"), lsn + 1);
    const former = await (await disk.store().open()).former();
    expect(former && (await collect(former.checkpoint))).toEqual(chunksOf(11, "alone"));
    expect(await disk.dump()).toMatchObject({ chunks: 13, journal: [4, 5] });
  });

  test("chunks may come from an asynchronous source, and there may be none", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { lsn } = await takeOverFilled(store);
    async function* source() {
      yield* chunksOf(6, "later");
    }
    await store.checkpoint(source(), lsn);
    expect((await readAll(disk.store())).checkpoint).toEqual(chunksOf(6, "later"));
    await store.checkpoint([], lsn);
    expect(await readAll(disk.store())).toMatchObject({ checkpoint: [], journal: [] });
  });

  test("record numbers go on after a checkpoint has emptied the journal", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { lsn } = await takeOverFilled(store);
    await store.checkpoint(chunksOf(1, "all"), lsn);
    expect((await readAll(store)).journal).toEqual([]);
    expect(await disk.store().takeOver(takeOverRecord)).toEqual({ epoch: 2, lsn: lsn + 1 });
  });

  test("commits go on while a checkpoint is written", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    async function* source() {
      for (const [index, chunk] of chunksOf(9, "slow").entries()) {
        await store.commit(recordAt(epoch, lsn + 1 + index), [], "relaxed");
        yield chunk;
      }
    }
    await store.checkpoint(source(), lsn);
    const seen = await readAll(disk.store());
    expect(seen.checkpoint).toHaveLength(9);
    expect(seen.journal.map((record) => record.lsn)).toEqual(Array.from({ length: 9 }, (_, index) => lsn + 1 + index));
  });

  test("a checkpoint whose source fails leaves the former one, and its chunks are gone after the next", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { lsn } = await takeOverFilled(store);
    const before = await readAll(store);
    function* failing() {
      yield* chunksOf(9, "torn");
      throw new Error("no more");
    }
    await expect(store.checkpoint(failing(), lsn)).rejects.toThrow("no more");
    expect(await readAll(disk.store())).toEqual(before);
    expect((await disk.dump()).chunks).toBeGreaterThan(5);
    await store.checkpoint(chunksOf(2, "whole"), lsn);
    expect((await readAll(disk.store())).checkpoint).toEqual(chunksOf(2, "whole"));
    expect((await disk.dump()).chunks).toBe(5 + 2);
  });

  test("a take-over sweeps the chunks of a checkpoint that was never finished", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { lsn } = await takeOverFilled(store);
    const before = await readAll(store);
    function* failing() {
      yield* chunksOf(9, "torn");
      throw new Error("no more");
    }
    await expect(store.checkpoint(failing(), lsn)).rejects.toThrow("no more");
    const next = disk.store();
    await next.takeOver(takeOverRecord);
    expect((await disk.dump()).chunks).toBe(5);
    expect((await readAll(next)).checkpoint).toEqual(before.checkpoint);
  });

  test("a log opened before checkpoints of another writer is refused rather than read half old, half new", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await takeOverFilled(store);
    const stale = await store.open();
    await collect(stale.checkpoint);
    const next = disk.store();
    const { epoch, lsn } = await next.takeOver(takeOverRecord);
    await next.commit(recordAt(epoch, lsn + 1), [], "relaxed");
    await next.checkpoint(chunksOf(1, "new"), lsn);
    expect((await collect(stale.journal)).map((record) => record.lsn)).toEqual([3, lsn, lsn + 1]);
    await next.checkpoint(chunksOf(1, "newer"), lsn + 1);
    await expect(collect(stale.journal)).rejects.toEqual(refusal("unreadable"));
    await expect(collect(stale.checkpoint)).rejects.toEqual(refusal("unreadable"));
  });
}
