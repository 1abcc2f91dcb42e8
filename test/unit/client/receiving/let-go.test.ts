import { expect, test } from "vitest";
import { collected } from "../../../collected.js";
import { startHosts } from "../client-fixture.js";

test("what a consumer has handled is held by nobody once it is acknowledged", async () => {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  const queue = await connection.openQueue<{ n: number }>("q");
  const bodies: WeakRef<object>[] = [];
  const consumer = queue.consume(({ body }) => void bodies.push(new WeakRef(body)), {
    concurrency: 1,
    prefetch: 1_000,
  });
  await queue.sendBatch(Array.from({ length: 700 }, (_, n) => ({ body: { n } })));
  await queue.whenIdle();
  await collected();
  expect(bodies).toHaveLength(700);
  expect(bodies.filter((body) => body.deref() !== undefined)).toHaveLength(0);
  await consumer.stop();
  await hosts.close();
});
