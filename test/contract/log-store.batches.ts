// Batches of bodies: what goes in comes out, found by key, and goes when it is told to.

import { describe, expect, test } from "vitest";
import { storesBlobs } from "../engines/this-engine.js";
import { refusal, type StoreHarness } from "./log-store.contract.js";
import {
  batchOf,
  cloneableBodies,
  collect,
  readAll,
  recordAt,
  takeOverFilled,
  takeOverRecord,
  unstorableBodies,
} from "./log-store.samples.js";

export const describeBatches = (harness: StoreHarness) =>
  describe("batches", () => {
    test("a body of every cloneable kind comes back equal after a reopen", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      await store.takeOver(takeOverRecord);
      const { keys, ...others } = await cloneableBodies();
      const bodies = harness.storesBytes ? others : { ...others, ...keys };
      expect(await store.findUnstorable(Object.values(bodies))).toBeUndefined();
      await store.commit(recordAt(1, 2), [batchOf(1, Object.values(bodies))], "strict");
      const [read] = await disk.store().readBatches([1]);
      for (const [at, kind] of Object.keys(bodies).entries()) {
        await expectSame(read?.bodies[at], bodies[kind as keyof typeof bodies], {
          kind,
          keepsFiles: harness.storesBytes,
        });
      }
    });

    if (harness.storesBytes)
      test("a CryptoKey is refused by name, with where it stands, and nothing is stored", async () => {
        const disk = harness.createDisk();
        const store = disk.store();
        await store.takeOver(takeOverRecord);
        const before = await disk.dump();
        for (const key of Object.values((await cloneableBodies()).keys)) {
          const refused = store.commit(recordAt(1, 2), [batchOf(1, ["fine", { key }])], "relaxed");
          await expect(refused).rejects.toEqual(refusal("not-cloneable"));
          await expect(refused).rejects.toThrow("batch 1: bodies[1].key: a CryptoKey cannot be carried");
          expect(await store.findUnstorable(["fine", { key }])).toBe(1);
        }
        expect(await disk.dump()).toEqual(before);
      });

    test.each(Object.entries(unstorableBodies()))(
      "%s is refused, and found among bodies that are not",
      async (_, body) => {
        const disk = harness.createDisk();
        const store = disk.store();
        await store.takeOver(takeOverRecord);
        const before = await disk.dump();
        const batch = batchOf(1, ["fine", body]);
        await expect(store.commit(recordAt(1, 2), [batch], "relaxed")).rejects.toEqual(refusal("not-cloneable"));
        expect(await store.findUnstorable(["a", { b: 1 }, body, "c", body])).toBe(2);
        expect(await store.findUnstorable([body])).toBe(0);
        expect(await disk.dump()).toEqual(before);
      },
    );

    test("bodies that can be stored leave no trace of having been tried", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      await takeOverFilled(store);
      const before = [await readAll(store), await disk.dump()];
      expect(await store.findUnstorable(["a", storesBlobs ? new Blob(["b"]) : "b", { c: new Map() }])).toBeUndefined();
      expect(await store.findUnstorable([])).toBeUndefined();
      expect([await readAll(store), await disk.dump()]).toEqual(before);
    });

    test("batches are read in the order asked for, with a hole where there is none", async () => {
      const store = harness.createDisk().store();
      await takeOverFilled(store);
      const found = await store.readBatches([0, 1, 2, 3, 4, 99]);
      expect(found.map((batch) => batch?.firstSeq)).toEqual([undefined, 1, undefined, 3, 4, undefined]);
      expect(await store.readBatches([])).toEqual([]);
      expect(await store.readBatches([2])).toEqual([undefined]);
    });

    test.each([3, 40, 300])("of 300 batches any %i are read, whichever lie between them", async (wanted) => {
      const store = harness.createDisk().store();
      await store.takeOver(takeOverRecord);
      const keys = Array.from({ length: 300 }, (_, index) => 1 + index * 10);
      await store.commit(
        recordAt(1, 2),
        keys.map((key) => batchOf(key, [key])),
        "relaxed",
      );
      // Every second is asked for, then a run of neighbours, then keys that are not there.
      const asked = [...keys.filter((_, at) => at % 2 === 0).slice(0, wanted), ...keys.slice(-wanted)];
      const sorted = [...new Set([...asked, 5, 1_505])].sort((a, b) => a - b);
      const found = await store.readBatches(sorted);
      expect(found.map((batch) => batch?.bodies)).toEqual(sorted.map((key) => (key % 10 === 1 ? [key] : undefined)));
    });

    test("keys are listed rising, in pieces, whatever the order of writing", async () => {
      const store = harness.createDisk().store();
      await store.takeOver(takeOverRecord);
      const keys = Array.from({ length: 1_500 }, (_, index) => index * 2 + 1);
      const late = keys.splice(700, 3);
      await store.commit(
        recordAt(1, 2),
        keys.map((key) => batchOf(key, [])),
        "relaxed",
      );
      await store.commit(
        recordAt(1, 3),
        late.map((key) => batchOf(key, [])),
        "relaxed",
      );
      const pieces = await collect(store.batchKeys());
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.flat()).toEqual([...keys, ...late].sort((a, b) => a - b));
    });

    test("deleting takes the batches of every stretch, both ends included, and may be repeated", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      await store.takeOver(takeOverRecord);
      await store.commit(
        recordAt(1, 2),
        [1, 5, 9, 20, 30, 31].map((key) => batchOf(key, [key])),
        "relaxed",
      );
      for (let time = 0; time < 2; time++) {
        await store.deleteBatches([5, 9, 30, 1_000_000]);
        expect((await disk.dump()).bodies).toEqual([1, 20]);
      }
      await store.deleteBatches([]);
      expect((await disk.dump()).bodies).toEqual([1, 20]);
    });

    test("a rewrite replaces batches together with its record, even under the key of a removed one", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      const { epoch, lsn } = await takeOverFilled(store);
      const rewritten = { ...batchOf(1, ["b", "f"]), seqs: [2, 6], sentAt: [1, 2] };
      await store.rewrite(recordAt(epoch, lsn + 1), [rewritten], [1, 4]);
      const seen = await readAll(disk.store());
      expect(seen.batches).toEqual([rewritten, batchOf(3, ["c"])]);
      expect(seen.journal.at(-1)).toEqual(recordAt(epoch, lsn + 1));
    });

    test("a rewrite that would overwrite another batch changes nothing", async () => {
      const disk = harness.createDisk();
      const store = disk.store();
      const { epoch, lsn } = await takeOverFilled(store);
      const before = await readAll(store);
      const refused = store.rewrite(recordAt(epoch, lsn + 1), [batchOf(3, ["x"])], [1]);
      await expect(refused).rejects.toEqual(refusal("failed"));
      expect(await readAll(disk.store())).toEqual(before);
    });
  });

