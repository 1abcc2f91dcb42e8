// What a queue promises its users, whatever link and store are under it. Each test opens queues of a database of its
// own; `connectAnother` gives a second client of the same database, as another tab would be.

import { afterEach, describe, expect, test } from "vitest";
import {
  type Connection,
  type ConnectOptions,
  connect,
  type Delivery,
  type Queue,
  QueueError,
  type QueueOptions,
  type StandardSchema,
} from "../../src/index.js";
import { isWebKit } from "../engines/this-engine.js";
import { channelsAreKnown } from "./channels.js";

const QUICK_BACKOFF = { type: "fixed", baseMs: 1, maxMs: 1, jitter: "none" } as const;

/** The queue with something in front of it. */
export type Through = <Body>(queue: Queue<Body>, how: ConnectOptions, options: QueueOptions) => Promise<Queue<Body>>;

/** `how` a database is reached. */
export const describeQueue = (name: string, how: (database: string) => ConnectOptions, through?: Through) =>
  describe(`Queue: ${name}`, () => {
    const isEncrypted = how("").encryption !== undefined;
    const connections: Connection[] = [];
    let database = "";
    let count = 0;

    const connectAnother = async () => {
      const connection = await connect(how(database));
      connections.push(connection);
      return connection;
    };
    const open = async <Body = unknown>(options: QueueOptions = {}) => {
      database = `contract-${name}-${Date.now()}-${++count}`;
      const queue = await (await connectAnother()).openQueue<Body>("orders", options);
      return through ? through(queue, how(database), options) : queue;
    };
    const openAgain = async <Body = unknown>() => (await connectAnother()).openQueue<Body>("orders");

    afterEach(async () => {
      await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
    });

    describe("send", () => {
      test("names every message by an id of its own", async () => {
        const queue = await open();
        const receipts = await Promise.all(Array.from({ length: 100 }, (_, i) => queue.send(i)));
        expect(new Set(receipts.map((receipt) => receipt.id)).size).toBe(100);
        expect(receipts.every((receipt) => receipt.duplicate === false)).toBe(true);
      });

      test("keeps the order of the calls, single sends and batches mixed", async () => {
        const queue = await open<number>();
        void queue.send(0);
        void queue.sendBatch([{ body: 1 }, { body: 2 }]);
        void queue.send(3);
        await queue.send(4, { priority: 4 });
        expect((await queue.peek()).map((message) => message.body)).toEqual([0, 1, 2, 3, 4]);
      });

      test("accepts a batch as a whole or not at all", async () => {
        const queue = await open<number>({ maxMessages: 3 });
        await queue.send(1);
        const refused = queue.sendBatch([{ body: 2 }, { body: 3 }, { body: 4 }]);
        await expect(refused).rejects.toMatchObject({ code: "full", detail: { maxMessages: 3, waiting: 1 } });
        expect(await queue.stats()).toMatchObject({ ready: 1 });
      });

      test("refuses what does not fit, and only that, when single sends of one turn overfill the queue", async () => {
        const queue = await open<number>({ maxMessages: 2 });
        const sent = await Promise.allSettled([queue.send(1), queue.send(2), queue.send(3)]);
        expect(sent.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
        expect(sent[2]).toMatchObject({ reason: { code: "full" } });
        expect((await queue.peek()).map((message) => message.body)).toEqual([1, 2]);
      });

      test("fails a body that cannot be cloned alone, and says where in it", async () => {
        const queue = await open();
        const sent = await Promise.allSettled([
          queue.send("a"),
          queue.send({ list: [{ callback: () => {} }] }),
          queue.send("b"),
        ]);
        expect(sent[1]).toMatchObject({
          reason: { code: "not-cloneable", message: expect.stringContaining("body.list[0].callback is a function") },
        });
        expect((await queue.peek()).map((message) => message.body)).toEqual(["a", "b"]);
      });

      test("fails a batch with a body that cannot be cloned as a whole, naming the message", async () => {
        const queue = await open();
        const refused = queue.sendBatch([{ body: 1 }, { body: { symbol: Symbol("s") } }]);
        await expect(refused).rejects.toMatchObject({
          code: "not-cloneable",
          detail: { index: 1, path: "body.symbol" },
        });
        expect(await queue.peek()).toEqual([]);
      });

      test("gives back bodies, headers and attributes as they were sent", async () => {
        const queue = await open();
        const body = {
          map: new Map([[1, new Set(["x"])]]),
          date: new Date(0),
          bytes: new Uint8Array([1, 2]),
          big: 2n ** 70n,
        };
        await queue.send(body, { priority: 7, headers: { trace: "t1" } });
        const [delivery] = await queue.receive();
        expect(delivery).toMatchObject({ body, priority: 7, headers: { trace: "t1" }, attempt: 1 });
      });

      test("gives up waiting when its signal aborts, with the signal's reason", async () => {
        const queue = await open();
        const reason = new Error("enough");
        await expect(queue.send(1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
        expect(await queue.peek()).toEqual([]);
      });
    });

    describe("topics", () => {
      const openEvents = async () => {
        database = `contract-${name}-${Date.now()}-${++count}`;
        const connection = await connectAnother();
        return { connection, topic: await connection.openTopic<string>("events") };
      };
      const bodiesOf = async (queue: Queue<string>) => (await queue.peek()).map(({ body }) => body);

      test("copy what is published to each subscription, which is a queue of its own", async () => {
        const { connection, topic } = await openEvents();
        expect(await topic.publish("nobody listens")).toEqual({ subscriptions: 0 });
        const mail = await topic.subscription("mail", { maxDeliveries: 1 });
        const audit = await topic.subscription("audit");
        const another = await (await connectAnother()).openTopic<string>("events");
        expect(await another.publish("a", { priority: 7, headers: { h: "1" } })).toEqual({ subscriptions: 2 });
        const [delivery] = await mail.receive();
        expect(delivery).toMatchObject({ body: "a", priority: 7, headers: { h: "1" }, attempt: 1 });
        await delivery?.retry();
        expect(await mail.deadLetters.list()).toMatchObject([{ body: "a", reason: "max-deliveries" }]);
        expect(await (await connection.openQueue("events/audit")).peek()).toMatchObject([{ body: "a" }]);
        await mail.deadLetters.purge();
        await topic.unsubscribe("mail");
        expect(await topic.publish("b")).toEqual({ subscriptions: 1 });
        expect(await bodiesOf(audit)).toEqual(["a", "b"]);
        for (const one of await audit.receive({ max: 9 })) await one.ack();
        expect(await connection.diagnostics()).toMatchObject({ batches: 0 });
      });

      test.skipIf(isEncrypted)("give a subscription what its filter on headers lets through", async () => {
        const { topic } = await openEvents();
        const exact = await topic.subscription("exact", { filter: { region: "eu" } });
        const any = await topic.subscription("any", { filter: { region: ["eu", "uk"], kind: "login" } });
        const prefix = await topic.subscription("prefix", { filter: { region: { prefix: "e" } } });
        const absent = await topic.subscription("absent", { filter: { region: { exists: false } } });
        // Opened without a filter, it keeps the one it has.
        await topic.subscription("absent");
        const receipts = await topic.publishBatch([
          { body: "1", headers: { region: "eu", kind: "login" } },
          { body: "2", headers: { region: "uk", kind: "login" } },
          { body: "3", headers: { region: "es" } },
          { body: "4" },
          { body: "5", headers: { region: "us", kind: "login" } },
        ]);
        expect(receipts.map(({ subscriptions }) => subscriptions)).toEqual([3, 1, 1, 1, 0]);
        const got = await Promise.all([exact, any, prefix, absent].map(bodiesOf));
        expect(got).toEqual([["1"], ["1", "2"], ["1", "3"], ["4"]]);
      });

      test("publish to all subscriptions or to none, naming the one that is full", async () => {
        const { topic } = await openEvents();
        const wide = await topic.subscription("wide");
        await topic.subscription("narrow", { maxMessages: 1 });
        const refused = topic.publishBatch([{ body: "1" }, { body: "2" }]);
        await expect(refused).rejects.toMatchObject({ code: "full", detail: { queue: "events/narrow" } });
        expect(await bodiesOf(wide)).toEqual([]);
        expect(await topic.publish("3", { deduplicationId: "x" })).toEqual({ subscriptions: 2 });
        expect(await topic.publish("4", { deduplicationId: "x" })).toEqual({ subscriptions: 0 });
        expect(await bodiesOf(wide)).toEqual(["3"]);
      });

      test("refuse a name or a filter that cannot be", async () => {
        const { connection, topic } = await openEvents();
        const invalidArgument = { code: "invalid-argument" };
        await expect(connection.openTopic("")).rejects.toMatchObject(invalidArgument);
        await expect(topic.subscription("a/b")).rejects.toMatchObject(invalidArgument);
        await expect(topic.subscription("a", { filter: { h: 1 } } as never)).rejects.toMatchObject(invalidArgument);
        await expect(topic.subscription("a", { filter: { h: { suffix: "x" } } } as never)).rejects.toMatchObject(
          invalidArgument,
        );
      });
    });

    describe("transactions", () => {
      const openTwo = async () => {
        const queue = await open<string>();
        const [connection] = connections as [Connection];
        return { queue, connection, invoices: await connection.openQueue<string>("invoices", { maxMessages: 2 }) };
      };

      test("send and settle in one commit, to any queue, and give a receipt for each send", async () => {
        const { queue, connection, invoices } = await openTwo();
        await queue.sendBatch([{ body: "1" }, { body: "2" }, { body: "3" }, { body: "4" }]);
        const [one, two, three, four] = (await queue.receive({ max: 4 })) as Delivery<string>[];
        const receipts = await connection.transaction(async (tx) => {
          tx.send(invoices, "a", { headers: { h: "a" } });
          tx.send("orders", "b", { deduplicationId: "b" });
          tx.send("invoices", "c", { priority: 9 });
          tx.ack(one as Delivery<string>);
          await null;
          tx.retry(two as Delivery<string>, { delayMs: 60_000, reason: "later" });
          tx.release(three as Delivery<string>);
          tx.deadLetter(four as Delivery<string>, "bad");
        });
        const arrived = await invoices.peek();
        expect(arrived.map(({ body, headers, priority }) => [body, headers, priority])).toEqual([
          ["a", { h: "a" }, 4],
          ["c", {}, 9],
        ]);
        expect([receipts[0]?.id, receipts[2]?.id]).toEqual(arrived.map(({ id }) => id));
        expect(await queue.stats()).toMatchObject({ ready: 2, delayed: 1, leased: 0, dead: 1, totals: { acked: 1 } });
        await expect(one?.ack()).rejects.toMatchObject({ code: "lease-lost" });
      });

      test("do nothing at all when one part of them is refused, and leave the deliveries held", async () => {
        const { queue, connection, invoices } = await openTwo();
        await queue.sendBatch([{ body: "1" }, { body: "2" }]);
        const [one, two] = (await queue.receive({ max: 2 })) as [Delivery<string>, Delivery<string>];
        const overfilled = connection.transaction((tx) => {
          tx.ack(one);
          for (const body of ["a", "b", "c"]) tx.send(invoices, body);
        });
        await expect(overfilled).rejects.toMatchObject({ code: "full", detail: { queue: "invoices" } });
        await two.ack();
        const late = connection.transaction((tx) => {
          tx.send(invoices, "a");
          tx.ack(one);
          tx.ack(two);
        });
        await expect(late).rejects.toMatchObject({ code: "lease-lost" });
        const thrown = connection.transaction((tx) => {
          tx.ack(one);
          throw new Error("no");
        });
        await expect(thrown).rejects.toThrow("no");
        const unsendable = connection.transaction((tx) => {
          tx.send(invoices, (() => {}) as never);
          tx.ack(one);
        });
        await expect(unsendable).rejects.toMatchObject({ code: "not-cloneable" });
        expect(await invoices.peek()).toEqual([]);
        await one.ack({
          send: [
            { queue: invoices, body: "a" },
            { queue: "orders", body: "b", options: { priority: 1 } },
          ],
        });
        expect(await invoices.peek()).toMatchObject([{ body: "a" }]);
        expect(await queue.peek()).toMatchObject([{ body: "b", priority: 1 }]);
      });

      test("refuse a delivery, or a queue, that is not theirs", async () => {
        const { queue, connection, invoices } = await openTwo();
        await queue.send("1");
        const [delivery] = (await queue.receive()) as [Delivery<string>];
        const another = await connectAnother();
        const foreign = another.transaction((tx) => tx.ack(delivery));
        await expect(foreign).rejects.toMatchObject({ code: "invalid-argument" });
        const elsewhere = await connect(how(`${database}-2`));
        connections.push(elsewhere);
        const lost = elsewhere.transaction((tx) => tx.send(invoices, "x"));
        await expect(lost).rejects.toMatchObject({ code: "invalid-argument" });
        let kept: ((queue: string, body: unknown) => void) | undefined;
        await connection.transaction((tx) => {
          kept = tx.send;
        });
        expect(() => kept?.("orders", 1)).toThrow(expect.objectContaining({ code: "closed" }));
      });

      test("a handler whose transaction is refused is retried, even if it did not wait for it", async () => {
        const { queue, connection, invoices } = await openTwo();
        await connection.openQueue("orders", { backoff: QUICK_BACKOFF });
        await invoices.sendBatch([{ body: "x" }, { body: "y" }]);
        await queue.send("1");
        const attempts: number[] = [];
        queue.consume(async (delivery) => {
          attempts.push(delivery.attempt);
          if (delivery.attempt > 1) await invoices.purge();
          delivery.ack({ send: [{ queue: invoices, body: "z" }] }).catch(() => {});
        });
        await expect.poll(() => invoices.peek()).toMatchObject([{ body: "z" }]);
        await queue.whenIdle();
        expect(attempts).toEqual([1, 2]);
      });
    });

    describe("deduplication", () => {
      test("stores a message once in its window, whoever sends it again, and tells each the same id", async () => {
        const queue = await open<string>();
        const another = await openAgain<string>();
        const first = await queue.send("one", { deduplicationId: "x" });
        const [delivery] = await queue.receive();
        await delivery?.ack();
        const [again, same, other] = await Promise.all([
          another.send("two", { deduplicationId: "x" }),
          another.send("three", { deduplicationId: "y" }),
          another.send("four", { deduplicationId: "y" }),
        ]);
        expect(first.duplicate).toBe(false);
        expect(again).toEqual({ id: first.id, duplicate: true });
        expect([same.duplicate, other]).toEqual([false, { id: same.id, duplicate: true }]);
        const receipts = await queue.sendBatch([
          { body: "five", deduplicationId: "y" },
          { body: "six", headers: { n: "6" } },
          { body: "seven", deduplicationId: "z" },
        ]);
        expect(receipts.map((receipt) => receipt.duplicate)).toEqual([true, false, false]);
        const waiting = await queue.peek();
        expect(waiting.map(({ id, body, headers }) => [id, body, headers])).toEqual([
          [same.id, "three", {}],
          [receipts[1]?.id, "six", { n: "6" }],
          [receipts[2]?.id, "seven", {}],
        ]);
      });

      test("replaces the body of a message that waits, and sends a new one while the first is being handled", async () => {
        const queue = await open<string>({ deduplicationMode: "replace" });
        const save = (body: string) => queue.send(body, { deduplicationId: "draft", headers: { of: body } });
        const first = await save("1");
        await queue.send("between");
        const rest = await Promise.all([save("2"), save("3")]);
        expect(rest).toEqual([
          { id: first.id, duplicate: true },
          { id: first.id, duplicate: true },
        ]);
        const [delivery] = await queue.receive();
        expect(delivery).toMatchObject({ id: first.id, body: "3", headers: { of: "3" } });
        expect((await save("4")).duplicate).toBe(false);
        expect((await save("5")).duplicate).toBe(true);
        await delivery?.ack();
        expect((await queue.receive({ max: 9 })).map(({ body }) => body)).toEqual(["between", "5"]);
        // Sealed, "2" and "3" may come one after the other: both replace then.
        const replaced = isEncrypted ? expect.any(Number) : 2;
        expect((await queue.stats()).totals).toMatchObject({ replaced, acked: 1 });
      });

      test("refuses an id beyond those it may remember, and forgets none early", async () => {
        const queue = await open<number>({ maxDeduplicationIds: 1, deduplicationWindowMs: 60_000 });
        const { id } = await queue.send(1, { deduplicationId: "a" });
        const refused = queue.send(2, { deduplicationId: "b" });
        await expect(refused).rejects.toMatchObject({ code: "full", detail: { maxDeduplicationIds: 1 } });
        expect(await queue.send(3, { deduplicationId: "a" })).toEqual({ id, duplicate: true });
        expect((await queue.send(4)).duplicate).toBe(false);
      });
    });

    describe("expiry", () => {
      test("gives up a message that nobody took in time, without anybody asking, and says why", async () => {
        const queue = await open<string>({ ttlMs: 60_000 });
        const died = new Promise<unknown>((resolve) => {
          queue.addEventListener("dead", ({ detail }) => resolve(detail));
        });
        await channelsAreKnown();
        const { id } = await queue.send("short", { ttlMs: 50 });
        await queue.sendBatch([{ body: "long" }, { body: "ever", ttlMs: null }]);
        expect(await died).toMatchObject({ count: 1, total: 1 });
        expect(await queue.deadLetters.list()).toMatchObject([{ id, body: "short", reason: "expired", attempts: 0 }]);
        const [long, ever] = await queue.peek();
        expect(long?.expiresAt).toBe((long?.sentAt as number) + 60_000);
        expect(ever?.expiresAt).toBeNull();
        const deliveries = await queue.receive({ max: 9 });
        expect(deliveries.map(({ body, expiresAt }) => [body, expiresAt])).toEqual([
          ["long", long?.expiresAt],
          ["ever", null],
        ]);
      });

      test("leaves a message alone while it is leased, and gives it up when it comes back too late", async () => {
        const queue = await open<number>();
        const received = queue.receive({ waitMs: 5_000 });
        await queue.send(1, { ttlMs: 300 });
        const [delivery] = await received;
        await new Promise((resolve) => setTimeout(resolve, 350));
        expect(await queue.deadLetters.list()).toEqual([]);
        await delivery?.release();
        await expect.poll(() => queue.deadLetters.list()).toMatchObject([{ reason: "expired" }]);
        expect(await queue.receive()).toEqual([]);
        await queue.deadLetters.redrive();
        expect(await queue.receive()).toMatchObject([{ body: 1, attempt: 1, expiresAt: null }]);
      });
    });

    describe("schedules", () => {
      test("send each tick once, whoever has them made and however many listen", async () => {
        const queues = [await open<string>(), await openAgain<string>(), await openAgain<string>()];
        const [queue] = queues as [Queue<string>];
        const made = queues.map((one) => one.schedules.upsert("beat", { everyMs: 200 }, "tick", { priority: 7 }));
        const [{ nextAt }] = (await Promise.all(made)) as [{ nextAt: number }];
        const seen: Delivery<string>[] = [];
        for (const one of queues) one.consume((delivery) => void seen.push(delivery));
        await expect.poll(() => seen.length).toBeGreaterThan(3);
        expect(await queue.schedules.remove("beat")).toEqual({ removed: true });
        await queue.whenIdle();
        const { totals } = await queue.stats();
        expect(seen).toHaveLength(totals.accepted);
        expect(totals.accepted).toBeLessThanOrEqual(1 + (Date.now() - nextAt) / 200);
        expect(seen[0]).toMatchObject({ body: "tick", priority: 7 });
        expect(await queue.schedules.list()).toEqual([]);
        expect(await queue.schedules.remove("beat")).toEqual({ removed: false });
      });

      test("are listed with when they tick next, and replaced under their name", async () => {
        const queue = await open<{ n: number }>();
        const timing = { cron: "0 3 * * *", timeZone: "Europe/Berlin", catchUp: "all" } as const;
        const { nextAt } = await queue.schedules.upsert("clean", timing, { n: 1 }, { groupId: "g", ttlMs: 50 });
        expect(new Date(nextAt as number).toLocaleTimeString("en-GB", { timeZone: "Europe/Berlin" })).toBe("03:00:00");
        await queue.schedules.upsert("beat", { everyMs: 60_000 }, { n: 2 }, { headers: { a: "b" } });
        await queue.schedules.upsert("clean", timing, { n: 3 });
        const others = { headers: {}, priority: 4, groupId: null, everyMs: null };
        expect(await queue.schedules.list()).toEqual([
          { id: "clean", ...timing, ...others, nextAt, lastAt: null, body: { n: 3 } },
          {
            ...{ id: "beat", ...others, cron: null, timeZone: null, everyMs: 60_000, catchUp: "one" },
            ...{ nextAt: expect.any(Number), lastAt: null, body: { n: 2 }, headers: { a: "b" } },
          },
        ]);
        await queue.delete();
        expect(await (await openAgain()).schedules.list()).toEqual([]);
      });

      test("are listed with when they last ticked, also under another body", async () => {
        const { schedules } = await open();
        const lastAt = async () => (await schedules.list())[0]?.lastAt ?? 0;
        const startedAt = Date.now();
        await schedules.upsert("beat", { everyMs: 100 }, 1);
        await expect.poll(lastAt, { timeout: 10_000 }).toBeGreaterThanOrEqual(startedAt);
        await schedules.upsert("beat", { everyMs: 100 }, 2);
        expect(await lastAt()).toBeGreaterThanOrEqual(startedAt);
      });

      test("refuse what is no time, naming it", async () => {
        const { schedules } = await open();
        const bad = (timing: object, name: string) =>
          expect(schedules.upsert("s", timing as { everyMs: number }, 1)).rejects.toMatchObject({
            code: "invalid-argument",
            message: expect.stringContaining(name),
          });
        await bad({ cron: "99 * * * *" }, ".cron must be");
        await bad({ cron: "* * * * *", timeZone: "Mars/Base" }, ".timeZone must be");
        await bad({ everyMs: 99 }, ".everyMs must be");
        await bad({ everyMs: 1_000, cron: "* * * * *" }, ".everyMs must be");
        await bad({ everyMs: 1_000, timeZone: "UTC" }, ".timeZone must be");
        await bad({}, ".cron must be");
        await bad({ everyMs: 1_000, catchUp: "some" }, ".catchUp must be");
        await expect(schedules.upsert("", { everyMs: 1_000 }, 1)).rejects.toMatchObject({ code: "invalid-argument" });
        await expect(schedules.upsert("s", { everyMs: 1_000 }, { f: () => {} })).rejects.toMatchObject({
          code: "not-cloneable",
          message: expect.stringContaining("body.f is a function"),
        });
        expect(await schedules.list()).toEqual([]);
      });
    });

    describe("groups", () => {
      test("are worked on one message at a time, in order, retries included, and beside each other", async () => {
        const queue = await open<string>({ backoff: { type: "fixed", baseMs: 500, maxMs: 500, jitter: "none" } });
        const seen: string[] = [];
        const running = new Map<string | null, number>();
        let most = 0;
        queue.consume(
          async ({ body, groupId, attempt }) => {
            const count = (running.get(groupId) ?? 0) + 1;
            running.set(groupId, count);
            most = Math.max(most, count);
            await new Promise((resolve) => setTimeout(resolve, 2));
            running.set(groupId, count - 1);
            if (body === "a 1" && attempt === 1) throw new Error("once more");
            seen.push(body);
          },
          { concurrency: 8, prefetch: 20 },
        );
        const bodies = [0, 1, 2, 3].flatMap((i) => ["a", "b", "c"].map((group) => `${group} ${i}`));
        await queue.sendBatch(bodies.map((body) => ({ body, groupId: body.slice(0, 1) })));
        await expect.poll(() => seen).toHaveLength(12);
        expect(most).toBe(1);
        for (const group of ["a", "b", "c"]) {
          const own = seen.filter((body) => body.startsWith(group));
          expect(own).toEqual([0, 1, 2, 3].map((i) => `${group} ${i}`));
        }
        // The others did not wait for the one that was retried.
        expect(seen.indexOf("c 3")).toBeLessThan(seen.indexOf("a 1"));
      });

      test("wait for a message that is delayed, and show it", async () => {
        const queue = await open<string>();
        await queue.send("first", { groupId: "g", delayMs: 60_000 });
        await queue.send("second", { groupId: "g", priority: 9 });
        expect(await queue.receive()).toEqual([]);
        expect(await queue.stats()).toMatchObject({ ready: 0, delayed: 1, blocked: 1 });
        expect(await queue.peek({ state: "blocked" })).toMatchObject([{ body: "second", groupId: "g", priority: 9 }]);
      });

      test("wait for their dead letter until it is redriven or purged", async () => {
        const queue = await open<string>({ maxDeliveries: 1 });
        await queue.sendBatch(["bad", "good"].map((body) => ({ body, groupId: "g" })));
        const [bad] = await queue.receive({ max: 9 });
        await bad?.deadLetter("bad");
        expect(await queue.receive()).toEqual([]);
        expect(await queue.deadLetters.list()).toMatchObject([{ body: "bad", groupId: "g" }]);
        await queue.deadLetters.redrive();
        const [again] = await queue.receive({ max: 9 });
        expect(again).toMatchObject({ body: "bad", groupId: "g" });
        await again?.deadLetter("bad");
        await queue.deadLetters.purge();
        expect((await queue.receive({ max: 9 })).map(({ body }) => body)).toEqual(["good"]);
      });

      test("go on without their dead letter where they are told to", async () => {
        const queue = await open<string>({ onGroupFailure: "skip" });
        await queue.sendBatch(["bad", "good"].map((body) => ({ body, groupId: "g" })));
        const [bad] = await queue.receive();
        await bad?.deadLetter("bad");
        expect((await queue.receive()).map(({ body }) => body)).toEqual(["good"]);
      });
    });

    describe("limits", () => {
      test("refuse what passes maxBytes", async () => {
        const queue = await open<string>({ maxBytes: 1_000 });
        await queue.send("x".repeat(800));
        await expect(queue.send("x".repeat(800))).rejects.toMatchObject({ code: "full", detail: { maxBytes: 1_000 } });
        expect((await queue.stats()).bytes).toBeGreaterThan(799);
      });

      test("drop the oldest and say so, where they are told to", async () => {
        const queue = await open<number>({ maxMessages: 2, overflow: "drop-oldest" });
        let dropped = 0;
        queue.addEventListener("dropped", ({ detail }) => {
          dropped += detail.count;
        });
        await channelsAreKnown();
        for (const body of [1, 2, 3, 4]) await queue.send(body);
        expect((await queue.receive({ max: 9 })).map(({ body }) => body)).toEqual([3, 4]);
        expect((await queue.stats()).totals).toMatchObject({ accepted: 4, dropped: 2 });
        await expect.poll(() => dropped).toBe(2);
      });

      test("let sends wait for room, where they are told to", async () => {
        const queue = await open<number>({ maxMessages: 1, overflow: "block" });
        await queue.send(1);
        let isSent = false;
        const second = queue.send(2).then(() => {
          isSent = true;
        });
        const [first] = await queue.receive();
        expect(isSent).toBe(false);
        await first?.ack();
        await second;
        expect(await queue.receive()).toMatchObject([{ body: 2 }]);
      });

      test("bury what overflows, where they are told to", async () => {
        const queue = await open<number>({ maxMessages: 1, overflow: "dead-letter" });
        await queue.sendBatch([{ body: 1 }, { body: 2 }]);
        expect(await queue.deadLetters.list()).toMatchObject([{ body: 2, reason: "overflow" }]);
        expect((await queue.receive({ max: 9 })).map(({ body }) => body)).toEqual([1]);
      });

      test("keep the messages in work at maxInFlight, over two clients", async () => {
        const queue = await open<number>({ maxInFlight: 2 });
        const other = await openAgain<number>();
        let running = 0;
        let most = 0;
        let onTwo = () => {};
        const two = new Promise<void>((resolve) => {
          onTwo = resolve;
        });
        const handle = async () => {
          most = Math.max(most, ++running);
          // None ends before two were at work, however late the second comes.
          if (running === 2) onTwo();
          await two;
          await new Promise((resolve) => setTimeout(resolve, 2));
          running--;
        };
        queue.consume(handle, { concurrency: 4 });
        other.consume(handle, { concurrency: 4 });
        await queue.sendBatch(Array.from({ length: 20 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect(most).toBe(2);
      });

      test("hand out no faster than rateLimit says, without being asked again", async () => {
        const queue = await open<number>({ rateLimit: { limit: 2, intervalMs: 200 } });
        const times: number[] = [];
        queue.consume(() => times.push(Date.now()), { concurrency: 10 });
        await queue.sendBatch(Array.from({ length: 6 }, (_, body) => ({ body })));
        await queue.whenIdle();
        // Two at once, then one every 100 ms; how late a handler starts says nothing.
        expect((times[5] as number) - (times[0] as number)).toBeGreaterThan(300);
        expect(times).toHaveLength(6);
      });
    });

    describe("order", () => {
      test("delivers by priority, and in order of acceptance within one", async () => {
        const queue = await open<string>();
        await queue.sendBatch([
          { body: "low 1", priority: 0 },
          { body: "high 1", priority: 9 },
          { body: "low 2", priority: 0 },
          { body: "high 2", priority: 9 },
          { body: "default" },
        ]);
        const deliveries = await queue.receive({ max: 10 });
        expect(deliveries.map((delivery) => delivery.body)).toEqual(["high 1", "high 2", "default", "low 1", "low 2"]);
      });

      test("delivers nothing before its time", async () => {
        const queue = await open<string>();
        const sentAt = Date.now();
        await queue.sendBatch([
          { body: "later", delayMs: 200 },
          { body: "at", deliverAt: new Date(sentAt + 100) },
          { body: "now" },
        ]);
        const seen: [string, number][] = [];
        for (const _ of [1, 2, 3]) {
          const [delivery] = await queue.receive({ waitMs: 5_000 });
          seen.push([delivery?.body as string, Date.now() - sentAt]);
          await delivery?.ack();
        }
        expect(seen.map(([body]) => body)).toEqual(["now", "at", "later"]);
        expect(seen[1]?.[1]).toBeGreaterThanOrEqual(100);
        expect(seen[2]?.[1]).toBeGreaterThanOrEqual(200);
      });
    });

    describe("consume", () => {
      test("hands each message to one of two clients, and both get some", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        const here: number[] = [];
        const there: number[] = [];
        const slowlyInto = (seen: number[]) => async (delivery: Delivery<number>) => {
          seen.push(delivery.body);
          await new Promise((resolve) => setTimeout(resolve, 1));
        };
        queue.consume(slowlyInto(here));
        other.consume(slowlyInto(there));
        await queue.sendBatch(Array.from({ length: 100 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect([...here, ...there].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
        expect(Math.min(here.length, there.length)).toBeGreaterThan(0);
      });

      test.skipIf(through)("shows who is connected, and how much each has in hand", async () => {
        const queue = await open<number>();
        const [here] = connections;
        const other = await openAgain<number>();
        await queue.send(1);
        const held = async () => (await here?.clients())?.map((client) => client.held.orders ?? 0).sort();
        const [delivery] = await other.receive();
        expect(await held()).toEqual([0, 1]);
        await delivery?.ack();
        expect(await held()).toEqual([0, 0]);
      });

      test("hands everything to the oldest of the single active consumers, and to the next once it has gone", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        const handled: [by: string, body: number][] = [];
        let release = () => {};
        const blocked = new Promise<void>((resolve) => {
          release = resolve;
        });
        const options = { concurrency: 10, singleActive: true };
        const first = queue.consume(async ({ body }) => {
          handled.push(["first", body]);
          if (body >= 45) await blocked;
        }, options);
        const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
        await queue.sendBatch(numbers(0, 50).map((body) => ({ body })));
        await expect.poll(() => handled.length).toBe(50);
        const second = other.consume(({ body }) => {
          handled.push(["second", body]);
        }, options);
        await queue.sendBatch(numbers(50, 100).map((body) => ({ body })));
        await expect.poll(() => first.active).toBe(10);
        const stopped = first.stop();
        // What is asked after it has gone is answered after the host has heard of that.
        await other.stats();
        await queue.send(100);
        const before = handled.length;
        expect(handled.every(([by]) => by === "first")).toBe(true);
        release();
        await stopped;
        await queue.whenIdle();
        expect(handled.map(([, body]) => body)).toEqual(numbers(0, 101));
        expect(handled.slice(before).every(([by]) => by === "second")).toBe(true);
        await second.stop();
      });

      test("hands what a single active consumer held when its connection ended to the next, before what is behind it", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        const options = { concurrency: 10, singleActive: true };
        let started = 0;
        queue.consume(async () => {
          started++;
          await new Promise(() => {});
        }, options);
        const numbers = Array.from({ length: 50 }, (_, body) => body);
        await queue.sendBatch(numbers.map((body) => ({ body })));
        await expect.poll(() => started).toBe(10);
        const handled: number[] = [];
        other.consume(({ body }) => {
          handled.push(body);
        }, options);
        await other.stats();
        expect(handled).toEqual([]);
        await connections[0]?.close({ force: true });
        await expect.poll(() => handled.length).toBe(50);
        expect(handled).toEqual(numbers);
      });

      test("lets the next single active consumer take over while the oldest is paused, and others share as ever", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        const seen: Record<string, number> = { first: 0, second: 0, other: 0 };
        const into = (name: string) => () => {
          seen[name] = (seen[name] as number) + 1;
        };
        const first = queue.consume(into("first"), { singleActive: true });
        // The host has heard of it.
        await queue.stats();
        other.consume(into("second"), { singleActive: true });
        first.pause();
        await queue.sendBatch(Array.from({ length: 20 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect(seen).toEqual({ first: 0, second: 20, other: 0 });
        first.resume();
        await queue.stats();
        await queue.sendBatch(Array.from({ length: 20 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect(seen).toEqual({ first: 20, second: 20, other: 0 });
        other.consume(into("other"), { concurrency: 50 });
        await queue.sendBatch(Array.from({ length: 50 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect(seen.second).toBe(20);
        expect(seen.other).toBeGreaterThan(0);
      });

      test("runs at most as many handlers at once as its concurrency says", async () => {
        const queue = await open<number>();
        let most = 0;
        let running = 0;
        queue.consume(
          async () => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setTimeout(resolve, 2));
            running--;
          },
          { concurrency: 3, prefetch: 20 },
        );
        await queue.sendBatch(Array.from({ length: 30 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect(most).toBe(3);
      });

      test("retries what a handler throws, up to maxDeliveries, and keeps the last error with the dead letter", async () => {
        const queue = await open<string>({ maxDeliveries: 3, backoff: QUICK_BACKOFF });
        const attempts: number[] = [];
        queue.consume(({ attempt }) => {
          attempts.push(attempt);
          throw new TypeError(`attempt ${attempt}`);
        });
        await queue.send("poison");
        await expect.poll(() => queue.deadLetters.list()).toHaveLength(1);
        expect(attempts).toEqual([1, 2, 3]);
        expect((await queue.deadLetters.list())[0]).toMatchObject({
          body: "poison",
          state: "dead",
          attempts: 3,
          reason: "max-deliveries",
          error: { name: "TypeError", message: "attempt 3" },
        });
      });

      test.each([
        ["a string", "broken", { name: "NonError", message: "broken" }],
        ["undefined", undefined, { name: "NonError", message: "undefined" }],
        ["an object", { status: 500 }, { name: "NonError", message: '{"status":500}' }],
        [
          "a circular object",
          Object.assign([] as unknown[], { 0: undefined }),
          { name: "NonError", message: "[null]" },
        ],
      ])("keeps the reason when a handler throws %s, and goes on", async (_, thrown, error) => {
        const queue = await open<string>({ maxDeliveries: 1 });
        const seen: string[] = [];
        queue.consume(({ body }) => {
          seen.push(body);
          if (body === "bad") throw thrown;
        });
        await queue.sendBatch([{ body: "bad" }, { body: "good" }]);
        await queue.whenIdle();
        expect(seen).toEqual(["bad", "good"]);
        expect((await queue.deadLetters.list())[0]).toMatchObject({ body: "bad", error });
      });

      test("ends an attempt whose handler runs too long, aborts its signal, and goes on with the next", async () => {
        const queue = await open<string>({ handlerTimeoutMs: 100, maxDeliveries: 1 });
        const seen: string[] = [];
        const reasons: unknown[] = [];
        queue.consume(async ({ body, signal }) => {
          seen.push(body);
          if (body !== "endless") return;
          signal.addEventListener("abort", () => reasons.push(signal.reason));
          await new Promise(() => {});
        });
        await queue.sendBatch([{ body: "endless" }, { body: "next" }]);
        await expect.poll(() => seen).toEqual(["endless", "next"]);
        expect(reasons).toMatchObject([{ code: "timeout" }]);
        expect((await queue.deadLetters.list())[0]).toMatchObject({ body: "endless", error: { name: "timeout" } });
      });

      test("keeps the lease of a handler that runs longer than leaseMs", async () => {
        const queue = await open<string>({ leaseMs: 400 });
        let runs = 0;
        queue.consume(async () => {
          runs++;
          await new Promise((resolve) => setTimeout(resolve, 1_200));
        });
        await queue.send("slow");
        await queue.whenIdle();
        expect(runs).toBe(1);
        expect((await queue.stats()).totals).toMatchObject({ acked: 1, deliveries: 1 });
      });

      test("keeps the leases of prefetched messages while they wait for their turn", async () => {
        const queue = await open<number>({ leaseMs: 300 });
        const seen: number[] = [];
        queue.consume(
          async ({ body }) => {
            seen.push(body);
            await new Promise((resolve) => setTimeout(resolve, 60));
          },
          { prefetch: 10 },
        );
        await queue.sendBatch(Array.from({ length: 10 }, (_, body) => ({ body })));
        await queue.whenIdle();
        expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      });

      test("stop waits for the running handler and gives back what was not started, uncounted", async () => {
        const queue = await open<number>();
        let finish = () => {};
        const consumer = queue.consume(() => new Promise<void>((resolve) => (finish = resolve)), { prefetch: 3 });
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
        await expect.poll(() => consumer.active).toBe(1);
        const stopped = consumer.stop();
        await expect.poll(async () => (await queue.stats()).ready).toBe(2);
        finish();
        await stopped;
        const rest = await queue.receive({ max: 10 });
        expect(rest.map(({ body, attempt }) => [body, attempt])).toEqual([
          [2, 1],
          [3, 1],
        ]);
        expect((await queue.stats()).totals.acked).toBe(1);
      });

      test("stop by force aborts the running handler's signal and gives its message back", async () => {
        const queue = await open<string>();
        let signal: AbortSignal | undefined;
        const consumer = queue.consume(async (delivery) => {
          signal = delivery.signal;
          await new Promise(() => {});
        });
        await queue.send("endless");
        await expect.poll(() => consumer.active).toBe(1);
        await consumer.stop({ force: true });
        expect(signal).toMatchObject({ aborted: true, reason: { code: "closed" } });
        expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0 });
      });

      test("pause and resume of a consumer leave the queue to others meanwhile", async () => {
        const queue = await open<string>();
        const seen: string[] = [];
        const consumer = queue.consume(({ body }) => void seen.push(body));
        consumer.pause();
        await queue.send("one");
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(seen).toEqual([]);
        consumer.resume();
        await expect.poll(() => seen).toEqual(["one"]);
      });

      test("an aborted signal stops it", async () => {
        const queue = await open<string>();
        const controller = new AbortController();
        const seen: string[] = [];
        queue.consume(({ body }) => void seen.push(body), { signal: controller.signal });
        await queue.send("one");
        await expect.poll(() => seen).toEqual(["one"]);
        controller.abort();
        await queue.send("two");
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(seen).toEqual(["one"]);
      });

      test("a handler that settles by hand is not acknowledged on top", async () => {
        const queue = await open<string>();
        queue.consume(async ({ deadLetter }) => deadLetter("unwanted"));
        await queue.send("spam");
        await queue.whenIdle();
        expect(await queue.deadLetters.list()).toMatchObject([{ body: "spam", reason: "unwanted" }]);
        expect((await queue.stats()).totals.acked).toBe(0);
      });
    });

    describe("settlement", () => {
      const take = async <Body>(queue: { receive(o?: object): Promise<Delivery<Body>[]> }, options = {}) =>
        (await queue.receive({ waitMs: 1_000, ...options }))[0] as Delivery<Body>;

      test("the first one wins, a later one is lease-lost", async () => {
        const queue = await open();
        await queue.send(1);
        const delivery = await take(queue);
        await delivery.ack();
        await expect(delivery.retry()).rejects.toMatchObject({ code: "lease-lost" });
        expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0 });
      });

      test("a consumer whose lease has ended cannot settle, and another gets the message", async () => {
        const queue = await open();
        await queue.send("once more");
        const late = await take(queue, { leaseMs: 100 });
        const again = await take(queue, { waitMs: 5_000 });
        expect(again).toMatchObject({ body: "once more", attempt: 2 });
        expect(late.signal).toMatchObject({ aborted: true, reason: { code: "lease-lost" } });
        await expect(late.ack()).rejects.toMatchObject({ code: "lease-lost" });
        await again.ack();
      });

      test("extend lengthens a lease", async () => {
        const queue = await open();
        await queue.send(1);
        // It is to be extended before it ends, on any machine.
        const delivery = await take(queue, { leaseMs: 800 });
        await delivery.extend(60_000);
        await new Promise((resolve) => setTimeout(resolve, 900));
        await delivery.ack();
        expect(delivery.leaseExpiresAt).toBeGreaterThan(Date.now() + 30_000);
      });

      test("release gives the message back uncounted and before those behind it", async () => {
        const queue = await open();
        await queue.sendBatch([{ body: 1 }, { body: 2 }]);
        await (await take(queue)).release();
        expect(await take(queue)).toMatchObject({ body: 1, attempt: 1 });
      });

      test("retry counts and waits", async () => {
        const queue = await open();
        await queue.send(1);
        const delivery = await take(queue);
        const retriedAt = performance.now();
        await delivery.retry({ delayMs: 200, reason: "busy" });
        expect(await take(queue, { waitMs: 5_000 })).toMatchObject({ attempt: 2 });
        // Clocks are told in whole milliseconds.
        expect(performance.now() - retriedAt).toBeGreaterThan(198);
      });
    });

    describe("receive", () => {
      test("answers with nothing when there is nothing in time", async () => {
        const queue = await open();
        expect(await queue.receive()).toEqual([]);
        expect(await queue.receive({ waitMs: 50 })).toEqual([]);
      });

      test("is woken by a send", async () => {
        const queue = await open();
        const other = await openAgain();
        const received = queue.receive({ waitMs: 10_000 });
        await other.send("hello");
        expect(await received).toMatchObject([{ body: "hello" }]);
      });

      test("rejects with the signal's reason, and loses no message by it", async () => {
        const queue = await open();
        const controller = new AbortController();
        const received = queue.receive({ waitMs: 60_000, signal: controller.signal });
        const reason = new Error("no longer");
        controller.abort(reason);
        await expect(received).rejects.toBe(reason);
        await queue.send("still here");
        expect(await queue.receive({ waitMs: 1_000 })).toMatchObject([{ body: "still here", attempt: 1 }]);
      });
    });

    describe("the rest of the API", () => {
      test("deliveries can be looped over, and what the loop has not seen goes back", async () => {
        const queue = await open<number>();
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
        const seen: number[] = [];
        for await (const delivery of queue.deliveries({ prefetch: 3 })) {
          seen.push(delivery.body);
          await delivery.ack();
          if (seen.length === 2) break;
        }
        expect(seen).toEqual([1, 2]);
        expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0 });
      });

      test("a readable stream takes no more than its prefetch, and gives back what was not read", async () => {
        const queue = await open<number>();
        await queue.sendBatch(Array.from({ length: 10 }, (_, body) => ({ body })));
        const reader = queue.readable({ prefetch: 3 }).getReader();
        const first = (await reader.read()).value as Delivery<number>;
        await expect.poll(async () => (await queue.stats()).leased).toBe(3);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await queue.stats()).toMatchObject({ leased: 3, ready: 7 });
        await reader.cancel();
        await first.ack();
        expect(await queue.stats()).toMatchObject({ leased: 0, ready: 9, totals: { acked: 1 } });
        expect(await queue.receive({ max: 9 })).toMatchObject(Array.from({ length: 9 }, () => ({ attempt: 1 })));
      });

      test("streams pipe a queue through a transform into another", async () => {
        const queue = await open<number>();
        const other = await (connections[0] as Connection).openQueue<string>("labels");
        await queue.sendBatch(Array.from({ length: 20 }, (_, body) => ({ body })));
        const controller = new AbortController();
        const toText = new TransformStream<Delivery<number>, string>({
          async transform({ body, ack }, output) {
            output.enqueue(`#${body}`);
            await ack();
          },
        });
        const piped = queue
          .readable({ prefetch: 4 })
          .pipeThrough(toText)
          .pipeTo(other.writable({ inFlight: 4, priority: 7 }), {
            signal: controller.signal,
          });
        await expect.poll(async () => (await other.stats()).ready).toBe(20);
        // WebKitGTK's pipe does not end by its signal while its source waits.
        if (isWebKit) piped.catch(() => {});
        const ended = isWebKit || expect(piped).rejects.toThrow();
        controller.abort();
        await ended;
        const labels = await other.peek();
        expect(labels.map(({ body, priority }) => [body, priority])).toEqual(
          Array.from({ length: 20 }, (_, i) => [`#${i}`, 7]),
        );
        expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0, totals: { acked: 20 } });
      });

      test("a writable stream waits until what is written is durable, and errors with what was refused", async () => {
        const queue = await open<number>({ maxMessages: 2 });
        const writer = queue.writable().getWriter();
        expect(writer.desiredSize).toBe(1);
        const written = writer.write(1);
        expect(writer.desiredSize).toBe(0);
        await written;
        expect(await queue.stats()).toMatchObject({ ready: 1 });
        await writer.write(2);
        await expect(writer.write(3)).rejects.toMatchObject({ code: "full" });
        await expect(writer.closed).rejects.toMatchObject({ code: "full" });
        expect(() => queue.writable({ inFlight: 0 })).toThrow("writable().inFlight");
        const many = (await openAgain<number>()).writable({ inFlight: 5 }).getWriter();
        const closing = [many.write(4), many.close()];
        await expect(Promise.all(closing)).rejects.toMatchObject({ code: "full" });
      });

      test("a readable stream ends with its queue, and errors with its signal's reason", async () => {
        const queue = await open<number>();
        const reason = new Error("enough");
        const controller = new AbortController();
        const aborted = queue.readable({ signal: controller.signal }).getReader().read();
        controller.abort(reason);
        await expect(aborted).rejects.toBe(reason);
        const read = queue.readable().getReader().read();
        await queue.close();
        expect(await read).toEqual({ done: true, value: undefined });
      });

      test("a schema stays with its queue: it checks what is sent and transforms what is delivered", async () => {
        const schema: StandardSchema<string, number> = {
          "~standard": {
            version: 1,
            vendor: "test",
            validate: (text) =>
              /^\d+$/.test(String(text)) ? { value: Number(text) } : { issues: [{ message: "no" }] },
          },
        };
        await open();
        const [connection] = connections as [Connection];
        const queue = await connection.openQueue("numbers", { schema });
        const plain = await (await connectAnother()).openQueue<string>("numbers");
        await expect(queue.send("seven")).rejects.toMatchObject({ code: "schema-mismatch" });
        await plain.sendBatch([{ body: "eight" }, { body: "9" }]);
        const seen: number[] = [];
        queue.consume(({ body }) => void seen.push(body));
        await expect.poll(() => seen).toEqual([9]);
        expect(await plain.deadLetters.list()).toMatchObject([{ body: "eight", reason: "schema-mismatch" }]);
      });

      test("a request resolves with what the handler returned, progress on the way", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        other.consume(async ({ body, progress }) => {
          await progress(`half of ${body}`);
          return { doubled: body * 2, bytes: new Uint8Array([body]) };
        });
        const seen: unknown[] = [];
        const asked = [1, 2, 3].map((body) => queue.request(body, { onProgress: (value) => seen.push(value) }));
        expect(await Promise.all(asked)).toEqual(
          [1, 2, 3].map((n) => ({ doubled: n * 2, bytes: new Uint8Array([n]) })),
        );
        expect(seen).toEqual(["half of 1", "half of 2", "half of 3"]);
        // An answer may be read before its own request is acknowledged.
        await expect.poll(() => queue.stats()).toMatchObject({ ready: 0, leased: 0, totals: { acked: 3 } });
        expect(await (connections[0] as Connection).queues()).toMatchObject([{ name: "orders" }]);
      });

      test("a request whose consumer goes away is answered by the next", async () => {
        const queue = await open<string>();
        const going = await connectAnother();
        const theirs = await going.openQueue<string>("orders");
        const consumer = theirs.consume(() => new Promise(() => {}));
        const answered = queue.request("job", { timeoutMs: 15_000 });
        await expect.poll(() => consumer.active).toBe(1);
        await going.close({ force: true });
        queue.consume(({ attempt }) => `by attempt ${attempt}`);
        expect(await answered).toBe("by attempt 1");
      });

      test("a request is rejected when its message dies, when its time is up, and when it is given up", async () => {
        const queue = await open<string>({ maxDeliveries: 1 });
        const controller = new AbortController();
        const late = queue.request("late", { timeoutMs: 50 });
        await expect(late).rejects.toMatchObject({ code: "timeout" });
        const givenUp = queue.request("given up", { signal: controller.signal });
        const reason = new Error("never mind");
        controller.abort(reason);
        await expect(givenUp).rejects.toBe(reason);
        const dying = queue.request("dying");
        queue.consume(() => {
          throw new TypeError("cannot");
        });
        await expect(dying).rejects.toMatchObject({
          code: "dead",
          detail: { reason: "max-deliveries", error: { name: "TypeError", message: "cannot" } },
        });
        const options = { deduplicationId: "x" } as never;
        await expect(queue.request("x", options)).rejects.toMatchObject({ code: "invalid-argument" });
        const closing = queue.request("unanswered", { delayMs: 60_000 });
        closing.catch(() => {});
        await queue.close();
        await expect(closing).rejects.toMatchObject({ code: "closed" });
      });

      test("a queue is read as it was at one moment, though all of it is handled meanwhile", async () => {
        const queue = await open<number>();
        for (let body = 0; body < 5; body++) await queue.send(body);
        const shown: unknown[] = [];
        for await (const page of queue.peekPages({ pageSize: 2, snapshot: true })) {
          shown.push(...page.map(({ body }) => body));
          for (const delivery of await queue.receive({ max: 5 })) await delivery.ack();
          await queue.send(5);
        }
        expect(shown).toEqual([0, 1, 2, 3, 4]);
        expect(await queue.stats()).toMatchObject({ ready: 1, totals: { acked: 7 } });
      });

      test("peek never counts as a delivery, and pages", async () => {
        const queue = await open<number>();
        await queue.sendBatch(Array.from({ length: 5 }, (_, body) => ({ body })));
        const first = await queue.peek({ max: 2 });
        const rest = await queue.peek({ after: first[1]?.id as string });
        expect([...first, ...rest].map((message) => message.body)).toEqual([0, 1, 2, 3, 4]);
        expect(await queue.receive()).toMatchObject([{ attempt: 1 }]);
        expect((await queue.peek({ state: "leased" })).map((message) => message.body)).toEqual([0]);
      });

      test("consumeUntilEmpty handles what is ready and says what remains", async () => {
        const queue = await open<number>();
        await queue.sendBatch(Array.from({ length: 50 }, (_, body) => ({ body })));
        const seen: number[] = [];
        expect(await queue.consumeUntilEmpty(({ body }) => void seen.push(body), { concurrency: 2 })).toEqual({
          handled: 50,
          remaining: 0,
        });
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
      });

      test("consumeUntilEmpty starts nothing after its budget, and gives back what it did not start", async () => {
        const queue = await open<number>();
        await queue.sendBatch(Array.from({ length: 50 }, (_, body) => ({ body })));
        let started = 0;
        const wait = () => {
          started++;
          return new Promise((resolve) => setTimeout(resolve, 20));
        };
        // Where the machine is slow, the budget may be over before the first message is there.
        const { handled, remaining } = await queue.consumeUntilEmpty(wait, { budgetMs: 100 });
        expect(remaining).toBeGreaterThan(0);
        expect({ handled, remaining }).toEqual({ handled: started, remaining: 50 - started });
        expect((await queue.stats()).ready).toBe(remaining);
      });

      test("stats measure rates, times and handlers once there is enough to go by", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        expect((await queue.stats()).load).toMatchObject({ handlers: 0, arrivalRate: null, waitMs: null });
        queue.consume(() => new Promise((resolve) => setTimeout(resolve, 20)), { concurrency: 2, prefetch: 10 });
        other.consume(() => new Promise((resolve) => setTimeout(resolve, 20)));
        for (let i = 0; i < 45; i++) {
          await queue.send(i);
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
        await queue.whenIdle();
        const { load } = await other.stats();
        expect(load.handlers).toBe(3);
        expect(load.serviceMs?.mean).toBeGreaterThan(15);
        expect(load.serviceMs?.samples).toBe(45);
        expect(load.waitMs).toMatchObject({ samples: 45 });
        expect(load.arrivalRate?.last10s).toBeGreaterThan(5);
        // Of the last seconds, and of all since the host began: a slow machine takes longer than the former.
        const rateOfMean = 1_000 / (load.serviceMs?.mean as number);
        expect((load.serviceRate?.last10s as number) / rateOfMean).toBeGreaterThan(0.8);
        expect((load.serviceRate?.last10s as number) / rateOfMean).toBeLessThan(1.25);
        expect(load.utilisation?.last60s).toBeLessThan(1);
        expect(load.drainMs).toBe(0);
        expect(load.predicted?.unbounded?.waitMs).toBeGreaterThanOrEqual(0);
      });

      test("subscribed statistics come now and with each change, to every client that asks", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        const seen: number[] = [];
        const end = other.subscribeStats(({ ready }) => seen.push(ready), { everyMs: 20 });
        await expect.poll(() => seen).toEqual([0]);
        await queue.sendBatch([{ body: 1 }, { body: 2 }]);
        await expect.poll(() => seen).toEqual([0, 2]);
        end();
        await queue.send(3);
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(seen).toEqual([0, 2]);
        expect(() => queue.subscribeStats(() => {}, { every: 5 } as never)).toThrow('unknown option "every"');
      });

      test("a paused queue accepts and hands out nothing, in every client", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        await queue.pause();
        await other.send(1);
        expect(await other.receive({ waitMs: 50 })).toEqual([]);
        expect(await other.stats()).toMatchObject({ paused: true, pausedBy: "caller", ready: 1 });
        await queue.resume();
        expect(await other.receive({ waitMs: 1_000 })).toHaveLength(1);
      });

      test("purge deletes what waits and leaves what is in work", async () => {
        const queue = await open<number>();
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3, delayMs: 60_000 }]);
        const [delivery] = await queue.receive();
        expect(await queue.purge()).toEqual({ purged: 2 });
        await delivery?.ack();
        expect(await queue.stats()).toMatchObject({ ready: 0, delayed: 0, leased: 0, totals: { acked: 1, purged: 2 } });
      });

      test("purge takes what its filter says: by state, priority and age", async () => {
        const queue = await open<string>();
        await queue.sendBatch([
          { body: "old" },
          { body: "old, urgent", priority: 9 },
          { body: "delayed", delayMs: 60_000 },
          { body: "head", groupId: "g" },
          { body: "blocked", groupId: "g" },
        ]);
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        const bodies = async () => (await queue.peek()).map(({ body }) => body);
        expect(await queue.purge({ filter: { state: "delayed" } })).toEqual({ purged: 1 });
        expect(await queue.purge({ filter: { priority: 9 } })).toEqual({ purged: 1 });
        expect(await queue.purge({ filter: { state: "blocked" } })).toEqual({ purged: 1 });
        await queue.send("new");
        expect(await queue.purge({ filter: { state: "ready", olderThanMs: 1_000 } })).toEqual({ purged: 2 });
        expect(await bodies()).toEqual(["new"]);
        expect(await queue.stats()).toMatchObject({ ready: 1, delayed: 0, blocked: 0, totals: { purged: 5 } });
        const bad = queue.purge({ filter: { state: "leased" } as never });
        await expect(bad).rejects.toMatchObject({ code: "invalid-argument" });
      });

      test("replace gives what waits another body and headers, at its place", async () => {
        const queue = await open<string>();
        const [first, , late] = await queue.sendBatch([
          { body: "first", headers: { a: "1" }, priority: 9 },
          { body: "second" },
          { body: "late", delayMs: 60_000 },
        ]);
        expect(await queue.replace(first?.id ?? "", "changed", { headers: { b: "2" } })).toEqual({ replaced: true });
        expect(await queue.replace(late?.id ?? "", "changed, too")).toEqual({ replaced: true });
        const other = await openAgain<string>();
        expect(await other.peek()).toMatchObject([
          { id: first?.id, body: "changed", headers: { b: "2" }, priority: 9, state: "ready" },
          { body: "second" },
          { id: late?.id, body: "changed, too", headers: {}, state: "delayed" },
        ]);
        const [taken] = await other.receive();
        expect(taken).toMatchObject({ id: first?.id, body: "changed", attempt: 1 });
        await taken?.ack();
        expect((await queue.stats()).totals).toMatchObject({ accepted: 5, acked: 1, replaced: 2 });
        await expect(queue.replace("", "x")).rejects.toMatchObject({ code: "invalid-argument" });
        const bad = queue.replace(late?.id ?? "", "x", { priority: 3 } as never);
        await expect(bad).rejects.toMatchObject({ code: "invalid-argument", detail: { name: "priority" } });
      });

      test("replace changes nothing under whoever handles it, nor what is dead or gone", async () => {
        const queue = await open<string>();
        const { id } = await queue.send("as it was");
        const [delivery] = await queue.receive();
        expect(await queue.replace(id, "other")).toEqual({ replaced: false });
        expect(delivery?.body).toBe("as it was");
        await delivery?.deadLetter("bad");
        expect(await queue.replace(id, "other")).toEqual({ replaced: false });
        await queue.deadLetters.purge();
        expect(await queue.replace(id, "other")).toEqual({ replaced: false });
        expect(await queue.deadLetters.replace(id, "other")).toEqual({ replaced: false });
        expect(await queue.stats()).toMatchObject({
          ready: 0,
          dead: 0,
          totals: { accepted: 1, replaced: 0, purged: 1 },
        });
      });

      test("a dead letter with another body goes back to its place in its group, in one commit", async () => {
        const queue = await open<string>({ maxMessages: 2 });
        const { id } = await queue.send("wrong", { groupId: "g" });
        await queue.send("behind it", { groupId: "g" });
        const [delivery] = await queue.receive();
        await delivery?.deadLetter("bad");
        await queue.send("in its room");
        await expect(queue.deadLetters.replace(id, "right")).rejects.toMatchObject({ code: "full" });
        expect(await queue.deadLetters.list()).toMatchObject([{ id, body: "wrong" }]);
        await queue.purge({ filter: { state: "ready" } });
        expect(await queue.deadLetters.replace(id, "right", { headers: { a: "1" } })).toEqual({ replaced: true });
        expect(await queue.deadLetters.list()).toEqual([]);
        const [again] = await queue.receive({ max: 2 });
        expect(again).toMatchObject({ id, body: "right", headers: { a: "1" }, attempt: 1 });
        await again?.ack();
        expect(await queue.receive()).toMatchObject([{ body: "behind it" }]);
      });

      test("dead letters are redriven at the rate asked for, once each, and picked by age", async () => {
        const queue = await open<number>();
        await queue.sendBatch(Array.from({ length: 8 }, (_, body) => ({ body })));
        for (const delivery of await queue.receive({ max: 8 })) await delivery.deadLetter("no");
        expect(await queue.deadLetters.purge({ filter: { olderThanMs: 60_000 } })).toEqual({ purged: 0 });
        queue.consume(({ deadLetter }) => deadLetter("again"));
        const startedAt = Date.now();
        expect(await queue.deadLetters.redrive({ rate: 20 })).toEqual({ redriven: 8 });
        expect(Date.now() - startedAt).toBeGreaterThan(250);
        const controller = new AbortController();
        const reason = new Error("enough");
        const paced = queue.deadLetters.redrive({ rate: 1, signal: controller.signal });
        setTimeout(() => controller.abort(reason), 50);
        await expect(paced).rejects.toBe(reason);
        await expect(queue.deadLetters.redrive({ rate: 0 })).rejects.toMatchObject({ code: "invalid-argument" });
      });

      test("a connection lists its queues with what they hold", async () => {
        const queue = await open<number>();
        const connection = connections[0] as Connection;
        const other = await connection.openQueue<number>("other");
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3, delayMs: 60_000 }]);
        await (await queue.receive())[0]?.deadLetter("no");
        await queue.receive();
        await other.pause();
        await other.send(1);
        const none = { delayed: 0, leased: 0, blocked: 0, dead: 0, paused: false, oldestAgeMs: null };
        expect(await connection.queues()).toEqual([
          { ...none, name: "orders", ready: 0, delayed: 1, leased: 1, dead: 1 },
          { ...none, name: "other", ready: 1, paused: true, oldestAgeMs: expect.any(Number) },
        ]);
      });

      test.skipIf(isEncrypted)("delete takes the queue with all it holds, and a send makes a new one", async () => {
        const queue = await open<number>({ maxDeliveries: 7 });
        const other = await openAgain<number>();
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3, delayMs: 60_000 }]);
        const [held] = await other.receive();
        queue.consume(() => new Promise(() => {}));
        expect(await queue.delete()).toEqual({ deleted: 3 });
        await expect(held?.ack()).rejects.toMatchObject({ code: "lease-lost" });
        await expect(queue.send(4)).rejects.toMatchObject({ code: "closed" });
        expect(await (connections[0] as Connection).queues()).toEqual([]);
        await other.send(5);
        expect(await other.stats()).toMatchObject({
          ready: 1,
          totals: { accepted: 1 },
          settings: { maxDeliveries: 5 },
        });
      });

      test("dead letters are listed, redriven by id with attempts at zero, and purged by reason", async () => {
        const queue = await open<number>();
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
        for (const delivery of await queue.receive({ max: 3 }))
          await delivery.deadLetter(delivery.body === 3 ? "c" : "ab");
        const dead = await queue.deadLetters.list();
        expect(dead.map(({ body, reason }) => [body, reason])).toEqual([
          [1, "ab"],
          [2, "ab"],
          [3, "c"],
        ]);
        expect(
          (await queue.deadLetters.list({ after: dead[0]?.id as string, max: 1 })).map(({ body }) => body),
        ).toEqual([2]);
        expect(await queue.deadLetters.redrive({ filter: { ids: [dead[1]?.id as string] } })).toEqual({ redriven: 1 });
        expect(await queue.receive()).toMatchObject([{ body: 2, attempt: 1 }]);
        expect(await queue.deadLetters.purge({ filter: { reason: "c" } })).toEqual({ purged: 1 });
        expect((await queue.deadLetters.list()).map(({ body }) => body)).toEqual([1]);
      });

      test("a queue full of dead letters pauses, and goes on once they are dealt with", async () => {
        const queue = await open<number>({ maxDeadLetters: 2 });
        await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
        for (const delivery of await queue.receive({ max: 2 })) await delivery.deadLetter("no");
        expect(await queue.stats()).toMatchObject({ paused: true, pausedBy: "dead-letters", ready: 1 });
        expect(await queue.receive()).toEqual([]);
        await queue.deadLetters.purge();
        expect(await queue.receive({ waitMs: 1_000 })).toMatchObject([{ body: 3 }]);
      });

      test("whenIdle waits for running handlers, not for what is delayed, and can be given up", async () => {
        const queue = await open<number>();
        await queue.send(1, { delayMs: 60_000 });
        await queue.whenIdle();
        await queue.send(2);
        const controller = new AbortController();
        const idle = queue.whenIdle({ signal: controller.signal });
        controller.abort(new Error("given up"));
        await expect(idle).rejects.toThrow("given up");
      });

      test("settings given are stored and announced, those left out stay", async () => {
        const queue = await open({ maxDeliveries: 7 });
        const announced: unknown[] = [];
        queue.addEventListener("configured", ({ detail }) => announced.push(detail.settings));
        await channelsAreKnown();
        const again = await (await connectAnother()).openQueue("orders", { leaseMs: 5_000 });
        expect((await again.stats()).settings).toMatchObject({
          maxDeliveries: 7,
          leaseMs: 5_000,
          maxMessages: 100_000,
        });
        // Its own announcement may come after its answer, where a channel was open before.
        await expect.poll(() => announced, { timeout: 10_000 }).toContainEqual({ leaseMs: 5_000 });
      });

      test("events announce arrivals, settlements, dead letters and pauses", async () => {
        const queue = await open<number>();
        const other = await openAgain<number>();
        const seen: Record<string, unknown> = {};
        for (const type of ["available", "settled", "dead", "paused"] as const) {
          other.addEventListener(type, (event) => {
            seen[type] = event.detail;
          });
        }
        await channelsAreKnown();
        await queue.sendBatch([{ body: 1 }, { body: 2 }]);
        await expect.poll(() => seen.available).toEqual({ count: 2, ready: 2 });
        const [first, second] = await queue.receive({ max: 2 });
        await first?.ack();
        await second?.deadLetter("no");
        await queue.pause();
        await expect
          .poll(() => seen)
          .toMatchObject({
            settled: { acked: 1 },
            dead: { count: 1, total: 1 },
            paused: { paused: true },
          });
      });

      test("a closed queue says so to every call, and other queues of the connection go on", async () => {
        const queue = await open<number>();
        const connection = connections[0] as Connection;
        const sibling = await connection.openQueue("sibling");
        await queue.close();
        await expect(queue.send(1)).rejects.toMatchObject({ code: "closed", name: "QueueError" });
        await expect(queue.stats()).rejects.toMatchObject({ code: "closed" });
        await expect(queue.receive()).rejects.toMatchObject({ code: "closed" });
        expect(() => queue.consume(() => {})).toThrow(QueueError);
        await sibling.send("fine");
        expect((await connection.queues()).map(({ name }) => name).sort()).toEqual(["orders", "sibling"]);
      });

      test("closing waits for what was sent, and gives deliveries back at once", async () => {
        const queue = await open<number>();
        const connection = await connectAnother();
        const theirs = await connection.openQueue<number>("orders");
        await queue.send(1);
        await theirs.receive();
        void theirs.send(2);
        await connection.close();
        const rest = await queue.receive({ max: 2, waitMs: 1_000 });
        expect(rest.length).toBeGreaterThan(0);
        expect((await queue.stats()).totals.accepted).toBe(2);
      });
    });

    describe("bad input", () => {
      test.each([
        ["an unknown option", { maxMesages: 5 }, 'unknown option "maxMesages"'],
        [
          "a wrong type",
          { leaseMs: "30s" },
          'openQueue().leaseMs must be a number of milliseconds from 100 to 2147483647, got "30s"',
        ],
        ["out of range", { maxDeliveries: 0 }, "openQueue().maxDeliveries must be an integer from 1 to 1000, got 0"],
        [
          "a nested option",
          { backoff: { type: "linear" } },
          'openQueue().backoff.type must be one of "exponential", "fixed"',
        ],
        [
          "not a number",
          { maxMessages: Number.NaN },
          "openQueue().maxMessages must be an integer from 1 to 1000000000, got NaN",
        ],
      ])("openQueue refuses %s, naming option, value and range", async (_, options, message) => {
        await open();
        const refused = (connections[0] as Connection).openQueue("orders", options as QueueOptions);
        await expect(refused).rejects.toMatchObject({
          code: "invalid-argument",
          message: expect.stringContaining(message),
        });
      });

      test.each([
        [{ priority: 10 }, "send().priority must be an integer from 0 to 9, got 10"],
        [{ delayMs: -1 }, "send().delayMs"],
        [{ deliverAt: new Date(Number.NaN) }, "send().deliverAt must be a valid Date"],
        [{ delayMs: 1, deliverAt: 1 }, "send().deliverAt must be left out when delayMs is given"],
        [{ ttlMs: 0 }, "send().ttlMs must be a number of milliseconds from 1"],
        [{ deduplicationId: "" }, 'send().deduplicationId must be a string of 1 to 256 characters, got ""'],
        [{ headers: { a: 1 } }, "send().headers.a must be a string, got 1"],
        [{ groupID: "x" }, 'unknown option "groupID"'],
      ])("send refuses %j", async (options, message) => {
        const queue = await open();
        const refused = queue.send(1, options as never);
        await expect(refused).rejects.toMatchObject({
          code: "invalid-argument",
          message: expect.stringContaining(message),
        });
      });

      test("names the message of a batch whose option is wrong", async () => {
        const queue = await open();
        const refused = queue.sendBatch([{ body: 1 }, { body: 2, priority: 4.5 }]);
        await expect(refused).rejects.toMatchObject({
          message: expect.stringContaining("sendBatch(items)[1].priority"),
        });
        expect(await queue.sendBatch([])).toEqual([]);
      });

      test("a queue's name must be a string of some length", async () => {
        await open();
        const [connection] = connections as [Connection];
        await expect(connection.openQueue("")).rejects.toMatchObject({ code: "invalid-argument" });
        await expect(connection.openQueue(7 as never)).rejects.toMatchObject({
          message: expect.stringContaining("queue name"),
        });
      });
    });
  });
