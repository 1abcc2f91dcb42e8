// What the browser does to a database under a store: closes it, deletes it, loses it, refuses it room.

import { afterEach, describe, expect, test, vi } from "vitest";
import { FORMAT_MAJOR } from "../../src/core/spec/version.js";
import { refusal } from "../contract/log-store.contract.js";
import {
  batchOf,
  chunksOf,
  collect,
  readAll,
  recordAt,
  takeOverFilled,
  takeOverRecord,
} from "../contract/log-store.samples.js";
import { isWebKit } from "../engines/this-engine.js";
import { failedOpening } from "./failing-storage.js";
import { createIndexedDbHarness, settled } from "./store-harness.js";

const harness = createIndexedDbHarness();

afterEach(async () => {
  vi.restoreAllMocks();
  await harness.dispose();
});

/** The transactions and handles that the store under test uses, as the browser would get hold of them. */
function watchDatabase(): { handle(): IDBDatabase; transaction(): IDBTransaction } {
  const transactions: IDBTransaction[] = [];
  const begin = IDBDatabase.prototype.transaction;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (this: IDBDatabase, ...args) {
    const tx = begin.apply(this, args);
    transactions.push(tx);
    return tx;
  });
  const transaction = (): IDBTransaction => {
    const last = transactions.at(-1);
    if (last === undefined) throw new Error("no transaction was begun");
    return last;
  };
  return { transaction, handle: () => transaction().db };
}

/** A filled disk, and a store on it that calls `act` once, when it reaches `step` after `arm`. */
async function fillAndWatch(step: string, act: (watch: ReturnType<typeof watchDatabase>) => void) {
  const disk = harness.createDisk();
  const watch = watchDatabase();
  const steps: string[] = [];
  let armed = false;
  const store = disk.store((name) => {
    if (!armed) return;
    steps.push(name);
    if (name !== step || steps.indexOf(name) !== steps.length - 1) return;
    act(watch);
  });
  const tail = await takeOverFilled(store);
  armed = true;
  return { disk, store, steps, watch, ...tail };
}

