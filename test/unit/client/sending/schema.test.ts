// Validators as people use them, over a queue in memory.

import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Queue, StandardSchema } from "../../../../src/index.js";
import { type Hosts, startHosts } from "../client-fixture.js";

const zodOrder = z.object({ sku: z.string(), quantity: z.coerce.number<string>().int().positive() });
const valibotOrder = v.object({
  sku: v.string(),
  quantity: v.pipe(v.string(), v.transform(Number), v.integer(), v.minValue(1)),
});
const asyncOrder = v.objectAsync({
  sku: v.pipeAsync(
    v.string(),
    v.checkAsync(async (sku) => sku !== "gone"),
  ),
  quantity: v.pipe(v.string(), v.transform(Number), v.integer(), v.minValue(1)),
});

interface Input {
  sku: string;
  quantity: string;
}
interface Output {
  sku: string;
  quantity: number;
}

describe.each<[string, StandardSchema<Input, Output>]>([
  ["zod", zodOrder],
  ["valibot", valibotOrder],
  ["valibot, asynchronous", asyncOrder],
])("a queue with a schema of %s", (_, schema) => {
  let hosts: Hosts;
  let queue: Queue<Input, Output>;
  let raw: Queue;
  beforeEach(async () => {
    hosts = await startHosts();
    queue = await hosts.connect().connection.openQueue("orders", { schema });
    raw = await hosts.connect().connection.openQueue("orders");
  });
  afterEach(() => hosts.close());
  const tea = { sku: "tea", quantity: "2" };

  test("stores what was given and delivers what the schema makes of it", async () => {
    await queue.send(tea);
    expect((await queue.peek())[0]?.body).toEqual(tea);
    const [delivery] = await queue.receive();
    expect(delivery?.body).toEqual({ sku: "tea", quantity: 2 });
    await delivery?.release();
    const seen: Output[] = [];
    queue.consume(({ body }) => void seen.push(body));
    await expect.poll(() => seen).toEqual([{ sku: "tea", quantity: 2 }]);
  });

  test("refuses what does not fit, with the issues, and keeps the order of the rest", async () => {
    const refused = queue.send({ sku: "tea", quantity: "1.5" });
    await expect(refused).rejects.toMatchObject({
      code: "schema-mismatch",
      message: expect.stringContaining("quantity: "),
      detail: { issues: [{ path: ["quantity"], message: expect.any(String) }] },
    });
    await expect(queue.sendBatch([{ body: tea }, { body: { ...tea, quantity: "0" } }])).rejects.toMatchObject({
      code: "schema-mismatch",
      detail: { index: 1 },
    });
    expect(await queue.peek()).toEqual([]);
    const skus = ["a", "b", "c", "d"];
    await Promise.all(skus.map((sku) => queue.send({ sku, quantity: "1" })));
    expect((await queue.peek()).map(({ body }) => body.sku)).toEqual(skus);
  });

  const mismatch = { reason: "schema-mismatch", attempts: 1, error: { name: "schema-mismatch" } };

  test("gives up a stored message that no longer fits, without calling the handler", async () => {
    await raw.sendBatch([{ body: "old" }, { body: tea }, { body: { sku: 7 } }]);
    const seen: Output[] = [];
    queue.consume(({ body }) => void seen.push(body));
    await queue.whenIdle();
    expect(seen).toEqual([{ sku: "tea", quantity: 2 }]);
    expect(await raw.deadLetters.list()).toMatchObject([
      { body: "old", ...mismatch },
      { body: { sku: 7 }, ...mismatch },
    ]);
  });

  test("receive goes on to the first that fits, or answers with nothing", async () => {
    await raw.sendBatch([{ body: "old" }, { body: "older" }]);
    expect(await queue.receive()).toEqual([]);
    const received = queue.receive({ waitMs: 5_000 });
    await raw.send("bad");
    await queue.send(tea);
    expect(await received).toMatchObject([{ body: { quantity: 2 } }]);
    expect(await raw.deadLetters.list()).toHaveLength(3);
  });

  test("loops, streams and bounded work see only what fits", async () => {
    await raw.sendBatch([{ body: "old" }, { body: tea }, { body: "bad" }, { body: tea }]);
    for await (const delivery of queue.deliveries({ prefetch: 4 })) {
      expect(delivery.body.quantity).toBe(2);
      await delivery.ack();
      break;
    }
    await raw.send("worse");
    await queue.send(tea);
    const reader = queue.readable().getReader();
    const { value } = await reader.read();
    expect(value?.body.quantity).toBe(2);
    await value?.ack();
    await reader.cancel();
    expect(await queue.consumeUntilEmpty(({ body }) => expect(body.quantity).toBe(2))).toEqual({
      handled: 1,
      remaining: 0,
    });
    expect((await raw.deadLetters.list()).map(({ body }) => body).sort()).toEqual(["bad", "old", "worse"]);
  });
});

describe("a schema", () => {
  test("that throws fails the attempt, and the send", async () => {
    const hosts = await startHosts();
    const validate = (): never => {
      throw new RangeError("broken schema");
    };
    const schema: StandardSchema<number, number> = { "~standard": { version: 1, vendor: "test", validate } };
    const { connection } = hosts.connect();
    const queue = await connection.openQueue("q", { schema, maxDeliveries: 1 });
    await expect(queue.send(1)).rejects.toThrow("broken schema");
    const plain = await hosts.connect().connection.openQueue<number>("q");
    await plain.send(1);
    queue.consume(() => {});
    await expect.poll(() => plain.deadLetters.list()).toMatchObject([{ error: { name: "RangeError" } }]);
    await expect(connection.openQueue("q", { schema: { parse: () => {} } as never })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("openQueue().schema must be a validator of the Standard Schema"),
    });
    await hosts.close();
  });

  test("that takes its time keeps nothing from going back when a loop ends", async () => {
    const hosts = await startHosts();
    const validate = async (value: unknown) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { value: value as number };
    };
    const schema: StandardSchema<number, number> = { "~standard": { version: 1, vendor: "test", validate } };
    const queue = await hosts.connect().connection.openQueue("q", { schema });
    await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
    for await (const delivery of queue.deliveries({ prefetch: 3 })) {
      await delivery.ack();
      break;
    }
    // Two more were on their way through the schema.
    expect(await queue.stats()).toMatchObject({ ready: 2, leased: 0 });
    await hosts.close();
  });

  test("gives a queue its types", () => {
    const open = null as unknown as Awaited<ReturnType<typeof startHosts>>;
    const typed = () => open.connect().connection.openQueue("q", { schema: zodOrder });
    expectTypeOf(typed).returns.resolves.toEqualTypeOf<Queue<Input, Output>>();
  });
});
