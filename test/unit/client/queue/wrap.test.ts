import { afterEach, expect, test } from "vitest";
import { type Connection, connect, type StandardSchema, wrapQueue } from "../../../../src/index.js";

const connections: Connection[] = [];
const connectTo = async (database: string) => {
  const connection = await connect({ storage: "memory", database });
  connections.push(connection);
  return connection;
};
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

const aNumber: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }),
  },
};

test("a wrapped queue does what its own members say, and the rest as the queue itself", async () => {
  const queue = await (await connectTo("wrapped")).openQueue<number>("q");
  const sent: number[] = [];
  const wrapped = wrapQueue(queue, {
    send(body, options) {
      sent.push(body);
      return queue.send(body, options);
    },
  });
  await wrapped.send(1);
  expect(sent).toEqual([1]);
  expect((await wrapped.peek()).map(({ body }) => body)).toEqual([1]);
  expect(wrapped.name).toBe("q");
});

test("a transaction knows a wrapped queue as the queue it wraps", async () => {
  const [connection, elsewhere] = [await connectTo("wrapped"), await connectTo("wrapped elsewhere")];
  const wrapped = wrapQueue(await connection.openQueue("q", { schema: aNumber }), {});
  await expect(connection.transaction((tx) => tx.send(wrapped, "none" as never))).rejects.toMatchObject({
    code: "schema-mismatch",
  });
  await connection.transaction((tx) => tx.send(wrapped, 7));
  expect(await wrapped.peek()).toMatchObject([{ body: 7 }]);
  await expect(elsewhere.transaction((tx) => tx.send(wrapped, 7))).rejects.toMatchObject({ code: "invalid-argument" });
});
