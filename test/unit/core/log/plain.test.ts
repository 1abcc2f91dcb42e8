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
