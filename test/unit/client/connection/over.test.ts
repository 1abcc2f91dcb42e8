// Calls of a client whose hosts have ended for good.

import { afterEach, expect, test } from "vitest";
import { QueueError } from "../../../../src/index.js";
import { startHost } from "../../host/world.js";
import { connectTo } from "../client-fixture.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const start = async () => {
  const host = await startHost();
  let gone: QueueError | undefined;
  const { connection } = connectTo(() => {
    if (gone) throw gone;
    return host.port();
  });
  closing.push(() => connection.close({ force: true }));
  const endForGood = async () => {
    gone = new QueueError("storage-failed", "the database cannot be opened");
    await host.host.close();
  };
  return { queue: await connection.openQueue<number>("q"), endForGood };
};
const FAILED = { code: "storage-failed" };

test("a request that waits for its answer rejects with why there is no host", async () => {
  const { queue, endForGood } = await start();
  const answered = queue.request(1);
  const rejects = expect(answered).rejects.toMatchObject(FAILED);
  await expect.poll(async () => (await queue.stats()).ready).toBe(1);
  await endForGood();
  await rejects;
});

test("whoever waits for the next delivery, in a loop or a stream, hears why there is none", async () => {
  const { queue, endForGood } = await start();
  const deliveries = queue.deliveries();
  const reading = queue.readable().getReader().read();
  const waiting = [deliveries.next(), reading].map((one) => expect(one).rejects.toMatchObject(FAILED));
  await queue.stats();
  await endForGood();
  await Promise.all(waiting);
  await expect(deliveries.next()).rejects.toMatchObject(FAILED);
  await expect(queue.deliveries().next()).rejects.toMatchObject(FAILED);
});
