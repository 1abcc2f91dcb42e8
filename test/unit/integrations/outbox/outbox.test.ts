// The outbox over a queue in memory and a real server. What needs a browser is in test/outbox.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNotesServer } from "../../../../demo/server/notes-server.mjs";
import { connect } from "../../../../src/index.js";
import {
  createOutbox,
  type Outbox,
  type OutboxMessage,
  type OutboxOptions,
  QueueError,
} from "../../../../src/outbox.js";

const QUICK = { backoff: { baseMs: 5, maxMs: 20 }, reconnectSpreadMs: 0, crossOriginKeys: true } as const;
const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
/** All that an outbox does it does with a key, too. */
const LYING: readonly (readonly [how: string, given: Pick<OutboxOptions, "encryption">])[] = [
  ["as it is", {}],
  ["encrypted", { encryption: { key } }],
];
let given: Pick<OutboxOptions, "encryption"> = {};
let notes: ReturnType<typeof createNotesServer>;
let server: Server;
let origin: string;
const outboxes: Outbox[] = [];
let count = 0;

const listenOn = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
const stopServer = () =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
const open = (options: OutboxOptions = {}): Outbox => {
  const outbox = createOutbox({ storage: "memory", database: `outbox-${count}`, ...given, ...QUICK, ...options });
  outboxes.push(outbox);
  return outbox;
};
const post = (path: string, body = "x", init: RequestInit = {}) =>
  new Request(`${origin}/api/${path}`, { method: "POST", body, ...init });
const untilEmpty = (outbox: Outbox) => expect.poll(async () => (await outbox.waiting()).length).toBe(0);
const paths = () => notes.arrivals.filter(({ inEffect }) => inEffect).map(({ path }) => path.replace("/api/", ""));

beforeEach(async () => {
  count++;
  notes = createNotesServer();
  server = createServer((request, response) => void notes.handle(request, response));
  await listenOn(0);
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  await stopServer();
});

