// What a typed queue lets through, and what must not compile.

import { describe, expectTypeOf, test } from "vitest";
import {
  type Consumer,
  connect,
  type Delivery,
  type LocalFirstQueue,
  type LocalReceipt,
  type MessageView,
  openQueue,
  type Queue,
  type Receipt,
  type ScheduleView,
  type StandardSchema,
  wrapQueue,
} from "../../src/index.js";

interface Order {
  readonly sku: string;
  readonly quantity: number;
}

declare const orders: Queue<Order>;

test("a connection with a key destroys and changes it, and one without has none", async () => {
  const encrypted = await connect({ encryption: { password: "secret" } });
  expectTypeOf(encrypted.shred()).toEqualTypeOf<Promise<void>>();
  void encrypted.rekey({ generate: true });
  encrypted.addEventListener("shredded", () => {});
  encrypted.addEventListener("locked", ({ detail }) => expectTypeOf(detail.reason).toEqualTypeOf<unknown>());
  expectTypeOf(encrypted.locked).toEqualTypeOf<boolean>();
  void connect({ encryption: { key: () => ({ password: "secret" }), whileLocked: "send" } });
  const plain = await connect({ database: "d" });
  // @ts-expect-error it has no key
  void plain.shred();
  // @ts-expect-error nor does it hear of one
  plain.addEventListener("shredded", () => {});
});

describe("a queue of orders", () => {
  test("takes orders and nothing else", () => {
    expectTypeOf(orders.send).parameter(0).toEqualTypeOf<Order>();
    // @ts-expect-error a number is no order
    void orders.send(7);
    // @ts-expect-error an order has a quantity
    void orders.send({ sku: "tea" });
    // @ts-expect-error one of the bodies is no order
    void orders.sendBatch([{ body: { sku: "tea", quantity: 1 } }, { body: "tea" }]);
  });

  test("schedules orders and nothing else, by one kind of time", () => {
    const order = { sku: "tea", quantity: 1 };
    void orders.schedules.upsert("s", { cron: "0 3 * * *", timeZone: "Europe/Berlin" }, order, { priority: 9 });
    void orders.schedules.upsert("s", { everyMs: 1_000, catchUp: "none" }, order);
    // @ts-expect-error a number is no order
    void orders.schedules.upsert("s", { everyMs: 1_000 }, 7);
    // @ts-expect-error one or the other
    void orders.schedules.upsert("s", { everyMs: 1_000, cron: "0 3 * * *" }, order);
    // @ts-expect-error only a cron expression has a time zone
    void orders.schedules.upsert("s", { everyMs: 1_000, timeZone: "UTC" }, order);
    // @ts-expect-error a tick has its own time
    void orders.schedules.upsert("s", { everyMs: 1_000 }, order, { delayMs: 1 });
    expectTypeOf(orders.schedules.list()).resolves.toEqualTypeOf<ScheduleView<Order>[]>();
  });

  test("gives orders back", () => {
    expectTypeOf(orders.receive()).resolves.toEqualTypeOf<Delivery<Order>[]>();
    expectTypeOf(orders.peek()).resolves.toEqualTypeOf<MessageView<Order>[]>();
    expectTypeOf(orders.peekPages({ state: "dead", pageSize: 5 })).toEqualTypeOf<AsyncIterable<MessageView<Order>[]>>();
    expectTypeOf(orders.deadLetters.pages()).toEqualTypeOf<AsyncIterable<MessageView<Order>[]>>();
    expectTypeOf(orders.isGroupWaiting("g")).resolves.toEqualTypeOf<boolean>();
    expectTypeOf(orders.send({ sku: "tea", quantity: 1 })).resolves.toEqualTypeOf<Receipt>();
    expectTypeOf(orders.consume(({ body }) => expectTypeOf(body).toEqualTypeOf<Order>())).toEqualTypeOf<Consumer>();
    expectTypeOf(orders.deliveries()).toEqualTypeOf<AsyncIterableIterator<Delivery<Order>>>();
  });

  test("knows its options", () => {
    const order = { sku: "tea", quantity: 1 };
    void orders.send(order, { priority: 9, delayMs: 5, headers: { trace: "t" }, groupId: "tea" });
    void orders.send(order, { ttlMs: 5_000 });
    void orders.send(order, { ttlMs: null });
    void orders.send(order, { deduplicationId: "x" });
    // @ts-expect-error it is dropped or replaced
    void openQueue("orders", { deduplicationMode: "keep" });
    // @ts-expect-error there is no such option
    void orders.send(order, { prio: 9 });
    // @ts-expect-error headers are text
    void orders.send(order, { headers: { trace: 7 } });
    // @ts-expect-error a state is one of five
    void orders.peek({ state: "gone" });
    // @ts-expect-error there is no such event
    orders.addEventListener("message", () => {});
    orders.addEventListener("available", ({ detail }) => expectTypeOf(detail.ready).toEqualTypeOf<number>());
  });
});

