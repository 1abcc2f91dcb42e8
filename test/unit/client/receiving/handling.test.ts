import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Hosts, startHosts } from "../client-fixture.js";
import { ODD } from "./odd.js";

let hosts: Hosts;
beforeEach(async () => {
  hosts = await startHosts();
});
afterEach(() => hosts.close());

const open = async () => {
  const { connection } = hosts.connect();
  return { connection, queue: await connection.openQueue<number>("q", { maxDeliveries: 1 }) };
};

describe.each(ODD)("a handler that throws what %s", (_, thrown) => {
  test("has failed, and the next message is handled", async () => {
    const { connection, queue } = await open();
    const seen: number[] = [];
    const consumer = queue.consume(({ body }) => {
      seen.push(body);
      if (body === 1) throw thrown();
    });
    await queue.sendBatch([{ body: 1 }, { body: 2 }]);
    await expect.poll(() => queue.stats()).toMatchObject({ dead: 1, totals: { acked: 1 } });
    expect(seen).toEqual([1, 2]);
    expect(consumer.active).toBe(0);
    const [dead] = await queue.deadLetters.list();
    expect(dead).toMatchObject({ body: 1, error: { name: expect.any(String), message: expect.any(String) } });
    await connection.close();
  });

  test("has failed in bounded work, too", async () => {
    const { queue } = await open();
    await queue.sendBatch([{ body: 1 }, { body: 2 }]);
    const handler = ({ body }: { body: number }) => {
      if (body === 1) throw thrown();
    };
    expect(await queue.consumeUntilEmpty(handler)).toEqual({ handled: 1, remaining: 0 });
    expect(await queue.stats()).toMatchObject({ dead: 1, totals: { acked: 1 } });
  });
});

test("a handler that returns a proxy that was revoked has failed", async () => {
  const { queue } = await open();
  const consumer = queue.consume(() => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  });
  await queue.send(1);
  await expect.poll(() => queue.stats()).toMatchObject({ dead: 1 });
  expect(consumer.active).toBe(0);
});

test("bounded work counts what was acknowledged, and nothing that was settled otherwise", async () => {
  const { queue } = await open();
  await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
  const { handled } = await queue.consumeUntilEmpty(async (delivery) => {
    if (delivery.body === 1) await delivery.ack();
    if (delivery.body === 2) await delivery.deadLetter("no");
  });
  expect(handled).toBe(2);
});
