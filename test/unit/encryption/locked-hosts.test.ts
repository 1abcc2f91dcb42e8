// What is sent while the key of a database is waited for, over hosts that die, one after the other on the same disk.

import { expect, test } from "vitest";
import type { EncryptedConnection } from "../../../src/index.js";
import { StoreError } from "../../../src/store/log-store.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { openSealing } from "../../../src/wiring/sealing.js";
import { connectTo } from "../client/client-fixture.js";
import { startHost, type TestHost } from "../host/world.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const never = () => new Promise<CryptoKey>(() => {});

const HURRY = 50;
const reach = async (openPort: () => MessagePort, ask: () => CryptoKey | Promise<CryptoKey>) => {
  const { client } = connectTo(openPort, HURRY);
  const parts = await openSealing(client, { encryption: { key: ask, whileLocked: "send" } });
  return parts.createPublicConnection(client, { isLazy: false, persisted: undefined }) as EncryptedConnection;
};

/** Hosts of a disk: the first dies at that step, counted from `watch` on; the next begins at once. */
async function mortal(disk: MemoryDisk, at: number) {
  let steps = 0;
  let isWatched = false;
  const onStep = () => {
    if (isWatched && ++steps > at) throw new StoreError("lost", "killed");
  };
  const begin = (isMortal: boolean) =>
    startHost({ store: createMemoryStore({ disk, ...(isMortal && { onStep }) }), checkpointRecords: 3 });
  let current: TestHost = await begin(true);
  const next = current.host.ended.catch(async () => {
    current = await begin(false);
  });
  return {
    port: () => current.port(),
    watch() {
      isWatched = true;
    },
    get steps() {
      return steps;
    },
    async close() {
      isWatched = false;
      await current.host.close();
      await next;
      await current.host.close();
    },
  };
}

async function filled(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const host = await mortal(disk, Number.POSITIVE_INFINITY);
  const connection = await reach(host.port, () => key);
  await (await connection.openQueue("letters")).send(0);
  await connection.close();
  await host.close();
  return disk;
}

/** Sends while it is locked, over hosts of which the first dies at that step; then it is unlocked. Resolves with the steps. */
async function sendAndDie(disk: MemoryDisk, at: number): Promise<number> {
  const host = await mortal(disk, at);
  const connection = await reach(host.port, never);
  const letters = await connection.openQueue("letters");
  host.watch();
  await letters.send(1);
  await letters.sendBatch([{ body: 2 }, { body: 3 }]);
  await letters.send(4);
  // What becomes of it is nobody's here any more.
  await connection.close({ force: true });
  const { steps } = host;
  await host.close();
  return steps;
}

test("it is durable once it was accepted, at whatever step the host dies, and comes out in order, each once", async () => {
  const before = await filled();
  const copy = (): MemoryDisk => structuredClone(before);
  const steps = await sendAndDie(copy(), Number.POSITIVE_INFINITY);
  expect(steps).toBeGreaterThan(5);
  const dieAt = async (at: number) => {
    const disk = copy();
    await sendAndDie(disk, at);
    const host = await mortal(disk, Number.POSITIVE_INFINITY);
    const connection = await reach(host.port, () => key);
    const letters = await connection.openQueue("letters");
    const seen: unknown[] = [];
    await letters.consumeUntilEmpty(({ body }) => void seen.push(body));
    expect(seen, `step ${at}`).toEqual([0, 1, 2, 3, 4]);
    await connection.close();
    await host.close();
  };
  await Promise.all(Array.from({ length: steps }, (_, at) => dieAt(at)));
});
