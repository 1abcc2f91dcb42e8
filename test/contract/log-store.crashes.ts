// Death between any two steps: what was resolved is there, nothing is half there, and the next writer goes on.

import { describe, expect, test } from "vitest";
import type { LogStore, LogTail } from "../../src/store/log-store.js";
import { storesBlobs } from "../engines/this-engine.js";
import type { StoreHarness, TestDisk } from "./log-store.contract.js";
import {
  batchOf,
  chunksOf,
  readAll,
  recordAt,
  takeOverFilled,
  takeOverRecord,
  type Visible,
} from "./log-store.samples.js";

type Operation = (store: LogStore, tail: LogTail) => Promise<unknown>;

/** Called on a disk filled by `takeOverFilled`, by the writer whose tail is given. */
const operations: Record<string, Operation> = {
  "a take-over": (store) => store.takeOver(takeOverRecord),
  "a commit of a record": (store, { epoch, lsn }) => store.commit(recordAt(epoch, lsn + 1), [], "strict"),
  "a commit with three batches": (store, { epoch, lsn }) =>
    store.commit(
      recordAt(epoch, lsn + 1),
      [10, 20, 30].map((key) => batchOf(key, [key, "x"])),
      "relaxed",
    ),
  "a checkpoint": (store, { lsn }) => store.checkpoint(chunksOf(9, "second"), lsn),
  "a checkpoint that stands alone": (store, { lsn }) => store.checkpoint(chunksOf(9, "second"), lsn, true),
  "a rewrite": (store, { epoch, lsn }) =>
    store.rewrite(recordAt(epoch, lsn + 1), [batchOf(1, ["b"]), batchOf(5, ["f"])], [1, 4]),
  "a delete of batches": (store) => store.deleteBatches([1, 1, 4, 9]),
  "a trial of bodies": (store) => store.findUnstorable(["a", storesBlobs ? new Blob(["b"]) : "b", () => {}]),
};

/** Far more steps than any operation has. */
const STEPS_MAX = 200;

export const describeCrashes = (harness: StoreHarness) =>
  describe("crashes", () => {
    test.each(Object.entries(operations))(
      "%s that dies between any two steps happened whole or not at all",
      async (_, run) => {
        const after = await stateAfter(harness.createDisk(), run);
        const died: string[] = [];
        for (let deadly = 0; deadly < STEPS_MAX; deadly++) {
          const disk = harness.createDisk();
          const { before, step } = await dieAt(disk, run, deadly);
          if (step === undefined) break;
          died.push(step);
          const seen = await readAll(disk.store());
          if (!matches(seen, before)) expect(seen, `died at ${step}`).toEqual(after);
          await expectUsable(disk, seen, `died at ${step}`);
        }
        expect(died.length).toBeGreaterThan(1);
        expect(died.length).toBeLessThan(STEPS_MAX);
      },
    );

    test.each(Object.entries(operations))("%s that resolved before the death is there", async (_, run) => {
      const after = await stateAfter(harness.createDisk(), run);
      const disk = harness.createDisk();
      const store = disk.store();
      await run(store, await takeOverFilled(store));
      expect(await readAll(disk.store())).toEqual(after);
    });

    test("a writer that dies after the record was stored, and before it could say so, has stored it", async () => {
      const disk = harness.createDisk();
      const store = disk.store((step) => {
        if (armed && step === "commit:complete") throw new Error("died");
      });
      let armed = false;
      const { epoch, lsn } = await takeOverFilled(store);
      armed = true;
      await expect(store.commit(recordAt(epoch, lsn + 1), [batchOf(50, ["x"])], "strict")).rejects.toThrow("died");
      expect((await readAll(disk.store())).journal.at(-1)?.lsn).toBe(lsn + 1);
      expect(await disk.store().readBatches([50])).toEqual([batchOf(50, ["x"])]);
    });
  });

async function stateAfter(disk: TestDisk, run: Operation): Promise<Visible> {
  const store = disk.store();
  await run(store, await takeOverFilled(store));
  return readAll(store);
}

/** Runs the operation up to its step number `deadly`. `step` is where it died; undefined if it has fewer steps. */
async function dieAt(
  disk: TestDisk,
  run: Operation,
  deadly: number,
): Promise<{ before: Visible; step: string | undefined }> {
  const death = new Error("died");
  let steps = Number.NEGATIVE_INFINITY;
  let diedAt: string | undefined;
  const store = disk.store((step) => {
    if (diedAt !== undefined) throw new Error(`${step} was reached after the death at ${diedAt}`);
    if (steps++ !== deadly) return;
    diedAt = step;
    throw death;
  });
  const tail = await takeOverFilled(store);
  const before = await readAll(disk.store());
  steps = 0;
  const outcome = await run(store, tail).then(
    () => "resolved",
    (cause: unknown) => cause,
  );
  expect(outcome, diedAt).toBe(diedAt === undefined ? "resolved" : death);
  return { before, step: diedAt };
}

function matches(seen: Visible, expected: Visible): boolean {
  return JSON.stringify(seen) === JSON.stringify(expected);
}

async function expectUsable(disk: TestDisk, seen: Visible, when: string): Promise<void> {
  const store = disk.store();
  const last = seen.journal.at(-1)?.lsn ?? 3;
  const { epoch, lsn } = await store.takeOver(takeOverRecord);
  expect(lsn, when).toBe(last + 1);
  await store.commit(recordAt(epoch, lsn + 1), [batchOf(100, ["after"])], "relaxed");
  await store.checkpoint(chunksOf(2, "after"), lsn);
  const end = await readAll(disk.store());
  expect(end, when).toEqual({
    checkpoint: chunksOf(2, "after"),
    journal: [recordAt(epoch, lsn + 1)],
    batches: [...seen.batches, batchOf(100, ["after"])],
  });
  const kept = await disk.dump();
  // The checkpoint before is kept with the journal since: with what was seen, and the take-over.
  const former = [seen.checkpoint.length, seen.journal.length + 1] as const;
  expect([kept.chunks, kept.trials, kept.journal.length], when).toEqual([2 + former[0], 0, 1 + former[1]]);
}