describe("a lost connection", () => {
  test("a commit whose handle the browser closed before it began is stored through a new one, once", async () => {
    const { store, epoch, lsn, steps, disk } = await fillAndWatch("commit:begin", (watch) => watch.handle().close());
    await store.commit(recordAt(epoch, lsn + 1), [batchOf(10, ["x"])], "strict");
    expect(steps).toContain("lookup:begin");
    expect((await disk.dump()).journal).toEqual([1, 2, 3, 4]);
    expect(await store.readBatches([10])).toEqual([batchOf(10, ["x"])]);
  });

  test("a commit that the browser aborted is found missing, and stored again", async () => {
    const { store, epoch, lsn, steps, disk } = await fillAndWatch("commit:request", (watch) =>
      watch.transaction().abort(),
    );
    await store.commit(recordAt(epoch, lsn + 1), [batchOf(10, ["x"])], "strict");
    expect(steps.filter((step) => step === "lookup:begin")).toHaveLength(1);
    expect((await disk.dump()).bodies).toEqual([1, 3, 4, 10]);
  });

  test("a commit that was stored although its connection reported failure resolves, and is not stored twice", async () => {
    // The browser tells of a failure while its database carries on: only the lookup can know.
    const { store, epoch, lsn, steps, disk } = await fillAndWatch("commit:fenced", (watch) =>
      watch.transaction().dispatchEvent(new Event("abort")),
    );
    await store.commit(recordAt(epoch, lsn + 1), [batchOf(10, ["x"])], "relaxed");
    expect(steps.at(-1)).toBe("lookup:begin");
    expect((await disk.dump()).journal).toEqual([1, 2, 3, 4]);
    await store.commit(recordAt(epoch, lsn + 2), [], "relaxed");
  });

  test("a rewrite is looked up in the same way", async () => {
    const { store, epoch, lsn, steps } = await fillAndWatch("rewrite:fenced", (watch) =>
      watch.transaction().dispatchEvent(new Event("abort")),
    );
    await store.rewrite(recordAt(epoch, lsn + 1), [batchOf(1, ["a"])], [1, 4]);
    expect(steps.at(-1)).toBe("lookup:begin");
    expect((await collect(store.batchKeys())).flat()).toEqual([1, 3]);
  });

  test("a commit that was lost to another writer's take-over is deposed", async () => {
    const watched = await fillAndWatch("commit:request", (watch) => {
      watch.transaction().abort();
      takeOver = next.takeOver(takeOverRecord);
    });
    const next = watched.disk.store();
    await next.open();
    let takeOver: Promise<unknown> = Promise.resolve();
    const commit = watched.store.commit(recordAt(watched.epoch, watched.lsn + 1), [], "strict");
    await expect(commit).rejects.toEqual(refusal("deposed"));
    await takeOver;
    expect((await readAll(next)).journal.at(-1)).toEqual(takeOverRecord({ epoch: 2, lsn: 4 }));
  });

  test("a take-over whose outcome is unknown is done again under a higher epoch", async () => {
    const { store, disk } = await fillAndWatch("take-over:swept", (watch) =>
      watch.transaction().dispatchEvent(new Event("abort")),
    );
    expect(await store.takeOver(takeOverRecord)).toEqual({ epoch: 3, lsn: 5 });
    expect((await readAll(disk.store())).journal.map((record) => record.epoch)).toEqual([1, 2, 3]);
  });

  test("a checkpoint, a delete and a read outlive a handle that was closed", async () => {
    const { store, watch, lsn } = await fillAndWatch("checkpoint-flip:begin", (watch) => watch.handle().close());
    await store.checkpoint(chunksOf(6, "second"), lsn);
    watch.handle().close();
    await store.deleteBatches([4, 4]);
    watch.handle().close();
    expect((await readAll(store)).checkpoint).toEqual(chunksOf(6, "second"));
    watch.handle().close();
    expect(await store.readBatches([1, 4])).toEqual([batchOf(1, ["a", "b"]), undefined]);
  });

  test("a handle that the browser reports closed is not used again", async () => {
    const { store, watch, epoch, lsn, steps } = await fillAndWatch("never", () => {});
    const handle = watch.handle();
    handle.close();
    handle.dispatchEvent(new Event("close"));
    await store.commit(recordAt(epoch, lsn + 1), [], "relaxed");
    expect(steps).not.toContain("lookup:begin");
  });

  test("a database that keeps failing ends in a rejection, not in an endless retry", async () => {
    const { store, epoch, lsn, disk } = await fillAndWatch("never", () => {});
    vi.restoreAllMocks();
    const begin = IDBDatabase.prototype.transaction;
    vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (this: IDBDatabase, ...args) {
      const tx = begin.apply(this, args);
      if (args[1] === "readwrite") queueMicrotask(() => tx.abort());
      return tx;
    });
    await expect(store.commit(recordAt(epoch, lsn + 1), [], "relaxed")).rejects.toEqual(refusal("unavailable"));
    vi.restoreAllMocks();
    expect((await disk.dump()).journal).toEqual([1, 2, 3]);
  });

  test("a commit that alone keeps failing is to blame itself, and the next one is stored", async () => {
    const { store, epoch, lsn, disk } = await fillAndWatch("never", () => {});
    vi.restoreAllMocks();
    const { add } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = add.apply(this, args);
      if (args[1] === 10) queueMicrotask(() => this.transaction.abort());
      return request;
    });
    const commit = store.commit(recordAt(epoch, lsn + 1), [batchOf(10, ["x"])], "relaxed");
    await expect(commit).rejects.toEqual(refusal("failed"));
    await store.commit(recordAt(epoch, lsn + 1), [batchOf(11, ["y"])], "relaxed");
    expect(await disk.dump()).toMatchObject({ journal: [1, 2, 3, 4], trials: 0 });
  });
});

