// Inbox and outbox over real IndexedDB and a real queue; what dies here dies in one place, the rest is in test/faults.

import { type IDBPDatabase, openDB } from "idb";
import { afterEach, expect, test } from "vitest";
import { type Connection, connect, type Delivery, type Queue, type QueueError } from "../../src/index.js";
import {
  createInboxStore,
  createOutboxStore,
  inbox,
  OUTBOX_ID_HEADER,
  type OutboxFailure,
  outbox,
  type TransactionalOutbox,
} from "../../src/transactional.js";

const closing: (() => unknown)[] = [];
let count = 0;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openQueueOfItsOwn<Body>(options = {}): Promise<{ connection: Connection; queue: Queue<Body> }> {
  const connection = await connect({ database: `transactional-${Date.now()}-${++count}` });
  closing.push(() => connection.close({ force: true }));
  return { connection, queue: await connection.openQueue<Body>("orders", options) };
}

/** Wrapped by `idb`; `unwrapped` is the same one raw. */
async function openApp(): Promise<{ app: IDBPDatabase; raw: IDBDatabase }> {
  const name = `app-${Date.now()}-${++count}`;
  const app = await openDB(name, 1, {
    upgrade(db) {
      createInboxStore(db);
      createInboxStore(db);
      createOutboxStore(db);
      db.createObjectStore("effects", { autoIncrement: true });
    },
  });
  const raw = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => resolve(opening.result);
  });
  closing.push(
    () => app.close(),
    () => raw.close(),
  );
  return { app, raw };
}

const deliveryOf = (id: string, ack: () => Promise<void> = async () => {}) =>
  ({ id, body: id, ack, attempt: 1, headers: {} }) as Partial<Delivery> as Delivery<string>;

const openOutbox = (db: IDBDatabase | IDBPDatabase, options: Parameters<typeof outbox>[1]): TransactionalOutbox => {
  const box = outbox(db, options);
  closing.push(() => box.close());
  return box;
};

test("each message has its effect once, and is gone, over a raw database and over one of idb", async () => {
  const { app, raw } = await openApp();
  const { queue } = await openQueueOfItsOwn<number>();
  await queue.sendBatch([1, 2, 3].map((body) => ({ body })));
  const overRaw = inbox(raw).handle<number>("effects", ({ body }, tx) => {
    void tx.objectStore("effects").add(body);
  });
  await queue.consumeUntilEmpty(overRaw);
  await queue.sendBatch([4, 5].map((body) => ({ body })));
  const overIdb = inbox(app).handle<number>(["effects"], async ({ body }, tx) => {
    const store = tx.objectStore("effects");
    await store.add(body);
    expect(await store.count()).toBe(body);
  });
  await queue.consumeUntilEmpty(overIdb);
  expect(await app.getAll("effects")).toEqual([1, 2, 3, 4, 5]);
  expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0, delayed: 0, dead: 0 });
});

test("a message that comes again because its acknowledgement was lost is acknowledged without another effect", async () => {
  const { app, raw } = await openApp();
  for (const [i, box] of [inbox(raw), inbox(app)].entries()) {
    let runs = 0;
    let acks = 0;
    const handle = box.handle<string>("effects", ({ body }, tx) => {
      runs++;
      void (tx as IDBTransaction).objectStore("effects").add(body);
    });
    const id = `lost-${i}`;
    const lost = () => Promise.reject(new Error("the tab died"));
    await expect(handle(deliveryOf(id, lost))).rejects.toThrow("the tab died");
    await handle(deliveryOf(id, async () => void acks++));
    await Promise.all([handle(deliveryOf(id)), handle(deliveryOf(id))]);
    expect({ runs, acks }).toEqual({ runs: 1, acks: 1 });
  }
  expect(await app.getAll("effects")).toEqual(["lost-0", "lost-1"]);
});

test("nothing remains of a handler that throws, and its error is what the retry tells", async () => {
  const { app, raw } = await openApp();
  const { queue } = await openQueueOfItsOwn<string>({ maxDeliveries: 2, backoff: { baseMs: 0 } });
  await queue.send("order");
  let runs = 0;
  const handle = inbox(raw).handle("effects", async (_, tx) => {
    runs++;
    void tx.objectStore("effects").add("half");
    throw new RangeError("no stock");
  });
  queue.consume(handle);
  await expect.poll(async () => (await queue.stats()).dead).toBe(1);
  expect(runs).toBe(2);
  expect(await queue.deadLetters.list()).toMatchObject([{ error: { name: "RangeError", message: "no stock" } }]);
  expect(await app.getAll("effects")).toEqual([]);
  expect(await app.count("originmq-inbox")).toBe(0);
});

