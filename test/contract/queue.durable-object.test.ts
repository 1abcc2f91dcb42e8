// Durable Objects in workerd, the runtime that they have in production, and clients that reach them over real sockets.

import { afterAll, describe, expect, test } from "vitest";
import { startWorkerd } from "../../scripts/workerd.mjs";
import { connect, openQueue } from "../../src/index.js";
import { describeQueue } from "./queue.contract.js";

const workerd = await startWorkerd("test/edge/worker.ts");
afterAll(() => workerd.close());

describeQueue("a Durable Object, over sockets", (database) => ({
  url: `${workerd.url}/mq/${encodeURIComponent(database)}`,
  token: () => "letmein",
}));

describe("a Durable Object whose process is killed", () => {
  test("has lost nothing that it has answered, and its clients come back by themselves", async () => {
    const options = { url: `${workerd.url}/mq/killed`, token: () => "letmein" };
    const producer = await connect(options);
    const consumer = await connect(options);
    const [out, work] = await Promise.all([producer.openQueue<number>("q"), consumer.openQueue<number>("q")]);
    const accepted: number[] = [];
    const handled: number[] = [];
    let isOver = false;
    const producing = (async () => {
      for (let i = 0; !isOver; i++) {
        await out.send(i);
        accepted.push(i);
      }
    })();
    work.consume(async ({ body }) => void handled.push(body), { concurrency: 4 });
    for (let kill = 1; kill <= 2; kill++) {
      const before = accepted.length;
      await expect.poll(() => accepted.length).toBeGreaterThan(before + 50);
      await workerd.kill();
      await workerd.restart();
      await expect.poll(() => producer.host?.epoch).toBe(kill + 1);
    }
    isOver = true;
    await producing;
    await work.whenIdle();
    const missing = accepted.filter((body) => !handled.includes(body));
    expect(missing).toEqual([]);
    // Sent once each, although answers were lost with the process; a repeat is a delivery whose settlement was.
    await expect(work.stats()).resolves.toMatchObject({ totals: { accepted: accepted.length } });
    await Promise.all([producer.close(), consumer.close()]);
  });
});

test("who has no right is told so by a Durable Object, and a plain request what it takes", async () => {
  const refused = openQueue("q", { url: `${workerd.url}/mq/shop`, token: () => "wrong" });
  await expect(refused).rejects.toMatchObject({ code: "denied" });
  const http = workerd.httpUrl;
  expect((await fetch(`${http}/mq/shop`)).status).toBe(426);
  expect((await fetch(`${http}/elsewhere`)).status).toBe(404);
});

test("a Durable Object has its limits, and says which", async () => {
  const connection = await connect({ url: `${workerd.url}/mq/limited`, token: () => "letmein" });
  await Promise.all(Array.from({ length: 50 }, (_, i) => connection.openQueue(`q${i}`)));
  await expect(connection.openQueue("one more")).rejects.toMatchObject({
    code: "full",
    detail: { limit: "perDatabase.queues", max: 50 },
  });
  await connection.close();
});