test("a schema says what is sent and what is delivered", () => {
  const schema = null as unknown as StandardSchema<string, number>;
  expectTypeOf(openQueue("numbers", { schema, maxDeliveries: 3 })).resolves.toEqualTypeOf<Queue<string, number>>();
  const numbers = null as unknown as Queue<string, number>;
  void numbers.send("7");
  // @ts-expect-error what is sent is the schema's input
  void numbers.send(7);
  expectTypeOf(numbers.receive()).resolves.toEqualTypeOf<Delivery<number>[]>();
  expectTypeOf(numbers.peek()).resolves.toEqualTypeOf<MessageView<string>[]>();
  expectTypeOf(numbers.readable()).toEqualTypeOf<ReadableStream<Delivery<number>>>();
  expectTypeOf(numbers.writable()).toEqualTypeOf<WritableStream<string>>();
});

test("a wrapped queue is one of the same bodies", () => {
  const numbers = null as unknown as Queue<string, number>;
  expectTypeOf(wrapQueue(numbers, {})).toEqualTypeOf<Queue<string, number>>();
  // @ts-expect-error what is sent stays the schema's input
  void wrapQueue(numbers, { send: (body: number) => numbers.send(`${body}`) });
  // @ts-expect-error there is no such member
  void wrapQueue(numbers, { publish: () => {} });
});

test("a transaction takes deliveries of any queue", () => {
  void connect().then((connection) =>
    connection.transaction((tx) => {
      tx.send(orders, { sku: "tea", quantity: 1 }, { priority: 1 });
      tx.ack({} as Delivery<Order>);
      tx.send("orders", "anything");
      tx.send({ name: "orders" }, "anything");
      // @ts-expect-error the queue takes orders
      tx.send(orders, "tea");
      // @ts-expect-error a transaction has no signal
      tx.send(orders, { sku: "tea", quantity: 1 }, { signal: AbortSignal.abort() });
      // @ts-expect-error a transaction has no signal
      tx.send("orders", 1, { signal: AbortSignal.abort() });
    }),
  );
});

test("a queue is of unknown bodies unless it is said", () => {
  expectTypeOf(openQueue("orders")).resolves.toEqualTypeOf<Queue<unknown>>();
  expectTypeOf(
    openQueue<Order>("orders", { maxDeliveries: 3, rateLimit: { limit: 1, intervalMs: 5 }, database: "shop" }),
  ).resolves.toEqualTypeOf<Queue<Order>>();
  // @ts-expect-error the storage is one of two
  void connect({ storage: "disk" });
  // @ts-expect-error settings belong to a queue, not to a connection
  void connect({ maxDeliveries: 3 });
});

describe("a queue that is local first", () => {
  test("is a queue like any other, and says where a message is", async () => {
    const local = await openQueue<Order>("orders", { url: "wss://example.com/mq/shop", local: true, maxMessages: 5 });
    expectTypeOf(local).toEqualTypeOf<LocalFirstQueue<Order>>();
    expectTypeOf(local).toExtend<Queue<Order>>();
    expectTypeOf(await local.send({ sku: "tea", quantity: 1 })).toEqualTypeOf<LocalReceipt>();
    expectTypeOf((await local.stats()).bridge.state).toEqualTypeOf<"opening" | "flowing" | "stalled" | "closed">();
    local.addEventListener("forwarded", ({ detail }) => expectTypeOf(detail.ids).toEqualTypeOf<readonly string[]>());
    local.addEventListener("available", ({ detail }) => expectTypeOf(detail.ready).toEqualTypeOf<number>());
    // @ts-expect-error what takes from the server's queue is set there
    void openQueue("orders", { url: "wss://example.com/mq/shop", local: true, leaseMs: 5 }).then(({ local }) => local);
  });

  test("and one that is not says so: its type depends on the option", async () => {
    const plain = await openQueue<Order>("orders", { url: "wss://example.com/mq/shop" });
    expectTypeOf(plain).toEqualTypeOf<Queue<Order>>();
    const either = await openQueue<Order>("orders", { local: Math.random() > 1 });
    expectTypeOf(either).toEqualTypeOf<Queue<Order>>();
  });
});
