// What a server answers is larger than what it takes: whoever asked gets it, on the line on which it asked.

import { expect, test, vi } from "vitest";
import { join, startServer } from "./world.js";

const MAX = 20_000;

async function start() {
  const server = await startServer({ maxMessageBytes: MAX });
  const here = await server.connect({ database: "d" });
  const away = await join(`${server.url}/mq/d`);
  const lost = vi.fn();
  away.addEventListener("disconnected", lost);
  const queues = { sender: await here.openQueue<string>("q"), queue: await away.openQueue<string>("q") };
  return { ...queues, lost, close: () => here.close() };
}

test("hand-outs, pages and schedules, each of many messages of almost that size", { timeout: 10_000 }, async () => {
  const { queue, sender, lost, close } = await start();
  const body = "x".repeat(MAX - 1_000);
  for (let i = 0; i < 10; i++) {
    await queue.send(body);
    await queue.schedules.upsert(`s${i}`, { everyMs: 3_600_000 }, body);
  }
  expect(await queue.peek({ max: 10 })).toHaveLength(10);
  expect((await queue.schedules.list()).map(({ id }) => id)).toEqual(
    (await sender.schedules.list()).map(({ id }) => id),
  );
  const first = await queue.receive({ max: 10 });
  expect(first.length).toBe(1);
  const handled = vi.fn();
  queue.consume(handled, { prefetch: 10 });
  await vi.waitFor(() => expect(handled).toHaveBeenCalledTimes(9));
  expect(lost).not.toHaveBeenCalled();
  await close();
});

test("a message that was sent in the server's process and is larger than it takes", { timeout: 10_000 }, async () => {
  const { queue, sender, lost, close } = await start();
  await sender.send("x".repeat(10 * MAX));
  await sender.send("next");
  const sizes: number[] = [];
  queue.consume(({ body }) => void sizes.push(body.length));
  await vi.waitFor(() => expect(sizes).toEqual([10 * MAX, 4]));
  expect(lost).not.toHaveBeenCalled();
  await close();
});

test("a message that no line can carry becomes a dead letter, and those beside it are handed out", {
  timeout: 10_000,
}, async () => {
  const { queue, sender, lost, close } = await start();
  let deep: unknown = "deep";
  for (let i = 0; i < 1_100; i++) deep = [deep];
  await sender.sendBatch([{ body: "before" }, { body: deep as string }, { body: "after" }]);
  const handled: string[] = [];
  queue.consume(({ body }) => void handled.push(body), { prefetch: 3 });
  await vi.waitFor(() => expect(handled.toSorted()).toEqual(["after", "before"]));
  await vi.waitFor(async () => expect(await queue.stats()).toMatchObject({ dead: 1, leased: 0 }));
  const [dead] = (await sender.deadLetters.list()) ?? [];
  expect(dead?.reason).toBe("not-cloneable");
  expect(lost).not.toHaveBeenCalled();
  await close();
});