const fetchOneByOne = async (count: number) => {
  for (let i = 0; i < count; i++) await fetch("/", { cache: "no-store" });
};

test.each([
  ["a timer", () => new Promise((resolve) => setTimeout(resolve, 50))],
  // One alone may be back before the transaction has committed; then it is as if it had not been awaited.
  ["fetches", () => fetchOneByOne(20)],
  ["another database", () => openDB(`other-${Date.now()}`)],
  ["nothing that ever ends", () => new Promise(() => {})],
])("a handler that awaits %s is told so, and nothing of it remains", async (_, wait) => {
  const { app, raw } = await openApp();
  for (const box of [inbox(raw), inbox(app)]) {
    const handle = box.handle("effects", async (_, tx) => {
      await (tx as IDBTransaction).objectStore("effects").add("half");
      await wait();
    });
    await expect(handle(deliveryOf("order"))).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("must await requests of its transaction only"),
    });
  }
  expect(await app.getAll("effects")).toEqual([]);
  expect(await app.count("originmq-inbox")).toBe(0);
});

test("a handler may await many requests, cursors and microtasks", async () => {
  const { app } = await openApp();
  const handle = inbox(app).handle("effects", async (_, tx) => {
    const store = tx.objectStore("effects");
    for (let i = 0; i < 50; i++) {
      await store.add(i);
      for (let hop = 0; hop < 20; hop++) await Promise.resolve();
    }
    let cursor = await store.openCursor();
    while (cursor) {
      if (cursor.value % 2) await cursor.delete();
      cursor = await cursor.continue();
    }
    await store.get(-1);
    return "done";
  });
  expect(await handle(deliveryOf("order"))).toBe("done");
  expect(await app.getAll("effects")).toEqual(Array.from({ length: 25 }, (_, i) => 2 * i));
});

test("a request that fails after its handler ended fails the attempt, and so does a transaction that was aborted", async () => {
  const { app, raw } = await openApp();
  const twice = inbox(raw).handle("effects", (_, tx) => {
    void tx.objectStore("effects").add("x", "key");
    void tx.objectStore("effects").add("y", "key");
  });
  await expect(twice(deliveryOf("order"))).rejects.toMatchObject({
    code: "storage-failed",
    cause: { name: "ConstraintError" },
  });
  const aborting = inbox(raw).handle("effects", (_, tx) => tx.abort());
  await expect(aborting(deliveryOf("order"))).rejects.toMatchObject({ code: "storage-failed" });
  expect(await app.count("originmq-inbox")).toBe(0);
});

