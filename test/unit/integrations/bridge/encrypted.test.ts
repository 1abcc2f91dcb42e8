// What crosses encrypted, over queues in memory: from one to a queue in the middle, whose host is not to read it, and on to a third.

import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type BridgeEncryption,
  type BridgeWarning,
  bridge,
  fromEncrypted,
  fromQueue,
  toEncrypted,
  toQueue,
} from "../../../../src/bridge.js";
import type { Queue } from "../../../../src/index.js";
import { type Crossings, fromEncryptedOver, toEncryptedOver } from "../../../../src/integrations/bridge/encrypted.js";
import { createScene } from "../../../bridge/scene.js";
import { iterationsAsked } from "../../encryption/iterations-asked.js";
import { createScriptedTarget } from "./scripted-target.js";

const newKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const encryption = { key: await newKey() };
const PASSWORD = { password: "correct horse", iterations: 100_000 };
/** Planted wherever a user writes. */
const WORD = "rhubarb";

const scene = createScene();
const { open, with: opened } = scene;
afterEach(() => scene.close());
const openThree = () => Promise.all([open(), open(), open()]);
const up = (from: Queue, to: Queue, given: BridgeEncryption = encryption) =>
  opened(bridge(from, toEncrypted(to, { encryption: given })));
const down = (from: Queue, to: Queue, given: BridgeEncryption = encryption) =>
  opened(bridge(fromEncrypted(from, { encryption: given }), to));
/** Those of a group behind its first are counted as blocked. */
const ready = (queue: Queue, messages: number) =>
  vi.waitFor(async () => {
    const { ready, blocked } = await queue.stats();
    expect(ready + blocked).toBe(messages);
  }, 20_000);
const bodies = async (queue: Queue) => (await queue.peek({ max: 1_000 })).map(({ body }) => body);

