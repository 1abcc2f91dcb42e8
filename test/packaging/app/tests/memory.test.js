// A test as an application writes it, for Vitest and for Jest, in what stands in for a browser there.
import { connect, openQueue } from "originmq";

// As many set-up files have it, so that components which start workers can be loaded.
globalThis.Worker = class {
  postMessage() {}
  terminate() {}
};

test("a queue in memory carries bodies of every kind to a consumer in this process", async () => {
  const connection = await connect({ storage: "memory" });
  expect(connection.host.kind).toBe("in-process");
  await connection.close();

  const queue = await openQueue("orders", { storage: "memory" });
  const seen = [];
  queue.consume(({ body }) => {
    seen.push(body);
  });
  await queue.send({ sku: "tea" });
  await queue.send({ at: new Date(7), bytes: new Uint8Array([1, 2]), amounts: new Map([["tea", 2]]) });
  await queue.whenIdle();
  await queue.close();

  const [text, other] = seen;
  expect(text).toEqual({ sku: "tea" });
  expect(other.at.getTime()).toBe(7);
  expect([...other.bytes]).toEqual([1, 2]);
  expect(other.amounts.get("tea")).toBe(2);
});
