// Durable Objects that leave the memory while their clients stay connected, in workerd, which lets go of an object that was
// quiet for ten seconds. The tests wait beside each other.

import { afterAll, describe, expect, test } from "vitest";
import { connect } from "../../src/index.js";
import { startWorkerd } from "../edge/workerd.js";

const workerd = await startWorkerd("hibernating.ts");
afterAll(() => workerd.close());

const http = (path: string) => fetch(`${workerd.url.replace("ws:", "http:")}${path}`).then((answer) => answer.json());
/** How often the object was made. */
const lives = (database: string) => http(`/lives?database=${database}`);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Half a second until it rests, ten until it is let go, and a little. */
const ASLEEP_MS = 12_500;

const join = async (database: string, token = "") => {
  const connection = await connect({ url: `${workerd.url}/mq/${database}`, token: () => token });
  return { connection, queue: await connection.openQueue<number>("q") };
};

describe.concurrent("an object that sleeps while clients are connected", () => {
  test("is woken by one of them, and another that consumes gets what was sent, once", async () => {
    const sender = await join("woken");
    const consumer = await join("woken");
    const handled: number[] = [];
    consumer.queue.consume(({ body }) => void handled.push(body));
    await sender.queue.send(1);
    await expect.poll(() => handled).toEqual([1]);
    await sleep(ASLEEP_MS);
    expect(await lives("woken")).toBe(1);
    await Promise.all([sender.queue.send(2), sender.queue.send(3)]);
    expect(await lives("woken")).toBe(2);
    await expect.poll(() => handled).toEqual([1, 2, 3]);
    await expect(sender.queue.stats()).resolves.toMatchObject({ totals: { accepted: 3, acked: 3 } });
    // The sockets are those that there were.
    expect(await http("/granted")).toBeGreaterThan(0);
    await Promise.all([sender.connection.close(), consumer.connection.close()]);
  });
});