describe("what crosses", () => {
  test.each<[string, BridgeEncryption]>([
    ["key", encryption],
    ["password", PASSWORD],
    ["function that asks for it", { key: async () => PASSWORD }],
  ])("by its %s arrives as it was, and says nothing on its way", async (_, given) => {
    const [source, middle, target] = await openThree();
    const body = { text: WORD, at: new Date(5), bytes: new Uint8Array([1, 2]), file: new Blob([WORD]) };
    const headers = { subject: WORD, [WORD]: "x" };
    const { id } = await source.send(body, { headers, priority: 7, groupId: WORD, ttlMs: 60_000 });
    await source.send({ plain: [WORD] });
    await source.send(new TextEncoder().encode(WORD));
    up(source, middle, given);
    await ready(middle, 3);
    const crossing = await middle.peek({ max: 10 });
    for (const { body, ...attributes } of crossing) {
      expect(body).toBeInstanceOf(Uint8Array);
      expect(new TextDecoder("latin1").decode(body as Uint8Array)).not.toContain(WORD);
      expect(JSON.stringify(attributes)).not.toContain(WORD);
    }
    expect(crossing[0]).toMatchObject({ priority: 7, groupId: expect.any(String), headers: {} });
    expect(crossing[1]).toMatchObject({ groupId: null });
    down(middle, target, given);
    await ready(target, 3);
    const [first, ...others] = await target.peek({ max: 10 });
    expect(first).toMatchObject({ body: { text: WORD, at: new Date(5) }, headers, priority: 7, groupId: WORD });
    const { file, bytes } = (first as { body: typeof body }).body;
    expect([await file.text(), bytes]).toEqual([WORD, new Uint8Array([1, 2])]);
    expect(first?.expiresAt).toBeGreaterThan(Date.now());
    expect(others.map(({ body }) => body)).toEqual([{ plain: [WORD] }, new TextEncoder().encode(WORD)]);
    // Under the name that it had at its sender.
    expect(await target.send("again", { deduplicationId: id })).toMatchObject({ duplicate: true });
  });

  test("keeps its order, whichever is sealed and opened sooner", async () => {
    const [source, middle] = await openThree();
    /** The earlier, the longer it takes. */
    let left = 40;
    const slowly = async <T>(made: T): Promise<T> => {
      left -= 1;
      for (let turns = left; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      return made;
    };
    const slow = async (): Promise<Crossings> => ({
      createCrossingSeal: async () => ({
        seal: async ({ body }) => slowly(Uint8Array.of(Number(body))),
        nameOf: async (id) => id,
      }),
      createCrossingOpener: async () => async (sealed) => slowly({ attributes: {}, headers: {}, body: Number(sealed) }),
    });
    const sent = Array.from({ length: 20 }, (_, n) => n);
    await source.sendBatch(sent.map((body) => ({ body })));
    const [target, opening] = [createScriptedTarget(), createScriptedTarget()];
    opened(bridge(source, toEncryptedOver(slow, target, { encryption }), { batch: 1 }));
    await vi.waitFor(() => expect(target.stored).toHaveLength(20), 20_000);
    expect(target.stored.map(({ body }) => body)).toEqual(sent.map((n) => Uint8Array.of(n)));
    left = 40;
    await middle.sendBatch(sent.map((body) => ({ body })));
    opened(bridge(fromEncryptedOver(slow, middle, { encryption }), opening));
    await vi.waitFor(() => expect(opening.calls.flat()).toHaveLength(20), 20_000);
    expect(opening.calls.flat()).toEqual(sent);
  });

  test("shows the headers that the engine routes by, and no others", async () => {
    const [source, middle, target] = await openThree();
    await source.send(1, { headers: { shop: "north", note: WORD } });
    opened(bridge(source, toEncrypted(middle, { encryption, readable: ["shop", "till"] })));
    await ready(middle, 1);
    expect((await middle.peek())[0]?.headers).toEqual({ shop: "north" });
    down(middle, target);
    await ready(target, 1);
    expect((await target.peek())[0]?.headers).toEqual({ shop: "north", note: WORD });
  });

  test("of one group has one name, which is not another bridge's, nor another group's", async () => {
    const [source, middle, other] = await openThree();
    for (const groupId of ["a", "b", "a"]) await source.send(groupId, { groupId });
    const first = up(source, middle);
    await ready(middle, 3);
    const [a, b, again] = (await middle.peek({ max: 10 })).map(({ groupId }) => groupId);
    expect([again === a, b === a]).toEqual([true, false]);
    await first.close();
    await source.send("a", { groupId: "a" });
    up(source, other);
    await ready(other, 1);
    expect((await other.peek())[0]?.groupId).not.toBe(a);
  });

  test("is handled once, though who carries it repeats it, and is called what its sender called it", async () => {
    const [source, middle, target] = await openThree();
    await source.sendBatch([{ body: "first" }, { body: "second" }]);
    up(source, middle);
    await ready(middle, 2);
    const carried = await middle.receive({ max: 2 });
    const forged = { forged: "yes", "mqtt-id": "forged" };
    // Exchanged, with the names and priorities of others, and again.
    for (const { body, id } of [...carried].reverse())
      await middle.send(body, { deduplicationId: `not ${id}`, priority: 9, headers: forged });
    for (const { body } of carried) await middle.send(body, { priority: 0, headers: forged });
    for (const delivery of carried) await delivery.ack();
    const on = down(middle, target);
    await vi.waitFor(() => expect(on.stats().forwarded + on.stats().duplicates).toBeGreaterThanOrEqual(3), 20_000);
    const arrived = await target.peek({ max: 10 });
    expect(arrived.map(({ body }) => body).sort()).toEqual(["first", "second"]);
    for (const { priority, headers } of arrived) expect([priority, headers]).toEqual([4, {}]);
  });

  test("has the headers by which a source says how it came, whatever its sender wrote there", async () => {
    const [source, middle, target] = await openThree();
    await source.send(1, { headers: { "came-by": "sender", "came-at": "sender" } });
    up(source, middle);
    await ready(middle, 1);
    const [carried] = await middle.receive();
    await middle.send(carried?.body, { headers: { "came-by": "source", note: "source" } });
    await carried?.ack();
    const from = { ...fromQueue(middle), ownHeaders: ["came-by", "came-at"] };
    opened(bridge(fromEncrypted(from, { encryption }), target));
    await ready(target, 1);
    expect((await target.peek())[0]?.headers).toEqual({ "came-by": "source", "came-at": "sender" });
  });
});

describe("what does not open", () => {
  test("since it was changed, cut off or never sealed is a dead letter, said so, and what is beside it goes on", async () => {
    const [source, middle, target] = await openThree();
    await source.sendBatch([{ body: "one" }, { body: "two" }]);
    up(source, middle);
    await ready(middle, 2);
    const [one, two] = (await bodies(middle)) as [Uint8Array, Uint8Array];
    await middle.purge();
    const changed = one.slice();
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    const forged = [changed, one.slice(0, -1), one.slice(0, 3), new Uint8Array(0), "one", { body: "one" }, null];
    for (const body of [...forged, two]) await middle.send(body);
    const on = down(middle, target);
    const warnings: BridgeWarning[] = [];
    on.addEventListener("warning", ({ detail }) => warnings.push(detail));
    await ready(target, 1);
    expect(await bodies(target)).toEqual(["two"]);
    await vi.waitFor(async () => expect(await middle.stats()).toMatchObject({ dead: forged.length, ready: 0 }), 20_000);
    expect(warnings.map(({ code }) => code)).toEqual(forged.map(() => "tampered"));
    expect(warnings[0]?.message).toContain("does not open");
  });

  test("since the key is another one stays where it is, and crosses once the right one is there", async () => {
    const [source, middle, target] = await openThree();
    await source.sendBatch([{ body: 1 }, { body: 2 }]);
    up(source, middle, PASSWORD);
    await ready(middle, 2);
    for (const wrong of [{ ...PASSWORD, password: "battery staple" }, encryption]) {
      const on = down(middle, target, wrong);
      await vi.waitFor(() => expect(on.stats().error).toMatchObject({ code: "wrong-key" }), 20_000);
      await on.close();
    }
    expect(await middle.stats()).toMatchObject({ ready: 2, dead: 0 });
    const passwords = ["wrong", PASSWORD.password];
    // Who typed the wrong one is asked again.
    down(middle, target, { key: async () => ({ ...PASSWORD, password: passwords.shift() as string }) });
    await ready(target, 2);
    expect(await bodies(target)).toEqual([1, 2]);
    // Acknowledged a moment after it is there.
    await vi.waitFor(async () => expect(await middle.peek({ max: 10 })).toEqual([]), 20_000);
  });
});

describe("what a stranger has made up", () => {
  /** Sealed with a password of whoever sends it. */
  const madeUp = (sealed: Uint8Array, change: object): Uint8Array => {
    const end = 3 + new DataView(sealed.buffer, sealed.byteOffset).getUint16(1, true);
    const record = JSON.parse(new TextDecoder().decode(sealed.subarray(3, end)));
    const changed = new TextEncoder().encode(JSON.stringify({ ...record, ...change }));
    const made = new Uint8Array([1, 0, 0, ...changed, ...sealed.subarray(end)]);
    new DataView(made.buffer).setUint16(1, changed.length, true);
    return made;
  };
  const sealedOne = async () => {
    const [source, middle, target] = await openThree();
    await source.send("sealed");
    const on = up(source, middle, PASSWORD);
    await ready(middle, 1);
    const [body] = (await bodies(middle)) as [Uint8Array];
    await middle.purge();
    await on.close();
    return { body, middle, target };
  };
  afterEach(() => void vi.restoreAllMocks());
  const stalls = (on: ReturnType<typeof down>) =>
    vi.waitFor(() => expect(on.stats().error).toMatchObject({ code: "wrong-key" }), 20_000);

  test("asks for no more iterations than it may, unless the caller has said as many", async () => {
    const { body, middle, target } = await sealedOne();
    await middle.send(madeUp(body, { iterations: 20_000_000 }));
    const asked = iterationsAsked();
    const on = down(middle, target, PASSWORD);
    await stalls(on);
    expect(on.stats().error?.message).toContain("takes 20000000 iterations, and 10000000 are done at most");
    expect(asked).toEqual([]);
    await on.close();
    await stalls(down(middle, target, { ...PASSWORD, iterations: 20_000_000 }));
    expect(asked).toContain(20_000_000);
    expect(await middle.stats()).toMatchObject({ ready: 1, dead: 0 });
  });

  test("has one password tried each time, however many it sends at once, and nothing of it is lost", async () => {
    const { body, middle, target } = await sealedOne();
    const salts = Array.from({ length: 50 }, (_, i) => btoa(String(i).padStart(16)));
    await middle.sendBatch(salts.map((salt) => ({ body: madeUp(body, { salt }) })));
    const asked = iterationsAsked();
    const consume = vi.spyOn(middle, "consume");
    const on = down(middle, target, PASSWORD);
    await stalls(on);
    await on.close();
    expect(new Set(asked)).toEqual(new Set([PASSWORD.iterations]));
    // It may have begun again in the meantime.
    expect(asked.length).toBeLessThanOrEqual(consume.mock.calls.length);
    await ready(middle, salts.length);
  });
});

test("a function is asked for the key once, however often the other side goes away", async () => {
  const source = await open();
  const target = createScriptedTarget();
  const ask = vi.fn(async () => PASSWORD);
  const on = opened(bridge(source, toEncrypted(target, { encryption: { key: ask } })));
  await source.send(1);
  await vi.waitFor(() => expect(on.stats().forwarded).toBe(1), 20_000);
  target.cut(new Error("gone"));
  await source.send(2);
  await vi.waitFor(() => expect(on.stats().forwarded).toBe(2), 20_000);
  expect(ask).toHaveBeenCalledTimes(1);
});

test("options are refused by name, a key that is none when the bridge opens", async () => {
  const queue = await open();
  expect(() => toEncrypted({} as never, { encryption })).toThrow(/toEncrypted\(target\) must be a queue, or a target/);
  expect(() => fromEncrypted({} as never, { encryption })).toThrow(
    /fromEncrypted\(source\) must be a queue, or a source/,
  );
  expect(() => toEncrypted(queue, { encryption, readable: [1] as never })).toThrow(/toEncrypted\(\)\.readable\[0\]/);
  expect(() => fromEncrypted(queue, { encryption, readable: [] } as never)).toThrow(
    /fromEncrypted\(\): unknown option "readable"/,
  );
  expect(() => toEncrypted(queue, {} as never)).toThrow(/toEncrypted\(\)\.encryption must be/);
  const generate = { encryption: { generate: true } } as never;
  for (const [made, name] of [
    [() => toEncrypted(queue, generate), "toEncrypted()"],
    [() => fromEncrypted(queue, generate), "fromEncrypted()"],
  ] as const)
    expect(made).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        detail: { name: `${name}.encryption.generate`, expected: expect.stringContaining("left out") },
      }),
    );
  expect(() => fromEncrypted(queue, undefined as never)).toThrow(/fromEncrypted\(\)/);
  for (const given of [{ password: "" }, { key: "k" }, "required"] as never[]) {
    const [on, back] = [
      opened(bridge(queue, toEncrypted(createScriptedTarget(), { encryption: given }))),
      opened(bridge(fromEncrypted(queue, { encryption: given }), createScriptedTarget())),
    ];
    for (const one of [on, back])
      await vi.waitFor(() => expect(one.stats()).toMatchObject({ state: "stalled", forwarded: 0 }), 20_000);
    expect([on.stats().error?.code, back.stats().error?.code]).toEqual([
      given === "required" ? "encrypted" : "invalid-argument",
      given === "required" ? "encrypted" : "invalid-argument",
    ]);
    await Promise.all([on.close(), back.close()]);
  }
});

test("it is the target and the source that it is around, by name and by what is promised", async () => {
  const queue = await open();
  const [target, source] = [
    toEncrypted(toQueue(queue), { encryption }),
    fromEncrypted(fromQueue(queue), { encryption }),
  ];
  expect([target.name, target.guarantee, source.name]).toEqual(['queue "orders"', "durable", 'queue "orders"']);
});