/** Openings end with this error, as they do where the browser's own storage fails, until `mend` is called. */
function failOpening(name: string, message: string): { mend(): void; readonly tries: number } {
  const { open } = IDBFactory.prototype;
  let tries = 0;
  const spy = vi.spyOn(IDBFactory.prototype, "open").mockImplementation(function (this: IDBFactory) {
    tries++;
    return failedOpening(open, this, { name, message });
  });
  return {
    mend: () => spy.mockRestore(),
    get tries() {
      return tries;
    },
  };
}

describe("a database that cannot be opened", () => {
  test.each([
    ["UnknownError", "Internal error opening backing store for indexedDB.open."],
    ["UnknownError", "Connection to Indexed Database server lost. Refresh the page to try again"],
    ["InvalidStateError", "A mutation operation was attempted on a database that did not allow mutations."],
  ])("is unavailable while the browser says %s: %s, and is what it was afterwards", async (name, message) => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    const before = await disk.dump();
    const store = disk.store();
    const broken = failOpening(name, message);
    await expect(store.open()).rejects.toMatchObject({
      reason: "unavailable",
      message: expect.stringContaining(message),
    });
    expect(broken.tries).toBe(5);
    broken.mend();
    expect(await disk.dump()).toEqual(before);
    await store.open();
    expect(await store.takeOver(takeOverRecord)).toEqual({ epoch: 2, lsn: 4 });
  });

  test("is unavailable to a store that had it open, and a commit under way is not said to be undone", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    const { handle } = watchDatabase();
    await store.commit(recordAt(epoch, lsn + 1), [], "relaxed");
    handle().close();
    const broken = failOpening("UnknownError", "Internal error opening backing store for indexedDB.open.");
    await expect(store.commit(recordAt(epoch, lsn + 2), [], "strict")).rejects.toEqual(refusal("unavailable"));
    broken.mend();
    await store.commit(recordAt(epoch, lsn + 2), [], "strict");
    expect((await disk.dump()).journal).toEqual([1, 2, 3, 4, 5]);
  });

  test("one opening that hangs does not hang the store", async () => {
    const disk = harness.createDisk();
    const { lsn } = await takeOverFilled(disk.store());
    const { open } = IDBFactory.prototype;
    const hanging: IDBOpenDBRequest[] = [];
    vi.spyOn(IDBFactory.prototype, "open").mockImplementation(function (this: IDBFactory, ...args) {
      const request = open.apply(this, args);
      if (hanging.length > 0) return request;
      // Nothing is ever heard of it.
      request.addEventListener = () => {};
      hanging.push(request);
      return request;
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const store = disk.store();
      const opening = store.open();
      await vi.advanceTimersByTimeAsync(10_000);
      await vi.advanceTimersByTimeAsync(100);
      await opening;
      vi.useRealTimers();
      expect(await store.takeOver(takeOverRecord)).toEqual({ epoch: 2, lsn: lsn + 1 });
    } finally {
      vi.useRealTimers();
      for (const { result } of hanging) result.close();
    }
  });
});

describe("a database that goes away", () => {
  test("the application can delete the database while a store has it open, and it does not come back", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    await settled(indexedDB.deleteDatabase(disk.database));
    await expect(store.commit(recordAt(epoch, lsn + 1), [], "strict")).rejects.toEqual(refusal("lost"));
    await expect(store.open()).rejects.toEqual(refusal("lost"));
    // WebKit goes on listing a database whose creation was aborted; it is empty all the same.
    const listed = (await indexedDB.databases()).filter(({ name, version }) => name === disk.database && version !== 0);
    expect(isWebKit ? [] : listed).toEqual([]);
  });

  test("a store that opens after the deletion starts an empty log", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    await settled(indexedDB.deleteDatabase(disk.database));
    expect(await disk.store().takeOver(takeOverRecord)).toEqual({ epoch: 1, lsn: 1 });
  });

  test("a store that was opened before the deletion, and has not taken over, starts an empty log", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    const store = disk.store();
    await store.open();
    await settled(indexedDB.deleteDatabase(disk.database));
    expect(await store.takeOver(takeOverRecord)).toEqual({ epoch: 1, lsn: 1 });
  });

  test("a store does not take over what a newer build has taken over since it was opened", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    const store = disk.store();
    await store.open();
    await disk.setFormat({ major: FORMAT_MAJOR + 1, minor: 0 });
    const before = await disk.dump();
    await expect(store.takeOver(takeOverRecord)).rejects.toEqual(refusal("format-too-new"));
    expect(await disk.dump()).toEqual(before);
  });

  test("a database with a newer schema is a format too new, and the upgrade is not held up", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    const newer = await settled(indexedDB.open(disk.database, 99));
    newer.close();
    await expect(store.commit(recordAt(epoch, lsn + 1), [], "strict")).rejects.toEqual(refusal("format-too-new"));
    await expect(disk.store().open()).rejects.toEqual(refusal("format-too-new"));
  });

  test("a database of somebody else's under the same name is refused and left alone", async () => {
    const disk = harness.createDisk();
    const request = indexedDB.open(disk.database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("theirs");
    (await settled(request)).close();
    await expect(disk.store().open()).rejects.toEqual(refusal("failed"));
  });
});

