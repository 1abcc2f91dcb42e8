// A queue as it was at one moment: what it needs stays in the store for as long as it is read, and no longer.

import { afterEach, expect, test } from "vitest";
import { createPlatform } from "../../../../src/host/engine/platform.js";
import type { MessagePage } from "../../../../src/link/rpc/views.js";
import type { HandOut, Snapshot } from "../../../../src/link/rpc/wire.js";
import { createMemoryStore } from "../../../../src/store/memory/memory.js";
import { createMemoryDisk } from "../../../../src/store/memory/memory-disk.js";
import { sendOf, startHost } from "../world.js";

const COUNT = 20;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open() {
  const disk = createMemoryDisk();
  const { setTimer } = createPlatform("test", { locks: undefined, canary: undefined });
  /** What the host would do in a minute. */
  const later: (() => void)[] = [];
  const { host, connect } = await startHost({
    store: createMemoryStore({ disk }),
    checkpointRecords: 8,
    platform: {
      setTimer(callback, ms) {
        if (ms < 60_000) return setTimer(callback, 0);
        later.push(callback);
        return () => void later.splice(later.indexOf(callback), 1);
      },
    },
  });
  closing.push(() => host.close());
  const client = await connect("a", { minor: 6 });
  for (let i = 1; i <= COUNT; i++) await client.submit(sendOf(i, `body ${i}`));
  const states = ["ready", "delayed", "leased", "blocked", "dead"] as const;
  const take = () => client.link.call<Snapshot>({ op: "snapshot", waiter: "s", queue: "q", states: [...states] });
  const page = (from: number) => client.link.call<MessagePage>({ op: "snapshot-page", waiter: "s", from, max: 8 });
  let number = COUNT;
  /** Handles so many, and waits until the store has nothing left to do. */
  const handle = async (max: number) => {
    const given = { op: "receive", mode: "receive", waiter: "w", queue: "q", waitMs: 0, leaseMs: 60_000 } as const;
    const { grant, seqs } = await client.link.call<HandOut>({ ...given, max });
    const verdict = { type: "ack" } as const;
    const command = { type: "settle", settlements: [{ grant, seqs, verdict }] } as const;
    await client.submit({ number: ++number, command });
    const { generation } = disk.pointer;
    for (let i = 0; i < 16; i++) await client.submit(sendOf(++number, "later"));
    await expect.poll(() => disk.pointer.generation).toBeGreaterThan(generation);
  };
  return { disk, client, take, page, handle, later };
}

const bodiesOf = ({ messages }: MessagePage) => messages.map(({ body }) => body);
const bodies = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `body ${from + i + 1}`);

test("what was handled, freed and would be joined since is shown as it was, and goes once it is over", async () => {
  const { disk, client, take, page, handle } = await open();
  expect(await take()).toEqual({ count: COUNT });
  const lies = () => [...disk.bodies.keys()].filter((key) => key <= COUNT).length;
  const before = lies();
  expect(before).toBeGreaterThan(1);
  expect(bodiesOf(await page(0))).toEqual(bodies(0, 8));
  await handle(COUNT - 1);
  const pages = [await page(8), await page(16)];
  expect(pages.flatMap(bodiesOf)).toEqual(bodies(8, COUNT));
  expect(pages.flatMap(({ messages }) => messages.map(({ state }) => state))).toEqual(Array(12).fill("ready"));
  expect(await page(COUNT)).toMatchObject({ messages: [] });
  expect(lies()).toBe(before);
  await client.link.call({ op: "cancel", waiter: "s" });
  await expect.poll(lies, { timeout: 10_000 }).toBeLessThanOrEqual(1);
  await expect(page(0)).rejects.toMatchObject({ code: "host-lost" });
});

test("one that nobody goes on with ends by itself", async () => {
  const { disk, take, page, handle, later } = await open();
  await take();
  await page(0);
  await handle(COUNT);
  for (const callback of later.splice(0)) callback();
  await expect.poll(() => [...disk.bodies.keys()].some((key) => key <= COUNT), { timeout: 10_000 }).toBe(false);
  await expect(page(8)).rejects.toMatchObject({ code: "host-lost" });
});

test("a page is as large as its headers allow, too, and the next one goes on behind it", async () => {
  const { client, take } = await open();
  const long = "x".repeat(60_000);
  const count = 80;
  const send = sendOf(COUNT + 1, ...Array(count).fill(0));
  await client.submit({ ...send, command: { ...send.command, headers: Array(count).fill({ long }) } } as typeof send);
  await take();
  const page = (from: number) =>
    client.link.call<MessagePage>({ op: "snapshot-page", waiter: "s", from, max: COUNT + count });
  const first = await page(0);
  expect(first.isCut).toBe(true);
  expect(first.messages.length).toBeLessThan(COUNT + count);
  const rest = await page(first.messages.length);
  expect(first.messages.length + rest.messages.length).toBe(COUNT + count);
  expect(rest.isCut).toBe(false);
});
