// What people do with what waits, was given up and was delivered: look it up, and send another request in its place.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../../src/outbox.js";

interface Asked {
  readonly path: string;
  readonly body: string;
  readonly key: string | null;
}

const outboxes: Outbox[] = [];
let database = "";
let count = 0;
let asked: Asked[] = [];
let answer: (request: Request) => Response | Promise<Response>;

beforeEach(() => {
  database = `inbox-${++count}`;
  asked = [];
  answer = () => new Response("", { status: 201 });
  vi.stubGlobal("fetch", async (request: Request) => {
    const body = await request.clone().text();
    const key = request.headers.get("idempotency-key");
    asked.push({ path: new URL(request.url).pathname, body, key: key?.replaceAll('"', "") ?? null });
    return answer(request);
  });
});
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  vi.unstubAllGlobals();
});

const open = (options: OutboxOptions = {}): Outbox => {
  const outbox = createOutbox({
    ...{ storage: "memory", database, backoff: { baseMs: 5, maxMs: 20 }, reconnectSpreadMs: 0, rateLimit: null },
    ...{ crossOriginKeys: true, mode: "queue-first", ...options },
  });
  outboxes.push(outbox);
  return outbox;
};
const post = (path: string, body = "x", headers: HeadersInit = {}) =>
  new Request(`https://a.test/${path}`, { method: "POST", body, headers });
const bodies = () => asked.map(({ body }) => body);
const untilDead = async (outbox: Outbox) => {
  await expect.poll(async () => (await outbox.dead.list()).length, { timeout: 10_000 }).toBe(1);
  return (await outbox.dead.list())[0]!;
};

describe("replace", () => {
  test("sends the other request at its place, under its id and its key", async () => {
    const idle = open({ replay: false, redactHeaders: ["authorization"] });
    for (const n of [1, 2, 3]) await idle.fetch(post("a", `${n}`), { metadata: { n } });
    const [first, second] = await idle.waiting();
    expect(await idle.replace(second!, post("a", "2, mended", { authorization: "secret" }))).toBe(true);
    expect(await idle.replace(first!, post("a", "1, mended"), { metadata: { n: 1, isMended: true } })).toBe(true);
    expect(await idle.waiting()).toMatchObject([
      { id: first!.id, idempotencyKey: first!.idempotencyKey, metadata: { n: 1, isMended: true } },
      { id: second!.id, metadata: { n: 2 } },
      { metadata: { n: 3 } },
    ]);
    const secrets: boolean[] = [];
    open({ beforeSend: ({ headers }) => secrets.push(headers.has("authorization")) });
    await expect.poll(bodies, { timeout: 10_000 }).toEqual(["1, mended", "2, mended", "3"]);
    expect(asked.slice(0, 2).map(({ key }) => key)).toEqual([first!.idempotencyKey, second!.idempotencyKey]);
    expect(secrets).not.toContain(true);
  });

  test("changes nothing while the request is on its way, after it was delivered, or where the list is out of date", async () => {
    let release = () => {};
    answer = () => new Promise((resolve) => (release = () => resolve(new Response("", { status: 201 }))));
    const outbox = open();
    await outbox.fetch(post("a", "as it was"));
    const [listed] = await outbox.waiting();
    await expect.poll(async () => (await outbox.waiting())[0]?.state, { timeout: 10_000 }).toBe("leased");
    expect(await outbox.replace(listed!, post("a", "other"))).toBe(false);
    release();
    await expect.poll(() => outbox.waiting(), { timeout: 10_000 }).toEqual([]);
    expect(await outbox.replace(listed!, post("a", "other"))).toBe(false);
    const dead = { ...listed!, reason: "expired", status: null, answer: null };
    expect(await outbox.replace(dead, post("a", "other"))).toBe(false);
    expect(bodies()).toEqual(["as it was"]);
  });

  test("sends what was refused again, under a new key, before what came later and still waits", async () => {
    answer = () => new Response("too long", { status: 422 });
    const outbox = open({ onGroupFailure: "block" });
    await outbox.fetch(post("a", "wrong"), { metadata: "m" });
    const dead = await untilDead(outbox);
    await outbox.fetch(post("a", "behind it"));
    answer = () => new Response("", { status: 201 });
    expect(await outbox.replace(dead, post("a", "right"))).toBe(true);
    await expect.poll(bodies, { timeout: 10_000 }).toEqual(["wrong", "right", "behind it"]);
    expect(await outbox.dead.list()).toEqual([]);
    const [first, second] = asked;
    expect(first?.key).toBe(dead.idempotencyKey);
    expect(second?.key).not.toBe(dead.idempotencyKey);
  });

  test("keeps the key of what has expired, and takes one that is given", async () => {
    const idle = open({ replay: false, maxRetentionMs: 30 });
    await idle.fetch(post("a"));
    const dead = await untilDead(idle);
    expect(dead.status).toBeNull();
    expect(await idle.replace(dead, post("a", "late"))).toBe(true);
    const [waiting] = await idle.waiting();
    expect(waiting).toMatchObject({ id: dead.id, idempotencyKey: dead.idempotencyKey });
    expect(await idle.replace(waiting!, post("a"), { idempotencyKey: "mine" })).toBe(true);
    expect(await idle.replace(waiting!, post("a", "x", { "Idempotency-Key": '"its"' }))).toBe(true);
    expect(await idle.waiting()).toMatchObject([{ idempotencyKey: "its" }]);
  });

  test("refuses what fetch refuses, and leaves the request as it is", async () => {
    const outbox = open({ replay: false, maxBodyBytes: 9 });
    await outbox.fetch(post("a", "as it was"));
    const [waiting] = await outbox.waiting();
    const large = outbox.replace(waiting!, post("a", "ten bytes!"));
    await expect(large).rejects.toMatchObject({ code: "invalid-argument", detail: { bytes: 10, maxBodyBytes: 9 } });
    const odd = outbox.replace(waiting!, post("a"), { metadata: () => {} });
    await expect(odd).rejects.toMatchObject({ code: "not-cloneable" });
    const unknown = outbox.replace(waiting!, post("a"), { priority: 9 } as object);
    await expect(unknown).rejects.toMatchObject({ code: "invalid-argument", detail: { name: "priority" } });
    open();
    await expect.poll(bodies, { timeout: 10_000 }).toEqual(["as it was"]);
  });
});

