// A delivery that is lost while its body is still being looked at reaches no handler.

import { afterEach, expect, test } from "vitest";
import type { StandardSchema } from "../../../../src/client/sending/schema.js";
import { type Hosts, startHosts } from "../client-fixture.js";

let hosts: Hosts;
afterEach(() => hosts.close());

const open = async () => {
  hosts = await startHosts();
  const looks: (() => void)[] = [];
  const schema: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => new Promise((resolve) => void looks.push(() => resolve({ value: value as number }))),
    },
  };
  const { connection, page } = hosts.connect();
  const queue = await connection.openQueue<number>("q", { schema });
  const other = await hosts.connect().connection.openQueue<number>("q");
  await other.send(1);
  return { queue, looks, page };
};

test("of a consumer whose page was put to sleep meanwhile", async () => {
  const { queue, looks, page } = await open();
  const seen: AbortSignal[] = [];
  queue.consume(({ signal }) => void seen.push(signal));
  await expect.poll(() => looks.length).toBe(1);
  page.suspend();
  page.resume();
  await expect.poll(() => looks.length).toBe(2);
  for (const end of looks) end();
  await expect.poll(() => seen.length).toBeGreaterThan(0);
  await expect.poll(() => queue.stats()).toMatchObject({ totals: { acked: 1 } });
  expect(seen.length).toBe(1);
});

test("of bounded work whose page was put to sleep meanwhile", async () => {
  const { queue, looks, page } = await open();
  const seen: number[] = [];
  const drained = queue.consumeUntilEmpty(({ body }) => void seen.push(body));
  await expect.poll(() => looks.length).toBe(1);
  page.suspend();
  looks.shift()?.();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).toEqual([]);
  page.resume();
  await expect.poll(() => looks.length).toBe(1);
  looks.shift()?.();
  await drained;
  expect(seen).toEqual([1]);
});

test("of a receive whose page was put to sleep meanwhile", async () => {
  const { queue, looks, page } = await open();
  const received = queue.receive({ waitMs: 5_000 });
  await expect.poll(() => looks.length).toBe(1);
  page.suspend();
  looks.shift()?.();
  page.resume();
  await expect.poll(() => looks.length).toBe(1);
  looks.shift()?.();
  const taken = await received;
  expect(taken.length).toBe(1);
  // It is the one that is still held.
  await taken[0]?.ack();
});