describe("records that cannot be read", () => {
  test("an unreadable batch is named, and the others can still be read", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    await store.takeOver(takeOverRecord);
    const keys = Array.from({ length: 20 }, (_, index) => index + 1);
    await store.commit(
      recordAt(1, 2),
      keys.map((key) => batchOf(key, [key])),
      "relaxed",
    );
    // What Chromium hands out for a record that it cannot deserialize.
    await disk.put("bodies", 7, null);
    for (const wanted of [keys, [6, 7, 8]]) {
      await expect(store.readBatches(wanted)).rejects.toMatchObject({ reason: "unreadable", firstSeqs: [7] });
    }
    const others = keys.filter((key) => key !== 7);
    expect((await store.readBatches(others)).map((batch) => batch?.firstSeq)).toEqual(others);
  });

  test("an unreadable journal record or chunk is an error, never a shorter log", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    await disk.put("checkpoint", [1, 3], null);
    await disk.put("journal", 3, null);
    const log = await disk.store().open();
    await expect(collect(log.checkpoint)).rejects.toEqual(refusal("unreadable"));
    await expect(collect(log.journal)).rejects.toEqual(refusal("unreadable"));
  });
});

/**
 * Refuses whatever grows, as a full disk does, until the reserve is deleted or `free` is called. With
 * `isSmall` there is some room left, but none for the reserve.
 */
function fillDisk({ isSmall = false } = {}): { free(): void } {
  let full = true;
  const { add, put, delete: remove } = IDBObjectStore.prototype;
  const refuse = () => {
    if (full) throw new DOMException("no room", "QuotaExceededError");
  };
  vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (this: IDBObjectStore, ...args) {
    if (!isSmall) refuse();
    return add.apply(this, args);
  });
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
    if (args[1] === "reserve") refuse();
    return put.apply(this, args);
  });
  vi.spyOn(IDBObjectStore.prototype, "delete").mockImplementation(function (this: IDBObjectStore, ...args) {
    if (args[0] === "reserve") full = false;
    return remove.apply(this, args);
  });
  return {
    free() {
      full = false;
    },
  };
}