test("ids of acknowledged messages go after keepMs, the oldest of too many at once, and those of others stay", async () => {
  const { app, raw } = await openApp();
  const stored = async () => (await app.getAllKeys("originmq-inbox")).map(String);
  const short = inbox(raw, { keepMs: 0 });
  await short.handle("effects", () => {})(deliveryOf("short"));
  const unknown = short.handle("effects", () => {})(deliveryOf("unknown", () => Promise.reject(new Error("died"))));
  await expect(unknown).rejects.toThrow("died");
  expect(await stored()).toEqual(["short", "unknown"]);
  await expect.poll(stored).toEqual(["unknown"]);

  const few = inbox(raw, { maxIds: 3 });
  for (const id of ["a", "b", "c", "d", "e"]) {
    await few.handle("effects", () => {})(deliveryOf(id));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await expect.poll(stored).toHaveLength(3);
  expect(await stored()).toContain("unknown");
});

test("what is missing or wrong is named", async () => {
  const { app, raw } = await openApp();
  const refused = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      return error as QueueError;
    }
    throw new Error("it was not refused");
  };
  const cases: [() => unknown, string][] = [
    [() => inbox(raw, { storeName: "absent" }), 'an object store "absent": call createInboxStore(db)'],
    [() => outbox(raw, { storeName: "absent" }), 'an object store "absent": call createOutboxStore(db)'],
    [() => inbox(app).handle("absent", () => {}), 'an object store "absent"'],
    [() => inbox(raw, { keepMs: -1 }), "inbox().keepMs must be"],
    [() => inbox(raw, { size: 1 } as never), 'inbox(): unknown option "size"'],
  ];
  const { connection } = await openQueueOfItsOwn();
  const box = openOutbox(raw, { connection });
  const tx = raw.transaction(["originmq-outbox"], "readwrite");
  cases.push(
    [() => box.send(raw.transaction("effects", "readwrite"), "orders", 1), 'the store "originmq-outbox" in its scope'],
    [() => box.send(raw.transaction("originmq-outbox"), "orders", 1), "an active readwrite transaction"],
    [() => box.send(tx, "orders", 1, { priority: 10 }), "outbox.send().priority must be"],
    [
      () => box.send(tx, "orders", 1, { deduplicationId: "x" } as never),
      'outbox.send(): unknown option "deduplicationId"',
    ],
    [() => box.send(tx, "", 1), "outbox.send(queue)"],
    [() => box.send(tx, "orders", 1, { deliverAt: Number.POSITIVE_INFINITY }), "outbox.send().deliverAt must be"],
    [() => box.send(tx, "orders", 1, { deliverAt: 1e300 }), "outbox.send().deliverAt must be"],
  );
  for (const [call, message] of cases) {
    expect(refused(call)).toMatchObject({ code: "invalid-argument", message: expect.stringContaining(message) });
  }
  const broken = Object.defineProperty({}, "total", { enumerable: true, get: () => raw.transaction("missing") });
  for (const [body, path] of [
    [() => {}, "outbox.send().body"],
    [{ lines: [1, { run: () => {} }] }, "outbox.send().body.lines[1].run"],
    [[broken], "outbox.send().body[0].total"],
  ] as const)
    expect(refused(() => box.send(tx, "orders", body))).toMatchObject({ code: "not-cloneable", detail: { path } });
});

test("a send goes out with its transaction, in order, with its options, and with an aborted one not at all", async () => {
  const { app, raw } = await openApp();
  const { connection, queue } = await openQueueOfItsOwn<number>();
  const box = openOutbox(raw, { connection });
  const overIdb = openOutbox(app, { connection });
  const aborted = raw.transaction(["effects", "originmq-outbox"], "readwrite");
  box.send(aborted, "orders", 0);
  aborted.abort();
  const ids: string[] = [];
  for (let i = 1; i <= 150; i++) {
    const tx = raw.transaction(["effects", "originmq-outbox"], "readwrite");
    void tx.objectStore("effects").add(i);
    ids.push(box.send(tx, "orders", i, i === 1 ? { groupId: "g", headers: { a: "b" } } : {}));
  }
  const tx = app.transaction(["originmq-outbox"], "readwrite");
  ids.push(overIdb.send(tx, "orders", 151, { delayMs: 60_000 }));
  await tx.done;
  await expect.poll(async () => (await queue.stats()).delayed).toBe(1);
  const messages = await queue.peek({ max: 200 });
  expect(messages.map(({ body }) => body)).toEqual(Array.from({ length: 151 }, (_, i) => i + 1));
  expect(messages.map(({ headers }) => headers[OUTBOX_ID_HEADER])).toEqual(ids);
  expect(messages[0]).toMatchObject({ groupId: "g", headers: { a: "b" } });
  await expect.poll(() => app.count("originmq-outbox")).toBe(0);
});

test("a relay that stops between send and delete is repeated by another context, and sends nothing twice", async () => {
  const { app, raw } = await openApp();
  const { connection, queue } = await openQueueOfItsOwn<number>();
  let accepted = 0;
  const stopping = {
    async openQueue(name: string) {
      const real = await connection.openQueue<unknown>(name);
      const sendBatch: typeof real.sendBatch = async (items) => {
        accepted += (await real.sendBatch(items)).length;
        return new Promise(() => {});
      };
      return { ...real, sendBatch };
    },
  } as Pick<Connection, "openQueue">;
  const stopped = outbox(raw, { connection: stopping });
  const tx = raw.transaction(["originmq-outbox"], "readwrite");
  for (const body of [1, 2, 3]) stopped.send(tx, "orders", body);
  await expect.poll(() => accepted).toBe(3);
  expect(await app.count("originmq-outbox")).toBe(3);
  const next = openOutbox(app, { connection });
  await next.relay();
  expect(await app.count("originmq-outbox")).toBe(0);
  expect((await queue.peek()).map(({ body }) => body)).toEqual([1, 2, 3]);
});

