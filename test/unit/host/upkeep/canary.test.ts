// The canary answers when it does: nobody waits for it who can be told later, and nobody who can be told is left out.

import { afterEach, expect, test } from "vitest";
import { MINOR_LOSSES } from "../../../../src/core/spec/version.js";
import { deferred } from "../../../../src/link/rpc/deferred.js";
import { type LogStore, StoreError } from "../../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { sendOf, startHost, type TestHost } from "../world.js";

const opened: TestHost[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ host }) => host.close()));
});

/** A new database, whose canary answers when it is told to. */
async function startSlowly(disk = createMemoryDisk(), store: LogStore = createMemoryStore({ disk })) {
  const { promise, resolve: answer, reject: fail } = deferred<number | undefined>();
  const written: number[] = [];
  const canary = { read: () => promise, write: async (epoch: number) => void written.push(epoch) };
  const world = await startHost({ store, platform: { canary } });
  opened.push(world);
  return { ...world, answer, fail, written };
}

const TOLD = [{ reason: "wiped", ids: [] }];

test("a client sends before the canary has answered, and is told then, once, that the database before was deleted", async () => {
  const { connect, answer } = await startSlowly();
  const early = await connect("early", { minor: MINOR_LOSSES });
  expect(early.welcome.losses).toEqual([]);
  expect(await early.submit(sendOf(1, "kept"))).toMatchObject({ outcomes: [{ ok: true }] });
  answer(7);
  await expect.poll(() => early.missing).toMatchObject([{ instance: early.welcome.instance, losses: TOLD }]);
  const late = await connect("late", { minor: MINOR_LOSSES });
  expect(late.welcome.losses).toEqual(TOLD);
  expect(late.missing).toEqual([]);
  expect(early.missing).toHaveLength(1);
});

test("one of an earlier build is taken in once the canary has answered, and hears of it in its welcome", async () => {
  const { connect, answer } = await startSlowly();
  let isWelcome = false;
  const connecting = connect("early", { minor: MINOR_LOSSES - 1 }).finally(() => {
    isWelcome = true;
  });
  // Whoever comes after it is answered, so it could have been.
  await connect("newer", { minor: MINOR_LOSSES });
  expect(isWelcome).toBe(false);
  answer(7);
  const { welcome, missing } = await connecting;
  expect(welcome.losses).toEqual(TOLD);
  expect(missing).toEqual([]);
});

test("nothing is told where the canary knows no later epoch, or fails; the epoch is remembered behind its answer", async () => {
  const [known, failed] = [await startSlowly(), await startSlowly()];
  for (const { connect, written, answer, fail } of [known, failed]) {
    const client = await connect("client", { minor: MINOR_LOSSES });
    expect(written).toEqual([]);
    if (written === known.written) answer(0);
    else fail(new Error("Cache Storage is broken"));
    await expect.poll(() => written).toEqual([1]);
    expect(client.missing).toEqual([]);
  }
});

test("a host that has ended remembers nothing: the next one may have, by now", async () => {
  const { host, answer, written } = await startSlowly();
  await host.close();
  answer(0);
  await new Promise((resolve) => setTimeout(resolve));
  expect(written).toEqual([]);
});

test("a host that was deposed unawares takes the epoch of the one after it for no sign of a new database", async () => {
  const disk = createMemoryDisk();
  const { connect, answer, written } = await startSlowly(disk);
  const client = await connect("client", { minor: MINOR_LOSSES });
  const later = await startSlowly(disk);
  later.answer(1);
  await expect.poll(() => later.written).toEqual([2]);
  answer(2);
  // It learns that it is none any more with whatever it asks for.
  await expect(client.submit(sendOf(1, "late"))).rejects.toMatchObject({ code: "host-lost" });
  expect([client.missing, written]).toEqual([[], []]);
});

test("where the store fails meanwhile nothing is told and nothing noted: the next host looks again", async () => {
  const disk = createMemoryDisk();
  const store = createMemoryStore({ disk });
  const failing = { ...store, deleteBatches: () => Promise.reject(new StoreError("unavailable", "gone for now")) };
  const { connect, answer, written } = await startSlowly(disk, failing);
  const client = await connect("client", { minor: MINOR_LOSSES });
  answer(7);
  expect(await client.submit(sendOf(1, "kept"))).toMatchObject({ outcomes: [{ ok: true }] });
  expect([client.missing, written]).toEqual([[], []]);
});