describe("a full disk", () => {
  const MEBIBYTE = 1024 * 1024;

  test("a take-over holds a mebibyte back", async () => {
    const disk = harness.createDisk();
    await disk.store().takeOver(takeOverRecord);
    await disk.store().takeOver(takeOverRecord);
    expect(await disk.reserveBytes()).toBe(MEBIBYTE);
  });

  test("a new database holds a mebibyte back as soon as there are bodies that may have to be drained", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await store.takeOver(takeOverRecord);
    await store.commit(recordAt(epoch, lsn + 1), [], "strict");
    expect(await disk.reserveBytes()).toBe(0);
    await store.commit(recordAt(epoch, lsn + 2), [batchOf(10, ["x"])], "strict");
    await store.commit(recordAt(epoch, lsn + 3), [batchOf(11, ["y"])], "strict");
    expect(await disk.reserveBytes()).toBe(MEBIBYTE);
  });

  test("a new database with little room takes no bodies before it holds it back", async () => {
    vi.spyOn(navigator.storage, "estimate").mockResolvedValue({ quota: 3 * MEBIBYTE, usage: MEBIBYTE });
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await store.takeOver(takeOverRecord);
    const still = fillDisk({ isSmall: true });
    const send = () => store.commit(recordAt(epoch, lsn + 1), [batchOf(10, ["x"])], "strict");
    await expect(send()).rejects.toEqual(refusal("quota"));
    expect(await store.readBatches([10])).toEqual([undefined]);
    still.free();
    await vi.waitFor(send, { timeout: 5_000 });
    expect(await disk.reserveBytes()).toBe(MEBIBYTE);
  });

  test("a record without bodies is stored on a full disk, in the room of the reserve", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    fillDisk();
    await store.commit(recordAt(epoch, lsn + 1), [], "strict");
    expect((await disk.dump()).journal).toEqual([1, 2, 3, 4]);
    expect(await disk.reserveBytes()).toBe(0);
  });

  test("a commit with bodies is refused on a full disk, and leaves the reserve to settlements", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    fillDisk();
    const commit = store.commit(recordAt(epoch, lsn + 1), [batchOf(10, ["x"])], "strict");
    await expect(commit).rejects.toEqual(refusal("quota"));
    expect((await disk.dump()).journal).toEqual([1, 2, 3]);
    expect(await disk.reserveBytes()).toBe(MEBIBYTE);
  });

  test("a record is refused when the reserve is used up too", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    fillDisk();
    await store.commit(recordAt(epoch, lsn + 1), [], "strict");
    vi.restoreAllMocks();
    fillDisk();
    await expect(store.commit(recordAt(epoch, lsn + 2), [], "strict")).rejects.toEqual(refusal("quota"));
  });

  test("bodies are refused as long as settlements have the reserve's room, and stored once it is back", async () => {
    const disk = harness.createDisk();
    const store = disk.store();
    const { epoch, lsn } = await takeOverFilled(store);
    fillDisk();
    await store.commit(recordAt(epoch, lsn + 1), [], "strict");
    vi.restoreAllMocks();
    const still = fillDisk({ isSmall: true });
    const send = () => store.commit(recordAt(epoch, lsn + 2), [batchOf(10, ["x"])], "strict");
    await expect(send()).rejects.toEqual(refusal("quota"));
    expect(await store.readBatches([10])).toEqual([undefined]);
    still.free();
    await vi.waitFor(send, { timeout: 5_000 });
    expect(await disk.reserveBytes()).toBe(MEBIBYTE);
    expect(await store.readBatches([10])).toEqual([batchOf(10, ["x"])]);
  });

  test("a store takes over a full disk, in the room of the reserve", async () => {
    const disk = harness.createDisk();
    await takeOverFilled(disk.store());
    fillDisk();
    expect(await disk.store().takeOver(takeOverRecord)).toEqual({ epoch: 2, lsn: 4 });
  });

  test.each(["a delete of batches", "a checkpoint", "the next take-over"])(
    "%s restores the reserve once there is room",
    async (by) => {
      const disk = harness.createDisk();
      const store = disk.store();
      const { epoch, lsn } = await takeOverFilled(store);
      fillDisk();
      await store.commit(recordAt(epoch, lsn + 1), [], "strict");
      vi.restoreAllMocks();
      const still = fillDisk();
      await store.deleteBatches([1, 1]);
      expect(await disk.reserveBytes()).toBe(0);
      still.free();
      if (by === "the next take-over") await disk.store().takeOver(takeOverRecord);
      await vi.waitFor(
        async () => {
          if (by === "a checkpoint") await store.checkpoint(chunksOf(1, "x"), lsn);
          else if (by === "a delete of batches") await store.deleteBatches([3, 3]);
          expect(await disk.reserveBytes()).toBe(MEBIBYTE);
        },
        { timeout: 5_000 },
      );
    },
  );
});
