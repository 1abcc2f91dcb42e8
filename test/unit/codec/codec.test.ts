// Values as bytes and back: what structured clone keeps is kept, what cannot be carried is refused by name and path.

import { describe, expect, test } from "vitest";
import { CodecError, decode, encode, encodeReadingBlobs } from "../../../src/codec/codec.js";

const again = <T>(value: T): T => decode(encode(value)) as T;

const long = `"tea" ☕\n\u2028${"é".repeat(2_000)}`;

const circularError = () => {
  const error = new Error("outer", { cause: new RangeError("inner") });
  return Object.assign(error, { stack: "a stack" });
};

describe("a value comes back as structured clone would have it:", () => {
  test.each<[string, unknown]>([
    ["plain values", { text: "é\n\u2028", list: [1, -1.5, true, null], nested: { deep: [{}] } }],
    ["what JSON cannot say of numbers", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]],
    ["undefined, as a member and alone", [{ gone: undefined }, undefined]],
    ["bigints, short and long", [0n, -(2n ** 80n), 2n ** 20_000n, -(3n ** 9_000n)]],
    ["dates", [new Date(0), new Date(Number.NaN)]],
    ["a regular expression", /a+(b)/giu],
    ["maps and sets, nested", new Map<unknown, unknown>([[{ key: 1 }, new Set([1, "two", new Map([[3, [4]]])])]])],
    ["a buffer", new Uint8Array([9, 8]).buffer],
    ["an empty buffer, and views of nothing", [new ArrayBuffer(0), new Uint8Array(), new DataView(new ArrayBuffer(0))]],
    ["floats", new Float64Array([Math.PI, Number.NaN, -0])],
    ["big integers as bytes", new BigInt64Array([-1n, 2n ** 62n])],
    ["a stretch of a buffer", new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
    ["a view", new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
    ["an array of holes", Object.assign([], { 4000000000: { at: new Date(1) } })],
    ["an array with a hole first, and a member of its own", Object.assign(new Array(2), { 1: 1, unit: "ms" })],
    ["an array of no elements, and one of undefined", [[], new Array(3), [undefined, undefined]]],
    ["members that look like a tag", [{ $: "Date", v: 7 }, { $: { $: 1 } }]],
    ["a member named like the prototype", JSON.parse('{"__proto__":{"x":1}}')],
    ["boxed values", [Object(1), Object("two"), Object(true), Object(4n), Object(-0)]],
    ["long texts, as bodies and as keys", { body: long, map: new Map([[long, long]]), [long]: 1 }],
    [
      "many long texts, in all more than what texts are first written into",
      [long.repeat(200), long.repeat(300), long, "x".repeat(3_000_000), long],
    ],
    ["a text that begins with a byte order mark", `\uFEFF${long}`],
    ["a text with half a surrogate pair", [`${long}\uD800`, "\uDC00"]],
    ["errors of the language's own classes", [new TypeError("bad"), new SyntaxError(), new URIError("x")]],
    ["an error with a cause", circularError()],
    ["several errors in one", new AggregateError([new TypeError("a"), "b"], "both")],
    ["a plain object without a prototype's members", { toJSON: 1, constructor: "x", hasOwnProperty: null }],
  ])("%s", (_, value) => {
    expect(again(value)).toStrictEqual(value);
  });

  test("what is in it twice is one, and cycles through objects, arrays, maps, sets and errors close", () => {
    const shared = { n: 1 };
    const error = new Error("ring");
    const body: Record<string, unknown> = {
      a: shared,
      b: [shared],
      when: new Date(1),
      buffer: new ArrayBuffer(3),
      error,
    };
    const map = new Map<unknown, unknown>([[shared, body]]);
    const set = new Set<unknown>();
    const list: unknown[] = [set];
    Object.assign(body, { self: body, map, set, list, whenAgain: body.when, bufferAgain: body.buffer });
    set.add(set).add(map);
    list.push(list);
    map.set(map, map);
    error.cause = body;
    const copy = again(body) as typeof body & {
      b: unknown[];
      map: Map<unknown, unknown>;
      set: Set<unknown>;
      error: Error;
    };
    expect(copy.self).toBe(copy);
    expect(copy.b[0]).toBe(copy.a);
    expect(copy.map.get(copy.a)).toBe(copy);
    expect(copy.map.get(copy.map)).toBe(copy.map);
    expect([...copy.set]).toEqual([copy.set, copy.map]);
    expect((copy.list as unknown[])[1]).toBe(copy.list);
    expect(copy.whenAgain).toBe(copy.when);
    expect(copy.bufferAgain).toBe(copy.buffer);
    expect(copy.error.cause).toBe(copy);
  });

  test("views on one buffer share it still, and one alone carries no more than it shows", () => {
    const buffer = new Uint8Array(100_000).fill(7).buffer;
    const pair = again({ a: new Uint8Array(buffer, 0, 4), b: new Uint16Array(buffer, 2, 4) });
    pair.a[2] = 1;
    expect([pair.b[0], pair.b.byteOffset, pair.b.length]).toEqual([0x0701, 2, 4]);
    const withIt = again({ view: new Uint8Array(buffer, 8, 1), buffer });
    expect([withIt.view.buffer === withIt.buffer, withIt.view.byteOffset]).toEqual([true, 8]);
    const alone = encode(new Uint8Array(buffer, 8, 2));
    expect(alone.length).toBeLessThan(100);
    expect(decode(alone)).toEqual(Uint8Array.of(7, 7));
    expect(again(Buffer.from("tea"))).toStrictEqual(new Uint8Array(Buffer.from("tea")));
  });

  test("it shares nothing with the bytes it was read from, whatever kind of bytes those are", () => {
    const bytes = Buffer.from(encode({ view: Uint8Array.of(1, 2), text: long }));
    const value = decode(bytes) as { view: Uint8Array; text: string };
    bytes.fill(0);
    expect([value.view, value.text]).toEqual([Uint8Array.of(1, 2), long]);
  });

  test("an error of another class keeps the name of that, its stack and its message", () => {
    class PaymentFailed extends Error {
      override readonly name = "PaymentFailed";
    }
    const error = new PaymentFailed("no money");
    const copy = again(error);
    expect([copy.name, copy.message, copy.stack]).toEqual(["PaymentFailed", "no money", error.stack]);
    expect(copy).toBeInstanceOf(Error);
    expect(Object.keys(copy)).toEqual([]);
    const dom = again(new DOMException("gone", "NotFoundError"));
    expect([dom instanceof DOMException, dom.name, dom.message]).toEqual([true, "NotFoundError", "gone"]);
  });

  test("an instance of a class is what its members are, as it is when cloned", () => {
    class Price {
      amount = 3;
      #secret = 4;
      toJSON() {
        return this.#secret;
      }
    }
    expect(again({ price: new Price() })).toStrictEqual({ price: { amount: 3 } });
  });

  test("Blobs and Files keep bytes, type, name and date, once they have been read", async () => {
    const file = new File([new Uint8Array(100_000).fill(3)], "a.bin", { type: "x/y", lastModified: 5 });
    const blob = new Blob(["häß"], { type: "text/plain" });
    const bytes = await encodeReadingBlobs({ list: [file, blob, file], map: new Map([["b", blob]]) });
    const copy = decode(bytes) as { list: [File, Blob, File]; map: Map<string, Blob> };
    const [a, b] = copy.list;
    expect([a.name, a.size, a.type, a.lastModified]).toEqual(["a.bin", 100_000, "x/y", 5]);
    expect(new Uint8Array(await a.arrayBuffer())[99_999]).toBe(3);
    // Bun says of a text how it is written.
    expect([b instanceof File, b.type, await b.text()]).toEqual([false, blob.type, "häß"]);
    expect([copy.list[2] === a, copy.map.get("b") === b]).toEqual([true, true]);
    expect(encodeReadingBlobs({ plain: 1 })).toBeInstanceOf(Uint8Array);
    await expect((async () => encodeReadingBlobs({ blob, call() {} }))()).rejects.toThrow("call: a function");
  });
});

describe("what cannot be carried is refused with its name and place:", () => {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  const deep = () => {
    let value: unknown = 1;
    for (let i = 0; i < 5_000; i++) value = { value };
    return value;
  };
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const throwing = Object.defineProperty({}, "total", {
    enumerable: true,
    get() {
      throw new Error("no total");
    },
  });
  test.each<[string, unknown, string]>([
    ["a function", { items: [{}, { callback: () => {} }] }, "items[1].callback: a function cannot be carried"],
    ["a symbol", Symbol("s"), "a symbol cannot be carried"],
    ["a symbol in a map", new Map([["a", Symbol("s")]]), "[0]: a symbol"],
    ["shared memory", { memory: new SharedArrayBuffer(8) }, "memory: a SharedArrayBuffer"],
    ["a view on it", { "a b": new Uint8Array(new SharedArrayBuffer(8)) }, '["a b"]: a Uint8Array on shared memory'],
    ["what was transferred", [buffer], "[0]: an ArrayBuffer that cannot be read"],
    ["a member whose getter throws", { order: throwing }, "order.total: a member whose getter throws"],
    ["a proxy that was revoked", [revoked()], "[0]: a proxy that cannot be read"],
    ["a proxy of what keeps it in slots", new Proxy(new Date(0), {}), "a proxy that cannot be read"],
    ["a promise", { later: Promise.resolve() }, "later: a Promise"],
    ["headers of a request", new Headers({ a: "b" }), "a Headers"],
    ["an address", new URL("https://example.com"), "a URL"],
    ["a stream", { body: new ReadableStream() }, "body: a ReadableStream"],
    ["a weak map", new WeakMap(), "a WeakMap"],
    ["a Blob that was not read", { blob: new Blob(["x"]) }, "a Blob must be read first"],
    ["what is nested without end", deep(), "a value nested more than 1000 deep"],
  ])("%s", (_, value, message) => {
    expect(() => encode(value)).toThrow(CodecError);
    expect(() => encode(value)).toThrow(message);
  });

  test("a CryptoKey", async () => {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]);
    expect(() => encode({ bodies: [{ key }] })).toThrow("bodies[0].key: a CryptoKey cannot be carried");
    expect(() => encode({ bodies: [{ key }] })).toThrow(expect.objectContaining({ path: "bodies[0].key" }));
  });

  test("and what is nested as deep as it may be is carried", () => {
    let value: unknown = 1;
    for (let i = 0; i < 1_000; i++) value = i % 2 ? { value } : [value];
    expect(again(value)).toEqual(value);
  });
});

