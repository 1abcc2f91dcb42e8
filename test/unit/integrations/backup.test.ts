// A queue as text and back, over a queue in memory.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exportQueue, importQueue } from "../../../src/backup.js";
import { type Connection, connect, type Queue } from "../../../src/index.js";
import { decode, encode } from "../../../src/integrations/backup-codec.js";
import { streamOf, textOf } from "./text-streams.js";

const again = async (value: unknown) => decode(JSON.parse(JSON.stringify(await encode(value))));

describe("a body", () => {
  test.each([
    ["plain values", { text: "é\n\u2028", list: [1, -1.5, true, null], nested: { deep: [{}] } }],
    ["what JSON cannot say of numbers", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]],
    ["undefined and bigint", { gone: undefined, big: -(2n ** 80n) }],
    ["dates", [new Date(0), new Date(Number.NaN)]],
    ["a regular expression", /a+(b)/giu],
    ["maps and sets, nested", new Map<unknown, unknown>([[{ key: 1 }, new Set([1, "two", new Map([[3, 4]])])]])],
    ["bytes", new Uint8Array([0, 1, 127, 128, 255])],
    ["a buffer", new Uint8Array([9, 8]).buffer],
    ["floats", new Float64Array([Math.PI, Number.NaN, -0])],
    ["big integers as bytes", new BigInt64Array([-1n, 2n ** 62n])],
    ["a stretch of a buffer", new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
    ["a view", new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
    ["an array of holes", Object.assign([], { 4000000000: { at: new Date(1) } })],
    [
      "an array that begins with a hole, and has a member beside its elements",
      Object.assign(new Array(2), { 1: 1, unit: "ms" }),
    ],
    ["an array of no elements, and one of undefined", [[], new Array(3), [undefined, undefined]]],
    ["a member that looks like a tag", { $: "Date", v: 7 }],
    ["a member named like the prototype", JSON.parse('{"__proto__":{"x":1}}')],
  ])("keeps %s", async (_, value) => {
    expect(await again(value)).toStrictEqual(value);
  });

  test("keeps errors with class, stack and cause, and blobs and files with their type", async () => {
    const error = new TypeError("bad", { cause: new RangeError("far") });
    const copy = (await again(error)) as TypeError;
    expect(copy).toStrictEqual(error);
    expect(copy.stack).toBe(error.stack);
    // As builds before have written it.
    expect(decode({ $: "Error", v: ["TypeError", "bad"] })).toStrictEqual(new TypeError("bad"));
    const blob = (await again(new Blob(["häß"], { type: "text/plain" }))) as Blob;
    expect([blob.type, await blob.text()]).toEqual(["text/plain", "häß"]);
    const file = (await again(new File([new Uint8Array(100_000)], "a.bin", { lastModified: 5 }))) as File;
    expect([file.name, file.size, file.lastModified]).toEqual(["a.bin", 100_000, 5]);
  });

  test("keeps cycles, and what is in it twice as one", async () => {
    const shared = { n: 1 };
    const body: Record<string, unknown> = { a: shared, b: [shared], when: new Date(1) };
    body.self = body;
    body.map = new Map([[shared, body]]);
    body.whenAgain = body.when;
    const copy = (await again(body)) as typeof body & { b: unknown[]; map: Map<unknown, unknown> };
    expect(copy.self).toBe(copy);
    expect(copy.b[0]).toBe(copy.a);
    expect(copy.map.get(copy.a)).toBe(copy);
    expect(copy.whenAgain).toBe(copy.when);
    expect(Object.getPrototypeOf(await again(JSON.parse('{"__proto__":{"x":1}}')))).toBe(Object.prototype);
  });

  test("that cannot be written says so where it is read", async () => {
    const json = await encode({ key: new URLSearchParams() });
    expect(() => decode(json)).toThrow("a URLSearchParams cannot be written as text");
    expect(() => decode({ $: "Array", v: [-1] })).toThrow("this is no Array");
    expect(() => decode({ $: "Array", v: [1, "0"] })).toThrow("this is no Array");
    expect(() => decode({ $: "Function", v: "alert(1)" })).toThrow('no way to read a "Function"');
  });
});

describe("a queue", () => {
  let connection: Connection;
  let queue: Queue;
  let other: Queue;
  let count = 0;
  beforeEach(async () => {
    connection = await connect({ storage: "memory", database: `backup-${++count}` });
    queue = await connection.openQueue("orders", { maxDeliveries: 7 });
    other = await connection.openQueue("restored");
  });
  afterEach(() => connection.close({ force: true }));

  test("comes back with bodies, order and attributes, through chunks of any size", async () => {
    const deliverAt = Date.now() + 60_000;
    await queue.sendBatch([
      { body: { bytes: new Uint8Array([1, 2]), at: new Date(3) } },
      { body: "second", priority: 9, headers: { trace: "t" } },
      { body: "later", deliverAt },
      { body: "grouped", groupId: "g" },
    ]);
    const text = await textOf(exportQueue(queue));
    expect(text.split("\n").length).toBe(7);
    expect(JSON.parse(text.split("\n")[0] as string)).toMatchObject({
      originmq: 1,
      queue: "orders",
      settings: { maxDeliveries: 7 },
    });
    expect(await importQueue(other, streamOf(text, 7))).toEqual({ imported: 4, skipped: 0, complete: true });
    const pick = async (from: Queue) =>
      (await from.peek()).map(({ body, priority, headers, deliverAt, state, groupId }) => {
        return { body, priority, headers, deliverAt, state, groupId };
      });
    expect(await pick(other)).toEqual(await pick(queue));
    expect(await queue.stats()).toMatchObject({ totals: { deliveries: 0 } });
  });

  test("of many pages is written as it is read, and giving up ends it", async () => {
    await queue.sendBatch(Array.from({ length: 1_001 }, (_, body) => ({ body })));
    expect(await importQueue(other, exportQueue(queue))).toEqual({ imported: 1_001, skipped: 0, complete: true });
    expect((await other.peek({ max: 2_000 })).map(({ body }) => body)).toEqual(
      Array.from({ length: 1_001 }, (_, i) => i),
    );
    const reader = exportQueue(queue).getReader();
    await reader.read();
    await reader.cancel();
  });

  test("has its dead letters with it, which are sent only when asked for", async () => {
    await queue.sendBatch([{ body: "alive" }, { body: "dying" }]);
    const [, dying] = await queue.receive({ max: 2 });
    await dying?.deadLetter("bad");
    const text = await textOf(exportQueue(queue));
    expect(text).toContain('"reason":"bad"');
    expect(await importQueue(other, streamOf(text))).toEqual({ imported: 1, skipped: 1, complete: true });
    const result = await importQueue(other, streamOf(text), { deadLetters: "send" });
    expect(result).toEqual({ imported: 2, skipped: 0, complete: true });
  });

  /** Reads an export, and calls `between` once so many messages were read. */
  const bodiesWith = async (after: number, between: (last: { id: string }) => Promise<unknown>) => {
    const lines: { id: string; body: unknown }[] = [];
    for await (const line of exportQueue(queue)) {
      lines.push(JSON.parse(line));
      if (lines.length === after + 1) await between(lines[after] as { id: string });
    }
    expect(lines.at(-1)).toEqual({ messages: lines.length - 2 });
    return lines.slice(1, -1).map(({ body }) => body);
  };
  const numbers = Array.from({ length: 450 }, (_, i) => i);

  test("has each dead letter once, also when the one read last leaves meanwhile", async () => {
    await queue.sendBatch(numbers.map((body) => ({ body })));
    for (const delivery of await queue.receive({ max: 450 })) await delivery.deadLetter("bad");
    const bodies = await bodiesWith(200, ({ id }) => queue.deadLetters.purge({ filter: { ids: [id] } }));
    expect(bodies).toEqual(numbers);
  });

  test("has a message once that dies while it is read", async () => {
    await queue.sendBatch(numbers.map((body) => ({ body })));
    const bodies = await bodiesWith(100, async () => {
      for (const delivery of await queue.receive({ max: 100 })) await delivery.deadLetter("bad");
    });
    expect(bodies).toEqual(numbers);
  });

  test("is the queue at one moment, while messages are moved, sent and handled", async () => {
    await queue.sendBatch(numbers.map((body) => ({ body })));
    let isOver = false;
    // Takes one away and puts one in, in one commit: there are as many at any moment.
    const move = async () => {
      for (let body = 1_000; !isOver; body++) {
        const [taken] = await queue.receive({ waitMs: 0 });
        if (taken === undefined) continue;
        await connection.transaction((tx) => {
          tx.ack(taken);
          tx.send(queue, body);
        });
      }
    };
    const moving = move();
    await expect.poll(async () => (await queue.stats()).totals.acked).toBeGreaterThan(20);
    const handled = async () => (await queue.stats()).totals.acked;
    let atOnce = 0;
    for (let round = 0; round < 3; round++) {
      const lines: { id: string; body: number; state: string }[] = [];
      for await (const line of exportQueue(queue)) {
        lines.push(JSON.parse(line));
        // Slowly enough that much happens between any two pages.
        const before = await handled();
        if (lines.length % 100 === 0) await expect.poll(handled).toBeGreaterThan(before + 20);
      }
      const bodies = lines.slice(1, -1).map(({ body }) => body);
      expect(bodies).toHaveLength(450);
      expect(lines.at(-1)).toEqual({ messages: 450 });
      // What was sent last, and everything from the one that was taken last on: of one moment, there is no gap in it.
      const waiting = lines.slice(1, -1).map(({ body }) => body);
      const order = [...numbers, ...Array.from({ length: Math.max(...waiting) - 999 }, (_, i) => 1_000 + i)];
      expect(waiting).toEqual(order.slice(-450));
      expect(new Set(bodies).size).toBe(450);
      atOnce += (await handled()) > 400 ? 1 : 0;
    }
    isOver = true;
    await moving;
    // What it had was handled, and its bodies freed, before it was read: else this says nothing.
    expect(atOnce).toBeGreaterThan(0);
  }, 30_000);

  test("keeps nothing once it is read, or given up", async () => {
    await queue.sendBatch(numbers.map((body) => ({ body })));
    const batches = async () => (await connection.diagnostics()).batches;
    const reader = exportQueue(queue).getReader();
    await reader.read();
    await reader.read();
    for (const delivery of await queue.receive({ max: 450 })) await delivery.ack();
    // No message is there any more, and all of it can be read.
    expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0 });
    const rest: number[] = [];
    for (let next = await reader.read(); !next.done; next = await reader.read()) rest.push(JSON.parse(next.value).body);
    expect(rest.slice(0, -1)).toEqual(numbers.slice(1));
    await expect.poll(batches).toBe(0);
  });

  test("is read in a time that grows with its lines, however many chunks one of them has", async () => {
    const line = JSON.stringify({ body: "x".repeat(4_000_000) });
    let looked = 0;
    const split = String.prototype.split;
    const text = `{"originmq":1}\n${line}\n{"messages":1}`;
    try {
      String.prototype.split = function (this: string, ...how: Parameters<typeof split>) {
        looked += this.length;
        return split.apply(this, how);
      } as typeof split;
      expect(await importQueue(other, streamOf(text, 4_000))).toMatchObject({ imported: 1, complete: true });
    } finally {
      String.prototype.split = split;
    }
    expect(looked).toBeLessThan(2 * text.length);
  });

  test("whose import is cut off, wherever that is, is imported once when it is begun again", async () => {
    const bodies = Array.from({ length: 450 }, (_, i) => i);
    await queue.sendBatch(bodies.map((body) => ({ body })));
    const text = await textOf(exportQueue(queue));
    const cutOff = (at: number) =>
      new ReadableStream<string>({
        start(controller) {
          controller.enqueue(text.slice(0, at));
        },
        pull: () => Promise.reject(new Error("the tab was closed")),
      });
    for (let part = 0; part <= 9; part++) {
      const restored = await connection.openQueue<number>(`restored ${part}`);
      const at = Math.round((part / 9) * text.length);
      await expect(importQueue(restored, cutOff(at), { once: true })).rejects.toThrow("the tab was closed");
      const before = (await restored.stats()).ready;
      // Handled meanwhile: not to be done again.
      const [handled] = await restored.receive();
      await handled?.ack();
      const result = await importQueue(restored, streamOf(text), { once: true });
      expect(result).toEqual({ imported: 450 - before, known: before, skipped: 0, complete: true });
      expect(await importQueue(restored, streamOf(text), { once: true })).toMatchObject({ imported: 0, known: 450 });
      const { ready, totals } = await restored.stats();
      expect([ready, totals.accepted]).toEqual([450 - (handled ? 1 : 0), 450]);
      const waiting = (await restored.peek({ max: 500 })).map(({ body }) => body);
      expect(waiting).toEqual(handled ? bodies.slice(1) : bodies);
    }
    const nameless = text.replaceAll(/"id":"[^"]*",?/g, "");
    await expect(importQueue(other, streamOf(nameless), { once: true })).rejects.toThrow("line 2 names no message");
  });

  test("that was torn says so, and what is no export is refused", async () => {
    await queue.sendBatch([{ body: 1 }, { body: 2 }]);
    const text = await textOf(exportQueue(queue));
    const torn = text.slice(0, text.indexOf('{"messages"'));
    expect(await importQueue(other, streamOf(torn))).toEqual({ imported: 2, skipped: 0, complete: false });
    for (const [bad, what] of [
      ["", "it is empty"],
      ["{}\n", "its first line does not say so"],
      ["hello", "line 1 is not JSON"],
      ['{"originmq":3}', "later version (3)"],
      [text.slice(0, -5), "line 4 is not JSON"],
      [text.replace('"body":2', '"body":{"$":"Eval"}'), "the body in line 3 cannot be read"],
      [text.replace('"body":2', '"body":{"$":"again","v":99}'), "the body in line 3 cannot be read"],
      [text.replace('"body":2', '"body":{"$":"Map","v":{"a":1}}'), "the body in line 3 cannot be read"],
      [text.replace('"body":2', '"body":{"$":"Date","v":"x"}'), "the body in line 3 cannot be read"],
      ['{"originmq":0}\n', "its first line does not say so"],
      ['{"originmq":1}\n{"foo":1}\n', "line 2 is no message: it has no body"],
      ['{"originmq":1}\n[1,2]\n', "line 2 is not an object"],
      ['{"originmq":1}\n{"body":1,"priority":"high"}\n', "line 2: priority must be"],
      ['{"originmq":1}\n{"body":1,"headers":{"a":1}}\n', "line 2: headers"],
      ['{"originmq":1}\n{"body":1,"groupId":7}\n', "line 2: groupId must be"],
      ['{"originmq":1}\n{"body":1,"groupId":""}\n', "line 2: groupId must be"],
      ['{"originmq":1}\n{"body":1,"deliverAt":"tomorrow"}\n', "line 2: deliverAt must be"],
      ['{"originmq":1}\n{"body":1,"deliverAt":-1}\n', "line 2: deliverAt must be"],
      ['{"originmq":1}\n{"messages":"many"}\n', "line 2 does not count the messages"],
      ['{"originmq":1}\n{"messages":0}\n{"body":1}\n', "line 3 comes after"],
    ] as const) {
      await expect(importQueue(other, streamOf(bad))).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining(what),
      });
    }
    const named = {
      code: "invalid-argument",
      message: expect.stringContaining("importQueue(stream) must be a ReadableStream"),
    };
    for (const none of [text, undefined]) await expect(importQueue(other, none as never)).rejects.toMatchObject(named);
  });
});