describe.each(LYING)("what lies in its queue %s", (_, more) => {
  beforeEach(() => {
    given = more;
  });
  describe("fetch", () => {
    test("gives the server's answer where the network works, and stores nothing", async () => {
      const outbox = open();
      const response = await outbox.fetch(post("a"));
      expect(response.status).toBe(201);
      expect(await outbox.waiting()).toEqual([]);
      expect(notes.arrivals).toHaveLength(1);
    });

    test("answers 202 with the id of what it stored when the server cannot be reached, and delivers later", async () => {
      const { port } = server.address() as AddressInfo;
      await stopServer();
      const outbox = open();
      const response = await outbox.fetch(post("a", "text"), { metadata: { note: 1 } });
      expect(response.status).toBe(202);
      const [waiting] = await outbox.waiting();
      expect(await response.json()).toEqual({ queued: true, id: waiting?.id });
      expect(waiting).toMatchObject({ method: "POST", url: `${origin}/api/a`, metadata: { note: 1 } });
      await listenOn(port);
      await untilEmpty(outbox);
      expect(paths()).toEqual(["a"]);
      expect(notes.arrivals[0]?.key).toBe(waiting?.idempotencyKey);
    });

    test("stores at once in the mode queue-first, for one request or all", async () => {
      const outbox = open({ replay: false });
      expect((await outbox.fetch(post("a"), { mode: "queue-first" })).status).toBe(202);
      expect((await outbox.fetch(post("b"))).status).toBe(201);
      const always = open({ replay: false, mode: "queue-first", name: "other" });
      expect((await always.fetch(post("c"))).status).toBe(202);
      expect(paths()).toEqual(["b"]);
    });

    test("takes the options of fetch beside its own, and what is aborted by them", async () => {
      const outbox = open({ replay: false });
      const headers = { "x-mark": "1" };
      await outbox.fetch(`${origin}/api/a`, { method: "PUT", body: "grün", headers, groupId: "g" });
      expect(notes.arrivals).toMatchObject([{ method: "PUT", path: "/api/a" }]);
      const init = { method: "POST", body: new URLSearchParams({ b: "ü" }), mode: "queue-first" } as const;
      expect((await outbox.fetch(`${origin}/api/b`, { ...init, metadata: { n: 1 } })).status).toBe(202);
      expect(
        (await outbox.fetch(new Request(`${origin}/api/c`), { method: "DELETE", mode: "queue-first" })).status,
      ).toBe(202);
      expect(await outbox.waiting()).toMatchObject([
        { method: "POST", url: `${origin}/api/b`, metadata: { n: 1 } },
        { method: "DELETE", url: `${origin}/api/c` },
      ]);
      const aborted = outbox.fetch(`${origin}/api/d`, { ...init, signal: AbortSignal.abort("given up") });
      await expect(aborted).rejects.toBe("given up");
      const unknown = outbox.fetch(`${origin}/api/e`, { methode: "POST" } as object);
      await expect(unknown).rejects.toMatchObject({ code: "invalid-argument", detail: { name: "methode" } });
    });

    test("stores the same bytes and headers whether they are read from the request or given beside it", async () => {
      const outbox = open({ mode: "queue-first" });
      const bodies = ["grün, 緑 \ud800", new URLSearchParams({ a: "b c" }), new Uint8Array([1, 2, 3, 255]).subarray(1)];
      for (const [i, body] of bodies.entries()) {
        await outbox.fetch(`${origin}/api/given?${i}`, { method: "POST", body });
        await outbox.fetch(new Request(`${origin}/api/read?${i}`, { method: "POST", body }));
      }
      await untilEmpty(outbox);
      const arrived = (path: string) => notes.arrivals.filter((arrival) => arrival.path.startsWith(`/api/${path}?`));
      const what = (path: string) => arrived(path).map(({ sha256, headers }) => [sha256, headers["content-type"]]);
      expect(arrived("given")).toHaveLength(3);
      expect(what("given")).toEqual(what("read"));
    });

    test("gives a refusal of the server to the caller", async () => {
      notes.behave("422");
      const outbox = open();
      expect((await outbox.fetch(post("a"))).status).toBe(422);
      expect(await outbox.waiting()).toEqual([]);
    });

    test("stores what the server may take later, and sends no sooner than it asked for", async () => {
      notes.behave("429", 1);
      const outbox = open();
      expect((await outbox.fetch(post("a"))).status).toBe(202);
      notes.behave("none");
      await untilEmpty(outbox);
      const [first, second] = notes.arrivals;
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
      expect(second?.key).toBe(first?.key);
    });

    test("stores what got no answer in time", async () => {
      notes.behave("hang");
      const outbox = open({ timeoutMs: 50 });
      expect((await outbox.fetch(post("a"))).status).toBe(202);
      notes.behave("none");
      await untilEmpty(outbox);
      expect(paths()).toEqual(["a"]);
    });

    test("lets nothing overtake what waits in its group, and does not hold up another", async () => {
      const { port } = server.address() as AddressInfo;
      await stopServer();
      const outbox = open({ replay: false });
      await outbox.fetch(post("a?1"));
      await listenOn(port);
      const [second, other] = await Promise.all([outbox.fetch(post("a?2")), outbox.fetch(post("b"))]);
      expect([second.status, other.status]).toEqual([202, 201]);
      open();
      await untilEmpty(outbox);
      expect(paths()).toEqual(["b", "a?1", "a?2"]);
    });

    test("rejects with the reason of whoever aborts, and stores nothing", async () => {
      notes.behave("hang");
      const outbox = open();
      const controller = new AbortController();
      const sent = outbox.fetch(post("a", "x", { signal: controller.signal }));
      setTimeout(() => controller.abort(new Error("changed my mind")), 30);
      await expect(sent).rejects.toThrow("changed my mind");
      expect(await outbox.waiting()).toEqual([]);
    });

    test("stores a key once while it waits", async () => {
      const outbox = open({ mode: "queue-first", replay: false });
      const answers = await Promise.all([1, 2].map(() => outbox.fetch(post("a"), { idempotencyKey: "order 7" })));
      const [first, second] = await Promise.all(answers.map((answer) => answer.json()));
      expect(second).toEqual(first);
      expect(await outbox.waiting()).toHaveLength(1);
    });

    test("refuses to store a body that is too large, and says how large it may be", async () => {
      const outbox = open({ mode: "queue-first", maxBodyBytes: 10 });
      await expect(outbox.fetch(post("a", "x".repeat(11)))).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("11 bytes; the outbox stores at most maxBodyBytes = 10"),
      });
      expect((await outbox.fetch(post("a", "x".repeat(11)), { mode: "network-first" })).status).toBe(201);
    });

    test.each([
      ["createOutbox", () => open({ concurrency: 0 } as OutboxOptions), "createOutbox().concurrency"],
      ["createOutbox", () => open({ retries: 3 } as OutboxOptions), 'unknown option "retries"'],
      ["createOutbox", () => open({ rateLimit: { limit: 5 } } as unknown as OutboxOptions), "createOutbox().rateLimit"],
      ["fetch", () => open().fetch(post("a"), { priority: 10 }), "outbox.fetch().priority"],
      ["fetch", () => open().fetch(post("a"), { idempotencyKey: 'say "hi"' }), "outbox.fetch().idempotencyKey"],
    ])("%s names the option that it does not take (%#)", async (_, call, what) => {
      await expect((async () => call())()).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining(what),
      });
    });
  });

  describe("replay", () => {
    test("goes in order within a group, and through the others when one fails", async () => {
      const outbox = open({ mode: "queue-first", onDead: () => {} });
      const sender = open({ mode: "queue-first", replay: false });
      notes.behave("500");
      for (const path of ["a?1", "a?2", "b?1", "b?2"]) await sender.fetch(post(path));
      await expect.poll(() => notes.arrivals.length).toBeGreaterThan(4);
      notes.behave("none");
      await untilEmpty(outbox);
      const order = paths();
      expect(order.filter((path) => path.startsWith("a"))).toEqual(["a?1", "a?2"]);
      expect(order.filter((path) => path.startsWith("b"))).toEqual(["b?1", "b?2"]);
    });

    test("gives up what the server refuses for good, keeps why, and goes on with the group", async () => {
      notes.behave("422");
      const dead: unknown[] = [];
      const heard: unknown[] = [];
      const outbox = open({ mode: "queue-first", onDead: (message) => dead.push(message) });
      outbox.addEventListener("dead", ({ detail }) => {
        heard.push(detail.metadata);
        notes.behave("none");
      });
      await outbox.fetch(post("a?1"), { metadata: "first" });
      await expect.poll(() => heard).toEqual(["first"]);
      await outbox.fetch(post("a?2"));
      await untilEmpty(outbox);
      expect(paths()).toEqual(["a?2"]);
      const expected = {
        url: `${origin}/api/a?1`,
        status: 422,
        answer: JSON.stringify({ error: "this server refuses notes just now" }),
      };
      expect(await outbox.dead.list()).toMatchObject([expected]);
      expect(dead).toMatchObject([expected]);
      expect(await outbox.dead.redrive()).toEqual({ redriven: 1 });
      await untilEmpty(outbox);
      expect(paths()).toEqual(["a?2", "a?1"]);
    });

    test("waits for the dead letter of a group that says so", async () => {
      notes.behave("422");
      const outbox = open({ mode: "queue-first", onGroupFailure: "block" });
      await outbox.fetch(post("a?1"));
      await outbox.fetch(post("a?2"));
      await expect.poll(async () => (await outbox.dead.list()).length).toBe(1);
      notes.behave("none");
      expect(await outbox.waiting()).toMatchObject([{ state: "blocked" }]);
      await outbox.dead.redrive();
      await untilEmpty(outbox);
      expect(paths()).toEqual(["a?1", "a?2"]);
    });

    test("sends under one key until the server has it once", async () => {
      notes.behave("cut");
      const outbox = open({ mode: "queue-first" });
      await outbox.fetch(post("a"));
      await expect.poll(() => notes.arrivals.length).toBeGreaterThan(2);
      notes.behave("none");
      await untilEmpty(outbox);
      expect(new Set(notes.arrivals.map(({ key }) => key)).size).toBe(1);
      expect(paths()).toEqual(["a"]);
      expect(notes.arrivals[0]?.headers["idempotency-key"]).toMatch(/^"[0-9a-f-]{36}"$/);
    });

    test("becomes a dead letter when its time is over, and says so", async () => {
      notes.behave("500");
      const dead: string[] = [];
      const outbox = open({ mode: "queue-first", maxRetentionMs: 300, onDead: ({ reason }) => dead.push(reason) });
      await outbox.fetch(post("a"));
      await expect.poll(() => dead).toEqual(["expired"]);
      expect(await outbox.dead.list()).toMatchObject([{ reason: "expired", status: null, answer: null }]);
    });

    test("asks `beforeSend` each time, and keeps what it may not store out of the queue", async () => {
      notes.behave("500");
      let token = 0;
      const outbox = open({
        mode: "queue-first",
        redactHeaders: ["Authorization"],
        beforeSend: (request) => request.headers.set("authorization", `Bearer ${++token}`),
      });
      const peeking = open({ replay: false });
      await outbox.fetch(post("a", "x", { headers: { authorization: "Bearer secret", "x-kept": "yes" } }));
      expect(JSON.stringify(await peeking.waiting())).not.toContain("secret");
      await expect.poll(() => notes.arrivals.length).toBeGreaterThan(1);
      notes.behave("none");
      await untilEmpty(outbox);
      expect(notes.arrivals.map(({ headers }) => headers.authorization)).toEqual(
        notes.arrivals.map((_, i) => `Bearer ${i + 1}`),
      );
      expect(notes.arrivals.every(({ headers }) => headers["x-kept"] === "yes")).toBe(true);
    });

    test("asks `beforeSend` on the first attempt, too, and stores the request when it throws, whatever it throws", async () => {
      const asked: unknown[] = [];
      const outbox = open({
        replay: false,
        beforeSend: (request, { id, attempt, metadata }) => {
          asked.push([id, attempt, metadata]);
          if (metadata === "later") throw new QueueError("closed", "the application's own queue was closed");
          request.headers.set("authorization", "Bearer fresh");
        },
      });
      const response = await outbox.fetch(post("a"), { metadata: "now" });
      expect([response.status, notes.arrivals[0]?.headers.authorization]).toEqual([201, "Bearer fresh"]);
      expect((await outbox.fetch(post("b"), { metadata: "later" })).status).toBe(202);
      expect(await outbox.waiting()).toMatchObject([{ metadata: "later", attempt: 0, lastFailure: null }]);
      expect(asked).toEqual([
        ["", 1, "now"],
        ["", 1, "later"],
      ]);
      expect(paths()).toEqual(["a"]);
    });

    test("sends the request that `beforeSend` gives in its place, and waits when it throws", async () => {
      let calls = 0;
      const outbox = open({
        mode: "queue-first",
        beforeSend: (request) => {
          if (++calls < 3) throw new Error("no token yet");
          return new Request(request, { headers: { "x-replaced": "yes" } });
        },
      });
      await outbox.fetch(post("a"));
      await untilEmpty(outbox);
      expect(calls).toBe(3);
      expect(notes.arrivals).toMatchObject([{ headers: { "x-replaced": "yes" } }]);
    });

    test("tells what was stored and what arrived, also to another outbox of that name", async () => {
      const heard: [string, string, unknown][] = [];
      const listenTo = (outbox: Outbox, who: string) => {
        outbox.addEventListener("queued", ({ detail }) => heard.push([who, "queued", detail.metadata]));
        outbox.addEventListener("delivered", ({ detail }) =>
          heard.push([who, `delivered ${detail.status}`, detail.metadata]),
        );
      };
      const delivered: [number, OutboxMessage][] = [];
      const outbox = open({
        mode: "queue-first",
        onDelivered: ({ status }, message) => delivered.push([status, message]),
      });
      const other = open({ replay: false });
      listenTo(outbox, "one");
      listenTo(other, "other");
      await outbox.fetch(post("a"), { metadata: { n: 1 } });
      await expect.poll(() => heard.length).toBe(4);
      expect(heard).toEqual(
        expect.arrayContaining([
          ["one", "queued", { n: 1 }],
          ["other", "queued", { n: 1 }],
          ["one", "delivered 201", { n: 1 }],
          ["other", "delivered 201", { n: 1 }],
        ]),
      );
      expect(delivered).toMatchObject([[201, { metadata: { n: 1 }, attempt: 1 }]]);
    });

    test("keeps to its concurrency and to the rate limit", async () => {
      const outbox = open({ mode: "queue-first", rateLimit: { limit: 5, intervalMs: 500 }, concurrency: 3 });
      const from = Date.now();
      await Promise.all(Array.from({ length: 9 }, (_, i) => outbox.fetch(post(`n/${i}`))));
      await untilEmpty(outbox);
      expect(notes.arrivals).toHaveLength(9);
      // The ninth is the fourth after a burst of five. The first may have arrived late, but not have left before.
      expect(Math.max(...notes.arrivals.map(({ at }) => at)) - from).toBeGreaterThanOrEqual(395);
    });

    test("is waited for by close, and what it delivered is delivered once", async () => {
      let letGo = () => {};
      const until = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      let asked = 0;
      const beforeSend = async () => {
        asked++;
        await until;
      };
      const outbox = open({ mode: "queue-first", replay: false, concurrency: 1, beforeSend });
      const other = open({ replay: false });
      for (const path of ["a", "b"]) await outbox.fetch(post(path));
      const replaying = outbox.replay().catch((error) => error);
      await expect.poll(() => asked).toBe(1);
      const closed = outbox.close();
      letGo();
      await closed;
      expect(paths()).toEqual(["a"]);
      expect(await replaying).toEqual({ delivered: 1, remaining: 1 });
      expect(await other.stats()).toMatchObject({ ready: 1, leased: 0, delayed: 0, totals: { acked: 1 } });
    });

    test("ends with close also while it waits for what is due later", async () => {
      notes.behave("500");
      const slow = { backoff: { baseMs: 60_000, maxMs: 60_000 } };
      const outbox = open({ mode: "queue-first", replay: false, ...slow });
      await outbox.fetch(post("a"));
      const replaying = outbox.replay();
      await expect.poll(() => outbox.stats()).toMatchObject({ delayed: 1 });
      await outbox.close();
      expect(await replaying).toEqual({ delivered: 0, remaining: 1 });
    });

    // An encrypted queue that was deleted takes nothing more from who had it open.
    test.skipIf(more.encryption)("tells of what dies when the queue was deleted after what died before", async () => {
      const dead: unknown[] = [];
      const outbox = open({ mode: "queue-first", replay: false });
      outbox.addEventListener("dead", ({ detail }) => dead.push(detail.metadata));
      const connection = await connect({ storage: "memory", database: `outbox-${count}` });
      const killOne = async (metadata: number) => {
        await outbox.fetch(post("a"), { metadata });
        const queue = await connection.openQueue("outbox");
        for (const delivery of await queue.receive()) await delivery.deadLetter("bad");
        return queue;
      };
      const queue = await killOne(1);
      await expect.poll(() => dead).toEqual([1]);
      await queue.delete();
      await killOne(2);
      await expect.poll(() => dead).toEqual([1, 2]);
      await connection.close();
    });

    test("does bounded work when it is asked to", async () => {
      const outbox = open({ mode: "queue-first", replay: false });
      for (let i = 0; i < 5; i++) await outbox.fetch(post(`n/${i}`));
      expect(await outbox.replay({ budgetMs: 5_000 })).toEqual({ delivered: 5, remaining: 0 });
      notes.behave("hang");
      await outbox.fetch(post("n/5"));
      const slow = open({ replay: false, timeoutMs: 100, backoff: { baseMs: 60_000, maxMs: 60_000 } });
      expect(await slow.replay({ budgetMs: 300 })).toEqual({ delivered: 0, remaining: 1 });
    });
  });
});