const bytesOf = (header: unknown, ...sections: number[][]) => {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const head = [1, text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([...head, ...text, ...sections.flat()]);
};

test("what lies in databases is written and read like this for ever", () => {
  const shared = { n: 1 };
  const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
  const value: Record<string, unknown> = {
    plain: [1, -1.5, "é", true, null, undefined, -0, Number.NaN, 5n],
    when: new Date(86_400_000),
    pattern: /a+/giu,
    map: new Map([["k", shared]]),
    set: new Set([shared]),
    views: [new Uint8Array(buffer, 1, 2), new DataView(buffer)],
    alone: Float64Array.of(0.5),
    buffer: new ArrayBuffer(2),
    error: Object.assign(new RangeError("far", { cause: "why" }), { stack: "RangeError: far" }),
    boxed: Object(7),
    holes: Object.assign([], { 2: "c" }),
    tagged: { $: 1 },
    long: "tea ".repeat(300),
  };
  value.self = value;
  const header = [
    '{"plain":[1,-1.5,"é",true,null,{"$":"undefined"},{"$":"number","v":"-0"},{"$":"number","v":"NaN"},{"$":"bigint","v":"5"}]',
    '"when":{"$":"Date","v":86400000},"pattern":{"$":"RegExp","v":["a+","giu"]}',
    '"map":{"$":"Map","v":["k",{"n":1}]},"set":{"$":"Set","v":[{"$":"again","v":5}]}',
    '"views":[{"$":"Uint8Array","v":[0,1,2]},{"$":"DataView","v":[0,0,4]}]',
    '"alone":{"$":"Float64Array","v":[1,0,8]},"buffer":{"$":"ArrayBuffer","v":2}',
    '"error":{"$":"Error","v":["RangeError","far","RangeError: far","cause","why"]}',
    '"boxed":{"$":"Boxed","v":7},"holes":{"$":"Array","v":[3,"2","c"]},"tagged":{"$":"Object","v":["$",1]}',
    '"long":{"$":"text","v":3},"self":{"$":"again","v":0}}',
  ].join(",");
  const text = [...new TextEncoder().encode(value.long as string)];
  const bytes = bytesOf(`[${header},4,8,2,1200]`, [1, 2, 3, 4], [0, 0, 0, 0, 0, 0, 224, 63], [0, 0], text);
  expect(encode(value)).toEqual(bytes);
  expect(decode(bytes)).toStrictEqual(value);
});

test("arrays that say that they are long take what is in them, not what they say", () => {
  const length = 2 ** 25 - 1;
  const bytes = bytesOf([Array.from({ length: 20 }, () => ({ $: "Array", v: [length, "7", "seven"] }))]);
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  const arrays = decode(bytes) as unknown[][];
  // Of each of its places V8 takes 8 bytes: 5 GiB, and a second for each array.
  expect(performance.now() - begun).toBeLessThan(500);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  expect(arrays.map((array) => [array.length, Object.entries(array)])).toEqual(
    arrays.map(() => [length, [["7", "seven"]]]),
  );
  expect(encode(arrays)).toEqual(bytes);
});

describe("bytes that are no value are refused:", () => {
  const tagged = (type: unknown, v?: unknown) => bytesOf([{ $: type, v }]);

  test.each<[string, Uint8Array, string]>([
    ["none", new Uint8Array(), "too few"],
    ["a later version", Uint8Array.of(2, 0, 0, 0, 0), "version 2"],
    ["a header that is cut off", Uint8Array.of(1, 255, 255, 255, 255, 0), "cut off"],
    ["a header that is no JSON", bytesOf("[1"), "no JSON"],
    ["a header that is no UTF-8", Uint8Array.of(1, 1, 0, 0, 0, 255), "no JSON"],
    ["a header that is no list", bytesOf({}), "no list"],
    ["sections that are cut off", bytesOf([1, 3], [1, 2]), "they are"],
    ["bytes behind the last section", bytesOf([1, 1], [1, 2]), "they are"],
    ["a length that is none", bytesOf([1, -1]), "no length"],
    ["a type that nobody writes", tagged("Function", "alert(1)"), 'no way to read a "Function"'],
    ["a type that is no text", tagged(["Date"]), "this is no"],
    ["a type called like a member of objects", tagged("constructor", []), "no way to read"],
    ["a number that is none", tagged("number", "7"), "this is no number"],
    ["a bigint that is none", tagged("bigint", "0x10"), "this is no bigint"],
    ["a bigint that takes long to read", tagged("bigint", "9".repeat(20_000)), "this is no bigint"],
    ["a pattern that is none", tagged("RegExp", ["(", ""]), "no encoded value"],
    ["an array of no length", tagged("Array", [-1]), "this is no Array"],
    ["a map of half an entry", tagged("Map", [1]), "this is no Map"],
    ["an error with a further member", tagged("Error", ["Error", "m", null, "__proto__", {}]), "further member"],
    ["a boxed object", tagged("Boxed", {}), "this is no Boxed"],
    ["an object that was not met before", tagged("again", 0), "this is no again"],
    ["a section that is not there", tagged("ArrayBuffer", 0), "no such section"],
    ["a view past its buffer", bytesOf([{ $: "Uint8Array", v: [0, 0, 9] }, 1], [1]), "no encoded value"],
    ["a view on half an element", bytesOf([{ $: "Uint16Array", v: [0, 0, 1] }, 1], [1]), "part of an element"],
    [
      "two texts in one section",
      bytesOf(
        [
          [
            { $: "text", v: 0 },
            { $: "text", v: 0 },
          ],
          1,
        ],
        [65],
      ),
      "one section",
    ],
    ["a text that is no UTF-8", bytesOf([{ $: "text", v: 0 }, 1], [255]), "no encoded value"],
    ["a prototype", bytesOf('[{"__proto__":{"x":1}}]'), "names a prototype"],
    ["what says it could not be written", tagged("unwritable", "CryptoKey"), "could not be written"],
    ["what is nested without end", bytesOf(`${"[".repeat(9_000)}${"]".repeat(9_000)}`), "nested too deep"],
  ])("%s", (_, bytes, message) => {
    expect(() => decode(bytes)).toThrow(CodecError);
    expect(() => decode(bytes)).toThrow(message);
  });

  test("whatever becomes of a byte, it is a value or refused", () => {
    const bytes = encode({
      map: new Map([[1, new Date(1)]]),
      view: Uint16Array.of(1, 2),
      text: long,
      list: [-0, 1n, /a/],
    });
    for (let at = 0; at < bytes.length; at += at < 400 ? 1 : 97) {
      for (const flip of [1, 4, 16, 128]) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        try {
          decode(changed);
        } catch (cause) {
          expect(cause).toBeInstanceOf(CodecError);
        }
      }
    }
  });
});
