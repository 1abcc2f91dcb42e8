// Which bodies are text: those that come back from it as a structured clone would have them. Looked at before every send.

import { describe, expect, test } from "vitest";
import { jsonOf, jsonOfEach } from "../../../../src/client/sending/json.js";

const nested = (depth: number): unknown => {
  let value: unknown = 0;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value };
  return value;
};

const hidden = (object: object, key: string, value: unknown) =>
  Object.defineProperty(object, key, { value, configurable: true });

const withGetter = (get: () => unknown) => Object.defineProperty({}, "total", { enumerable: true, get });

describe("a body is text", () => {
  class List extends Array {}
  const shared = { sku: "tea" };
  test.each<[string, unknown]>([
    ["null", null],
    ["booleans", [true, false]],
    ["numbers", [0, 1.5, -1, 1e300, 5e-324, 2 ** 53, Number.MAX_SAFE_INTEGER, 0.1 + 0.2]],
    ["an empty string", ""],
    ["an empty array and an empty object", [[], {}]],
    ["line breaks and line separators in strings and keys", { "a\nb": "\n\r\n\u2028\u2029\u0085\u000b\f" }],
    ["text of every plane, half a pair too", ["é€😀\0", "\ud800", "\udc00\ud800", { "\udfff": 1 }]],
    ["keys in whatever order, numbers among them", { b: 1, a: 2, 10: 3, 9: 4, "-1": 5, "": 6 }],
    ["a member of its own that is called __proto__", JSON.parse('{"a":1,"__proto__":{"polluted":true}}')],
    ["a member that is called toJSON and is no function", { toJSON: "plain" }],
    ["a member that is called constructor or length", { constructor: "c", length: 7, hasOwnProperty: null }],
    ["an object without prototype", Object.assign(Object.create(null), { n: 1 })],
    ["an object that stands twice in it", [shared, { again: shared }]],
    ["what a getter gives", withGetter(() => 5)],
    ["members that a clone leaves out, too: symbols, and what is not enumerable", hidden({ [Symbol("s")]: 1 }, "h", 2)],
    ["the parts of a template", ((parts: TemplateStringsArray, ..._: unknown[]) => parts)`a${0}b`],
    ["an array of a class of its own", List.from([1, 2])],
    ["frozen data", Object.freeze([Object.freeze({ n: 1 })])],
    ["a thousand objects", Array.from({ length: 999 }, (_, n) => ({ n }))],
    ["an array of many values that are no objects", Array.from({ length: 10_000 }, (_, n) => n)],
    ["900 levels", nested(900)],
  ])("in one line that comes back as a clone does: %s", (_, body) => {
    const text = jsonOf(body) as string;
    expect(text).toBeTypeOf("string");
    expect(text).not.toContain("\n");
    const back: unknown = JSON.parse(text);
    expect(back).toStrictEqual(structuredClone(body));
    expect(JSON.stringify(back)).toBe(text);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("where a reactive framework wraps it: a proxy of plain data, which cannot be cloned, is read through", () => {
    const list = new Proxy([1, new Proxy({ n: 2 }, {})], {});
    expect(() => structuredClone(list)).toThrow();
    expect(jsonOf({ list })).toBe('{"list":[1,{"n":2}]}');
  });
});

describe("a body is no text", () => {
  const ring: { self?: unknown } = {};
  ring.self = ring;
  const row: unknown[] = [];
  row.push(row);
  class Order {
    readonly sku = "tea";
  }
  // 2 ** 20 objects to look at, although there are only 20.
  let doubled: unknown = [];
  for (let i = 0; i < 20; i++) doubled = [doubled, doubled];

  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["a member that is undefined", { a: 1, b: undefined }],
    ["an element that is undefined", [1, undefined]],
    ["a hole", Object.assign([1], { 2: 3 })],
    ["an array that is longer than what it holds", Object.assign([1], { length: 2 })],
    ["a match, an array with members", "tea".match(/(?<first>t)e/)],
    ["an array with a member", Object.assign([1, 2], { total: 3 })],
    ["negative zero", [-0]],
    ["NaN", Number.NaN],
    ["an infinity", { n: Number.NEGATIVE_INFINITY }],
    ["a bigint", { n: 1n }],
    ["a symbol", Symbol("s")],
    ["a function", { callback: () => {} }],
    ["a Date", { at: new Date(0) }],
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set([1])],
    ["a RegExp", /tea/],
    ["an Error", new Error("no")],
    ["bytes", new Uint8Array(2)],
    ["a buffer", new ArrayBuffer(2)],
    ["a Blob", new Blob(["tea"])],
    ["a boxed number", Object(5)],
    ["an instance of a class", new Order()],
    ["an object that inherits", Object.create({ n: 1 })],
    ["a member called toJSON that is a function", { n: 1, toJSON: () => 2 }],
    ["a circular object", ring],
    ["a circular array", [row]],
    ["more than a thousand objects", Array.from({ length: 1_000 }, (_, n) => ({ n }))],
    ["an object that stands in it more often than that", doubled],
    ["1,001 levels", nested(1_001)],
    ["so many levels that no stack would hold them", nested(1_000_000)],
  ])("but cloned: %s", (_, body) => {
    expect(jsonOf(body)).toBeUndefined();
  });

  test("where JSON would ask the object itself what to write, even unseen", () => {
    expect(jsonOf({ list: hidden({ n: 1 }, "toJSON", () => "other") })).toBeUndefined();
    expect(jsonOf([hidden([1], "toJSON", () => "other")])).toBeUndefined();
    hidden(Array.prototype, "toJSON", () => "other");
    try {
      expect(jsonOf({ list: [1] })).toBeUndefined();
    } finally {
      Reflect.deleteProperty(Array.prototype, "toJSON");
    }
  });

  test("where a member cannot be read: the clone says which", () => {
    const broken = withGetter(() => {
      throw new Error("no total");
    });
    expect(jsonOf({ list: [broken] })).toBeUndefined();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(jsonOf([proxy])).toBeUndefined();
  });
});

describe("bodies of a batch have the texts that each has alone", () => {
  const behind = "\u007f";
  test.each<[string, unknown[]]>([
    ["none", []],
    ["one", [{ n: 1 }]],
    ["plain ones", [{ n: 1 }, "a", 2, null, [true, "\n"], ""]],
    ["one that is no plain data", [{ n: 1 }, new Date(0), { n: 2 }, undefined]],
    ["what stands behind them, as a body", [behind, behind, behind]],
    ["what stands behind them, in lists", [[behind], [1, behind], [behind, 1], { a: behind }]],
    ["what stands behind them, in the middle of a list", [{ n: 1 }, [1, behind, 2], [behind, behind, behind]]],
    ["what looks like it in a text", ['","', `,${JSON.stringify(behind)},`, "\\u007f", `",${behind}`]],
    ["one that throws", [{ n: 1 }, Object.defineProperty({}, "n", { enumerable: true, get: () => JSON.parse("?") })]],
  ])("%s", (_, bodies) => {
    expect(jsonOfEach(bodies)).toEqual(bodies.map(jsonOf));
  });

  test("where a page has changed how arrays are written", () => {
    hidden(Array.prototype, "toJSON", () => "other");
    try {
      expect(jsonOfEach([{ n: 1 }])).toEqual(['{"n":1}']);
    } finally {
      Reflect.deleteProperty(Array.prototype, "toJSON");
    }
  });
});
