import { afterEach, expect, test, vi } from "vitest";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../../src/outbox.js";

const outboxes: Outbox[] = [];
let count = 0;

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  vi.unstubAllGlobals();
});

const open = (options: OutboxOptions = {}): Outbox => {
  const quick = { backoff: { baseMs: 5, maxMs: 20 }, reconnectSpreadMs: 0, mode: "queue-first" } as const;
  const outbox = createOutbox({ storage: "memory", database: `keys-${count}`, ...quick, ...options });
  outboxes.push(outbox);
  return outbox;
};
/** A server that answers with a status; returns the bodies that it saw. */
const server = (statusOf: () => number) => {
  const seen: string[] = [];
  count++;
  vi.stubGlobal("fetch", async (request: Request) => {
    seen.push(await request.text());
    return new Response("", { status: statusOf() });
  });
  return seen;
};
const post = (outbox: Outbox, body: string, init: RequestInit = {}) =>
  outbox.fetch(new Request("https://a.test/orders", { method: "POST", body, ...init }), { idempotencyKey: "order 7" });
const idOf = async (answer: Response) => ((await answer.json()) as { id: string }).id;

test("a key is free again once its request was given up", async () => {
  let status = 400;
  const seen = server(() => status);
  const outbox = open();
  await post(outbox, "one");
  await expect.poll(async () => (await outbox.dead.list()).length).toBe(1);
  await outbox.dead.purge();
  status = 201;
  await post(outbox, "two");
  await expect.poll(() => seen).toEqual(["one", "two"]);
});

test("a key is free again once its request was cancelled, for one of those who use it then", async () => {
  server(() => 201);
  const [outbox, other] = [open({ replay: false }), open({ replay: false })];
  expect(await outbox.cancel(await idOf(await post(outbox, "one")))).toBe(true);
  const answers = await Promise.all([post(outbox, "two"), post(other, "two"), post(outbox, "two")]);
  expect(new Set(await Promise.all(answers.map(idOf))).size).toBe(1);
  expect(await outbox.waiting()).toHaveLength(1);
});

test("a key counts for as long as its request waits", async () => {
  server(() => 201);
  const outbox = open({ replay: false });
  vi.useFakeTimers({ toFake: ["Date"] });
  const first = await idOf(await post(outbox, "one"));
  vi.setSystemTime(Date.now() + 6 * 24 * 3_600_000);
  expect(await idOf(await post(outbox, "one"))).toBe(first);
  expect(await outbox.waiting()).toHaveLength(1);
});

test("a key counts for five minutes after its request was delivered, and then no more", async () => {
  const seen = server(() => 201);
  const outbox = open();
  const delivered = new Promise((resolve) => outbox.addEventListener("delivered", resolve, { once: true }));
  const first = await idOf(await post(outbox, "one"));
  await delivered;
  expect(await idOf(await post(outbox, "one"))).toBe(first);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 300_001);
  await post(outbox, "two");
  await expect.poll(() => seen).toEqual(["one", "two"]);
});

test("a key in the request's own header counts as one that is given", async () => {
  server(() => 201);
  const outbox = open({ replay: false });
  const send = () =>
    outbox.fetch(
      new Request("https://a.test/a", { method: "POST", body: "x", headers: { "idempotency-key": '"order 8"' } }),
    );
  expect(await idOf(await send())).toBe(await idOf(await send()));
});
