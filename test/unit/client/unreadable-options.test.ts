// Options that cannot be read: an application's object may have getters.

import { afterEach, expect, test } from "vitest";
import { createUsualIntake } from "../../../src/client/sending/usual.js";
import { type Connection, connect, openQueue, type Queue } from "../../../src/index.js";

const cause = new Error("no such thing");
const unreadable = (name: string, rest: object = {}): object =>
  Object.defineProperty({ ...rest }, name, {
    enumerable: true,
    get(): never {
      throw cause;
    },
  });

let connection: Connection | undefined;
const early = () => openQueue("early", { ...memory, database: `unreadable-${++count}` });
let count = 0;
afterEach(() => connection?.close());

const memory = { storage: "memory", database: "unreadable" } as const;

test.each<[string, string, (queue: Queue) => unknown]>([
  ["openQueue()", "leaseMs", () => openQueue("q", unreadable("leaseMs", memory))],
  ["openQueue()", "database", () => openQueue("q", unreadable("database"))],
  ["openQueue()", "encryption", () => openQueue("q", unreadable("encryption", memory))],
  ["openQueue()", "signal", () => openQueue("q", unreadable("signal", memory))],
  ["connect()", "storage", () => connect(unreadable("storage"))],
  ["connect()", "signal", () => connect(unreadable("signal", memory))],
  ["connect()", "encryption", () => connect(unreadable("encryption", memory))],
  ["encryption", "password", () => connect({ ...memory, encryption: unreadable("password") as { password: string } })],
  ["openQueue()", "ttlMs", () => connection?.openQueue("q", unreadable("ttlMs"))],
  ["send()", "priority", (queue) => queue.send(1, unreadable("priority"))],
  ["send()", "signal", (queue) => queue.send(1, unreadable("signal"))],
  ["sendBatch()", "signal", (queue) => queue.sendBatch([{ body: 1 }], unreadable("signal"))],
  ["sendBatch()", "priority", (queue) => queue.sendBatch([unreadable("priority", { body: 1 }) as { body: number }])],
  ["send() at first", "priority", async () => (await early()).send(1, unreadable("priority"))],
  ["send() at first", "signal", async () => (await early()).send(1, unreadable("signal"))],
  ["sendBatch() at first", "signal", async () => (await early()).sendBatch([{ body: 1 }], unreadable("signal"))],
  [
    "sendBatch() at first",
    "priority",
    async () => (await early()).sendBatch([unreadable("priority", { body: 1 }) as { body: number }]),
  ],
  ["consume()", "concurrency", async (queue) => queue.consume(() => {}, unreadable("concurrency"))],
  ["consume()", "signal", async (queue) => queue.consume(() => {}, unreadable("signal"))],
  ["receive()", "waitMs", (queue) => queue.receive(unreadable("waitMs"))],
  ["request()", "timeoutMs", (queue) => queue.request(1, unreadable("timeoutMs"))],
])("of %s are named, with what their getter has thrown: %s", async (_, name, call) => {
  connection = await connect(memory);
  const queue: Queue = await connection.openQueue("q");
  const refused = { code: "invalid-argument", detail: { name: expect.stringContaining(name) }, cause };
  // Before the rest of the client is there, and once it is.
  for (let i = 0; i < 2; i++) {
    await expect((async () => call(queue))()).rejects.toMatchObject(refused);
    await queue.receive();
  }
});

test("are left to who can say so, as long as that is not there", async () => {
  const intake = createUsualIntake({ now: undefined, get: () => Promise.reject(new Error("asked for")) });
  const batch = [unreadable("priority", { body: 1 })];
  for (const taken of [
    () => intake.one(1, unreadable("priority")),
    () => intake.one(1, unreadable("signal")),
    () => intake.batch(batch, undefined),
    () => intake.batch([{ body: 1 }], unreadable("signal")),
  ])
    await expect(taken()).rejects.toThrow("asked for");
});
