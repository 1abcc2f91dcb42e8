// What is special about an outbox whose requests are encrypted: keys that are wrong or gone, and requests that do not open.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connect, type Encryption } from "../../../../src/index.js";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../../src/outbox.js";
import { openStranger } from "../../encryption/stranger.js";

const newKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const key = await newKey();
const ADDRESS = "https://shop.test/orders";
const WORD = "rhubarb";

let database = "";
let count = 0;
let isDown = true;
const reported: unknown[] = [];
const outboxes: Outbox[] = [];

beforeEach(() => {
  database = `encrypted-outbox-${++count}`;
  isDown = true;
  reported.length = 0;
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
  vi.stubGlobal("fetch", async () => {
    if (isDown) throw new TypeError("no network");
    return new Response(WORD, { status: 201 });
  });
});
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  vi.unstubAllGlobals();
});

const open = (options: OutboxOptions = {}): Outbox => {
  const outbox = createOutbox({ storage: "memory", database, encryption: { key }, reconnectSpreadMs: 0, ...options });
  outboxes.push(outbox);
  return outbox;
};
const post = (address = ADDRESS) => new Request(address, { method: "POST", body: WORD });

describe("an encrypted outbox", () => {
  test("is refused by name to who opens it without its key or with another, which is reported once, before anything fails", async () => {
    const outbox = open({ replay: false });
    expect((await outbox.fetch(post())).status).toBe(202);
    const strangers = [
      { encryption: undefined, code: "encrypted" },
      { encryption: { key: await newKey() }, code: "wrong-key" },
      { encryption: { secret: "p" } as unknown as Encryption, code: "invalid-argument" },
    ];
    for (const { encryption, code } of strangers) {
      reported.length = 0;
      const stranger = open({ encryption } as OutboxOptions);
      await expect.poll(() => reported, { timeout: 10_000 }).toMatchObject([{ code }]);
      await expect(stranger.waiting()).rejects.toMatchObject({ code });
      await expect(stranger.fetch(post())).rejects.toMatchObject({ code });
      expect(reported).toHaveLength(1);
    }
    expect(await outbox.waiting()).toHaveLength(1);
    expect(outboxes.length).toBe(4);
  });

  test("waits for its key, and is none that sends without: its requests have groups", () => {
    const encryption = { key: () => key, whileLocked: "send" } as const;
    expect(() => open({ encryption })).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining("encryption.whileLocked") }),
    );
  });

  test("takes requests to addresses of any length, and no group that is too long once it is hidden", async () => {
    const outbox = open({ replay: false });
    const long = `${ADDRESS}/${"x".repeat(2_000)}`;
    for (const address of [`${long}/a`, `${long}/b`]) expect((await outbox.fetch(post(address))).status).toBe(202);
    const groups = (await outbox.waiting()).map(({ groupId }) => groupId);
    expect(new Set(groups).size).toBe(2);
    isDown = false;
    const refused = outbox.fetch(post(), { groupId: "x".repeat(177) });
    await expect(refused).rejects.toMatchObject({ code: "invalid-argument", detail: { name: "groupId" } });
  });

  test("lists what does not open without an address, gives it up and tells of it, and never sends it", async () => {
    const outbox = open({ replay: false, keepDelivered: 10, mode: "queue-first" });
    const dead: unknown[] = [];
    outbox.addEventListener("dead", ({ detail }) => dead.push(detail));
    await outbox.fetch(post(), { groupId: "a" });
    const stranger = await openStranger(database);
    const { body, ...first } = await stranger.stored("outbox");
    const sealed = (await outbox.stats()).settings.encryption as string;
    const flipped = body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte));
    await stranger.inject("outbox", flipped, { sealed, groups: first.groupId as string });
    await stranger.inject("outbox:delivered", flipped, { sealed });
    await stranger.leave();
    const unread = { url: "", method: "", idempotencyKey: "", metadata: undefined };
    expect(await outbox.waiting()).toMatchObject([{ url: ADDRESS }, unread]);
    expect(await outbox.delivered()).toEqual([]);
    isDown = false;
    expect(await outbox.replay()).toEqual({ delivered: 1, remaining: 0 });
    await expect.poll(() => dead, { timeout: 10_000 }).toMatchObject([{ ...unread, reason: "tampered", status: null }]);
    expect(await outbox.dead.list()).toMatchObject(dead as object[]);
    expect(await outbox.delivered()).toMatchObject([{ url: ADDRESS }]);
    expect(await outbox.clear({ filter: ({ url }) => url.includes("shop") })).toEqual({ cleared: 0 });
    expect(await outbox.delivered()).toEqual([]);
    expect(await outbox.dead.purge()).toEqual({ purged: 1 });
  });

  test("ends with its key, and the next one is another's", async () => {
    const outbox = open({ replay: false });
    await outbox.fetch(post());
    const connection = await connect({ storage: "memory", database, encryption: { key } });
    await connection.shred();
    await expect(outbox.fetch(post())).rejects.toMatchObject({ code: "shredded" });
    await expect(outbox.waiting()).rejects.toMatchObject({ code: "shredded" });
    await connection.close();
    const next = open({ replay: false, encryption: { key: await newKey() } });
    expect(await next.waiting()).toEqual([]);
    expect((await next.fetch(post())).status).toBe(202);
  });
});