test("another context relays what its writer committed and did not live to relay", async () => {
  const { raw } = await openApp();
  const { connection, queue } = await openQueueOfItsOwn<number>();
  await openOutbox(raw, { connection }).relay();
  // Its own relay holds the lock, and never gets anywhere.
  const writer = outbox(raw, { connection: { openQueue: () => new Promise<never>(() => {}) } });
  const tx = raw.transaction(["originmq-outbox"], "readwrite");
  writer.send(tx, "orders", 7);
  await expect.poll(async () => (await queue.stats()).ready, { timeout: 15_000 }).toBe(1);
});

test("what a queue does not take stays, is told of, and goes when there is room; other queues go on", async () => {
  const { app, raw } = await openApp();
  const { connection, queue } = await openQueueOfItsOwn<number>({ maxMessages: 2 });
  const replacing = await connection.openQueue("replacing", { deduplicationMode: "replace" });
  const other = await connection.openQueue<number>("other");
  const failures: OutboxFailure[] = [];
  const box = openOutbox(raw, { connection, onError: (failure) => failures.push(failure) });
  await box.relay();
  const tx = raw.transaction(["originmq-outbox"], "readwrite");
  const ids = [1, 2, 3, 4].map((body) => box.send(tx, "orders", body));
  box.send(tx, "replacing", 5);
  box.send(tx, "other", 6);
  await expect.poll(() => failures.map(({ queue: name }) => name)).toEqual(["orders", "replacing"]);
  expect(failures[0]).toMatchObject({ id: ids[2], error: { code: "full" } });
  expect(failures[1]).toMatchObject({ error: { code: "invalid-argument" } });
  expect((await other.peek()).map(({ body }) => body)).toEqual([6]);
  const bodies: number[] = [];
  queue.consume(({ body }) => void bodies.push(body));
  await expect.poll(() => bodies).toEqual([1, 2, 3, 4]);
  await expect.poll(() => app.count("originmq-outbox")).toBe(1);
  expect(await replacing.stats()).toMatchObject({ ready: 0 });
});

test("a queue that lets its senders wait for room holds up no other one, and gets its part when it has room", async () => {
  const { app, raw } = await openApp();
  const { connection, queue } = await openQueueOfItsOwn<number>({ maxMessages: 1, overflow: "block" });
  await queue.send(0);
  const other = await connection.openQueue<unknown>("other");
  const failures: OutboxFailure[] = [];
  const box = openOutbox(raw, { connection, onError: (failure) => failures.push(failure) });
  const write = async (...sends: [string, unknown][]) => {
    const tx = app.transaction("originmq-outbox", "readwrite");
    for (const [name, body] of sends) box.send(tx as never, name, body);
    await tx.done;
  };
  await write(["orders", 1], ["orders", 2]);
  await expect.poll(() => failures.length).toBeGreaterThan(0);
  const at = new Date(5);
  await write(["orders", 3], ["other", new Proxy({ at }, {})]);
  await expect.poll(async () => (await other.peek()).map(({ body }) => body)).toEqual([{ at }]);
  expect((await queue.peek()).map(({ body }) => body)).toEqual([0]);
  const bodies: number[] = [];
  queue.consume(({ body }) => void bodies.push(body));
  await expect.poll(() => bodies, { timeout: 15_000 }).toEqual([0, 1, 2, 3]);
  await expect.poll(() => app.count("originmq-outbox")).toBe(0);
});

test("headers that leave no room for the outbox's own are refused at once, and those in a proxy are taken", async () => {
  const { connection, queue } = await openQueueOfItsOwn<string>();
  const { raw } = await openApp();
  const box = openOutbox(raw, { connection });
  const tx = raw.transaction(["originmq-outbox"], "readwrite");
  const full = { headers: { a: "x".repeat(64 * 1024 - 1) } };
  expect(() => box.send(tx, "orders", "never", full)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  box.send(tx, "orders", "body", { headers: new Proxy({ a: "x" }, {}) });
  await box.relay();
  const [delivery] = await queue.receive({ waitMs: 5_000 });
  expect(delivery).toMatchObject({ body: "body", headers: { a: "x" } });
});