/** Equality that looks inside what `toEqual` takes for an empty object: files, blobs and keys. */
async function expectSame(
  actual: unknown,
  expected: unknown,
  { kind, keepsFiles = false }: { kind: string; keepsFiles?: boolean | undefined },
): Promise<void> {
  if (expected instanceof Blob) {
    expect(actual, kind).toBeInstanceOf(Blob);
    const blob = actual as Blob;
    expect([await blob.text(), blob.type], kind).toEqual([await expected.text(), expected.type]);
    // Node clones a File into a Blob; browsers keep it.
    if (expected instanceof File && (keepsFiles || structuredClone(expected) instanceof File))
      expect((actual as File).name, kind).toBe(expected.name);
  } else if (expected instanceof CryptoKey) {
    expect(actual, kind).toBeInstanceOf(CryptoKey);
    const key = actual as CryptoKey;
    expect([key.algorithm, key.usages, key.extractable], kind).toEqual([
      expected.algorithm,
      expected.usages,
      expected.extractable,
    ]);
    const data = Uint8Array.of(1, 2, 3);
    const algorithm = { name: "AES-GCM", iv: new Uint8Array(12) };
    const [sealed, wanted] = await Promise.all([key, expected].map((k) => crypto.subtle.encrypt(algorithm, k, data)));
    expect(new Uint8Array(sealed as ArrayBuffer), kind).toEqual(new Uint8Array(wanted as ArrayBuffer));
  } else expect(actual, kind).toStrictEqual(expected);
}
