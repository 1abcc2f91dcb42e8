import { describe, expect, test } from "vitest";
import { snapshotOf } from "../../../../src/core/log/plain.js";

/** More than are copied one by one. */
const LONG = 20_000;

describe("a long list", () => {
  const numbers = Array.from({ length: LONG }, (_, i) => (i % 7 === 0 ? undefined : i / 2));

  test("of numbers is copied as it is now, through a proxy as well", () => {
    for (const list of [numbers, new Proxy(numbers, {})]) {
      const changed = [...list];
      const copy = snapshotOf(list === numbers ? changed : new Proxy(changed, {}), structuredClone);
      changed[1] = -1;
      expect(copy).toEqual(numbers);
      expect(structuredClone(copy)).toEqual(numbers);
    }
  });

  test("keeps its holes and what it has beside its elements", () => {
    const list = Object.assign(new Array<unknown>(LONG), { unit: "ms", more: { at: new Date(1) } });
    list[LONG - 1] = Number.NaN;
    const copy = snapshotOf(list, structuredClone) as typeof list;
    expect(copy).toMatchObject({ length: LONG, unit: "ms", more: { at: new Date(1) } });
    expect(Object.keys(copy)).toEqual([String(LONG - 1), "unit", "more"]);
  });

  test("with one that cannot be cloned stays what it is to be told of", () => {
    const list: unknown[] = Array.from({ length: LONG }, (_, i) => i);
    list.push(() => {});
    expect(snapshotOf(list, structuredClone)).toEqual(list);
  });

  test("of proxies of objects is copied out of them", () => {
    const list = Array.from({ length: LONG }, (_, i) => new Proxy({ i }, {}));
    expect(structuredClone(snapshotOf(list, structuredClone))).toEqual(Array.from({ length: LONG }, (_, i) => ({ i })));
  });
});

describe("an array that is holes for the most part", () => {
  const sparse = (item: unknown) => {
    const list: unknown[] = [];
    list[4_000_000_000] = item;
    return Object.assign(list, { unit: "ms" });
  };

  test.each([1, { at: new Date(1) }, new Proxy({ a: [1] }, {})])("is copied without a visit to each: %o", (item) => {
    // A visit to each takes longer than a test may.
    const copy = snapshotOf({ list: sparse(item) }, structuredClone) as { list: unknown[] };
    expect(structuredClone(copy).list.length).toBe(4_000_000_001);
    expect(Object.entries(copy.list)).toEqual([
      ["4000000000", item],
      ["unit", "ms"],
    ]);
  });
});

test("a member named __proto__ stays a member, of an object and beside the elements of an array", () => {
  const named = <Value extends object>(value: Value): Value =>
    Object.defineProperty(value, "__proto__", { value: { at: new Date(1) }, enumerable: true });
  for (const value of [named({ n: 1 }), named([1, 2])]) {
    const copy = snapshotOf(new Proxy(value, {})) as object;
    expect(Object.getPrototypeOf(copy)).toBe(Array.isArray(value) ? Array.prototype : Object.prototype);
    expect(Object.entries(copy)).toEqual(Object.entries(value));
  }
});

test("a plain object that calls itself something is copied out of its proxies", () => {
  const named = (value: object) => Object.assign(value, { [Symbol.toStringTag]: "Module" });
  for (const value of [named({}), named(Object.create(null) as object)]) {
    const copy = snapshotOf(Object.assign(value, { rows: new Proxy([{ at: new Date(1) }], {}) }));
    expect(structuredClone(copy)).toEqual({ rows: [{ at: new Date(1) }] });
  }
});

test("an instance of a class is copied out of the proxies in it, whatever it calls itself", () => {
  class Order {
    readonly rows = new Proxy([{ at: new Date(1) }], {});
    get [Symbol.toStringTag]() {
      return "Order";
    }
  }
  class Named extends Order {}
  for (const order of [new Order(), new Named()])
    expect(structuredClone(snapshotOf({ order }))).toEqual({ order: { rows: [{ at: new Date(1) }] } });
});

test("what the language or the platform makes of its own is passed on as it is", () => {
  const file = Object.assign(new File(["x"], "x.txt"), { preview: "x" });
  const made = [(function* () {})(), new Map().entries(), Promise.resolve(), file];
  expect(snapshotOf(made)).toEqual(made);
  for (const [i, one] of (snapshotOf(made) as unknown[]).entries()) expect(one).toBe(made[i]);
});

describe("an error", () => {
  test("is copied out of the proxies in its cause, and those in the cause of that", () => {
    const inner = new RangeError("inner", { cause: new Proxy({ sku: "tea" }, {}) });
    const error = new TypeError("outer", { cause: inner });
    const copy = structuredClone(snapshotOf({ error }, structuredClone)) as { error: TypeError };
    expect(copy.error).toBeInstanceOf(TypeError);
    expect([copy.error.message, copy.error.stack]).toEqual(["outer", error.stack]);
    expect(copy.error.cause).toBeInstanceOf(RangeError);
    expect(copy.error.cause).toMatchObject({ message: "inner", cause: { sku: "tea" } });
  });

  test("that can be cloned stays what it is", () => {
    for (const error of [new Error("plain", { cause: { n: 1 } }), new Error("none")])
      expect(snapshotOf(error, structuredClone)).toBe(error);
  });
});
