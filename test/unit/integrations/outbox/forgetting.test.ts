// What is cancelled or cleared is sent by nobody any more: not what waits, what is on its way, or what was given up.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../../src/outbox.js";

const outboxes: Outbox[] = [];
let database = "";
let count = 0;
let asked: string[] = [];
let aborted: string[] = [];
/** Held, as a network holds what it has begun: Node collects a request that nobody else knows, and its signal with it. */
const underWay: Request[] = [];
let answer: (request: Request) => Response | Promise<Response>;

beforeEach(() => {
  database = `forgetting-${++count}`;
  asked = [];
  aborted = [];
  answer = () => new Response("", { status: 201 });
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname.slice(1);
    request.signal.throwIfAborted();
    asked.push(path);
    underWay.push(request);
    return new Promise<Response>((resolve, reject) => {
      request.signal.addEventListener("abort", () => {
        aborted.push(path);
        reject(request.signal.reason);
      });
      Promise.resolve(answer(request)).then(resolve, reject);
    });
  });
});
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  vi.unstubAllGlobals();
});

const open = (options: OutboxOptions = {}): Outbox => {
  const outbox = createOutbox({
    ...{ storage: "memory", database, backoff: { baseMs: 5, maxMs: 20 }, reconnectSpreadMs: 0, rateLimit: null },
    ...options,
  });
  outboxes.push(outbox);
  return outbox;
};
const post = (path: string) => new Request(`https://a.test/${path}`, { method: "POST", body: "x" });
const never = () => new Promise<Response>(() => {});
const left = async (outbox: Outbox) => (await outbox.waiting()).map(({ url }) => new URL(url).pathname.slice(1));
const idOf = async (stored: Promise<Response>) => ((await (await stored).json()) as { id: string }).id;