describe("delivered", () => {
  test("has the last that were stored and arrived, the latest first, in every context and the next one", async () => {
    const outbox = open({ keepDelivered: 2 });
    for (const n of [1, 2, 3]) await outbox.fetch(post("a", `${n}`), { metadata: n });
    const numbers = async (of: Outbox) => (await of.delivered()).map(({ metadata }) => metadata);
    await expect.poll(() => numbers(outbox), { timeout: 10_000 }).toEqual([3, 2]);
    const [latest] = await outbox.delivered({ max: 1 });
    expect(latest).toMatchObject({ url: "https://a.test/a", method: "POST", status: 201, attempt: 1 });
    expect(Math.abs(Date.now() - latest!.deliveredAt)).toBeLessThan(60_000);
    expect(await numbers(open({ keepDelivered: 2 }))).toEqual([3, 2]);
    const { totals, dead } = await outbox.stats();
    expect(totals.acked).toBe(3);
    expect(dead).toBe(0);
  });

  test("keeps nothing unless it is told to, and nothing of what never waited", async () => {
    const outbox = open();
    await outbox.fetch(post("a"));
    await expect.poll(() => outbox.waiting(), { timeout: 10_000 }).toEqual([]);
    expect(await outbox.delivered()).toEqual([]);
    const direct = open({ keepDelivered: 5, mode: "network-first", name: "direct" });
    expect((await direct.fetch(post("a"))).status).toBe(201);
    expect(await direct.delivered()).toEqual([]);
    expect(() => open({ keepDelivered: 1_001 })).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("is gone with a log-out, whole or those picked", async () => {
    const outbox = open({ keepDelivered: 9 });
    for (const n of [1, 2, 3]) await outbox.fetch(post("a", `${n}`), { metadata: n });
    await expect.poll(async () => (await outbox.delivered()).length, { timeout: 10_000 }).toBe(3);
    expect(await outbox.clear({ filter: ({ metadata }) => metadata === 2 })).toEqual({ cleared: 0 });
    expect((await outbox.delivered()).map(({ metadata }) => metadata)).toEqual([3, 1]);
    await outbox.clear();
    expect(await outbox.delivered()).toEqual([]);
  });

  test("is told also of what is still on its way when the outbox is closed", async () => {
    let release = () => {};
    answer = () => new Promise((resolve) => (release = () => resolve(new Response("", { status: 201 }))));
    const other = open({ keepDelivered: 9, replay: false });
    await other.fetch(post("a"));
    const outbox = open({ keepDelivered: 9 });
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(1);
    const closed = outbox.close();
    release();
    await closed;
    expect(await other.delivered()).toHaveLength(1);
  });
});