describe("cancel", () => {
  test("forgets a request that waits, and lets the next of its group go", async () => {
    const outbox = open({ mode: "queue-first", replay: false });
    const [first, second] = [await idOf(outbox.fetch(post("a"))), await idOf(outbox.fetch(post("a")))];
    expect(await outbox.cancel(first)).toBe(true);
    expect(await outbox.cancel(first)).toBe(false);
    expect((await outbox.waiting()).map(({ id, state }) => [id, state])).toEqual([[second, "ready"]]);
    open();
    await expect.poll(() => asked).toEqual(["a"]);
  });

  test("aborts the attempt that is under way in another context, and nobody makes another", async () => {
    answer = never;
    const sending = open({ mode: "queue-first" });
    const id = await idOf(sending.fetch(post("a")));
    await expect.poll(() => asked).toEqual(["a"]);
    expect(await open({ replay: false }).cancel(id)).toBe(true);
    await expect.poll(() => aborted).toEqual(["a"]);
    answer = () => new Response("", { status: 201 });
    await sending.fetch(post("b"));
    await expect.poll(() => asked).toEqual(["a", "b"]);
    expect(await sending.dead.list()).toEqual([]);
  });

  test("refuses what is no id", async () => {
    await expect(open().cancel(7 as never)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("clear", () => {
  test("leaves nothing to be sent: not what waits, what is on its way, or what was given up", async () => {
    answer = (request) => (request.url.includes("bad") ? new Response("", { status: 422 }) : never());
    const outbox = open({ mode: "queue-first", concurrency: 2 });
    await outbox.fetch(post("bad"));
    await expect.poll(async () => (await outbox.dead.list()).length).toBe(1);
    for (const path of ["a", "b", "b", "c"]) await outbox.fetch(post(path));
    await expect.poll(() => asked).toEqual(["bad", "a", "b"]);
    expect(await outbox.clear()).toEqual({ cleared: 5 });
    await expect.poll(() => aborted.sort()).toEqual(["a", "b"]);
    expect(await outbox.stats()).toMatchObject({ ready: 0, delayed: 0, blocked: 0, leased: 0, dead: 0 });
    expect(await outbox.stats()).toMatchObject({ totals: { acked: 0, purged: 5 } });
  });

  test("aborts first attempts, here and in other contexts: their callers learn it, and nothing is stored", async () => {
    answer = never;
    const [one, other] = [open(), open()];
    const sent = [one.fetch(post("a")), one.fetch(post("a")), other.fetch(post("b"))];
    await expect.poll(() => asked.length).toBe(2);
    await Promise.all([one.clear(), ...sent.map((one) => expect(one).rejects.toMatchObject({ name: "AbortError" }))]);
    expect(aborted.sort()).toEqual(["a", "b"]);
    expect(await left(one)).toEqual([]);
  });

  test("takes only what a filter picks", async () => {
    const outbox = open({ mode: "queue-first", replay: false });
    for (const [path, user] of [
      ["a", "ada"],
      ["b", "bob"],
      ["c", "ada"],
    ] as const) {
      await outbox.fetch(post(path), { metadata: { user } });
    }
    const ofAda = ({ metadata }: { readonly metadata: unknown }) => (metadata as { user: string }).user === "ada";
    expect(await outbox.clear({ filter: ofAda })).toEqual({ cleared: 2 });
    expect(await left(outbox)).toEqual(["b"]);
    await expect(outbox.clear({ filter: "ada" as never })).rejects.toMatchObject({ code: "invalid-argument" });
  });

  test("leaves the outbox as it is for whoever logs in next", async () => {
    const outbox = open({ mode: "queue-first" });
    await outbox.clear();
    await outbox.fetch(post("next"));
    await expect.poll(() => asked).toEqual(["next"]);
  });
});

test("what waits is listed in order, with its state, its next try, and what the last answer was", async () => {
  answer = () => new Response("", { status: 503, headers: { "retry-after": "60" } });
  const outbox = open({ mode: "queue-first" });
  for (const path of ["a", "a"]) await outbox.fetch(post(path));
  await expect.poll(async () => (await outbox.waiting())[0]?.state).toBe("delayed");
  const [first, second] = await outbox.waiting();
  expect(first).toMatchObject({ attempt: 1, lastStatus: 503, lastFailure: "HTTP 503" });
  expect((first?.dueAt ?? 0) - Date.now()).toBeGreaterThan(50_000);
  expect(second).toMatchObject({ state: "blocked", attempt: 0, dueAt: null, lastStatus: null, lastFailure: null });
});

test("what the server said to the first attempt is told of what waits, and that attempt counts", async () => {
  answer = () => new Response("", { status: 503, headers: { "retry-after": "60" } });
  const seen: number[] = [];
  const beforeSend = (_: Request, { attempt }: { readonly attempt: number }) => seen.push(attempt);
  const outbox = open({ replay: false, beforeSend });
  expect((await outbox.fetch(post("a"))).status).toBe(202);
  expect(await outbox.waiting()).toMatchObject([{ attempt: 1, lastStatus: 503, lastFailure: "HTTP 503" }]);
  answer = () => {
    throw new TypeError("unreachable");
  };
  expect((await outbox.fetch(new Request("https://b.test/b", { method: "POST" }))).status).toBe(202);
  expect((await outbox.waiting())[1]).toMatchObject({ attempt: 0, lastStatus: null, lastFailure: null });
  expect(seen).toEqual([1, 1]);
});

test("a redriven request goes before what came later in its group and has not left", async () => {
  answer = () => new Response("", { status: 422 });
  const outbox = open({ mode: "queue-first", concurrency: 1 });
  await outbox.fetch(post("a/1"), { groupId: "g" });
  await expect.poll(async () => (await outbox.dead.list()).length).toBe(1);
  answer = () => never();
  await outbox.fetch(post("a/2"), { groupId: "g" });
  await outbox.fetch(post("a/3"), { groupId: "g" });
  await expect.poll(() => asked).toEqual(["a/1", "a/2"]);
  await outbox.dead.redrive();
  answer = () => new Response("", { status: 201 });
  const [{ id = "" } = {}] = await outbox
    .waiting({ max: 10 })
    .then((all) => all.filter(({ url }) => url.endsWith("a/2")));
  await outbox.cancel(id);
  await expect.poll(() => asked).toEqual(["a/1", "a/2", "a/1", "a/3"]);
});
