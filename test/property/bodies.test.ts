// Whatever a body is: where it is sent as text, it arrives as a structured clone would have.

import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonOf } from "../../src/client/sending/json.js";
import { columnOf, gather, listOf, valuesOf } from "../../src/core/log/bodies.js";
import { countBodies } from "../../src/core/log/columns.js";
import { CLONEABLE_KINDS } from "./kinds.js";
import { parameters } from "./steps.js";

const RUNS = 3_000;

const anything = (maxDepth: number) =>
  fc.anything({
    maxDepth,
    key: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "toJSON", "length", "0", "10", "a\nb")),
    ...CLONEABLE_KINDS,
    withUnicodeString: true,
  });

/** What `fc.anything` has seldom or never: line breaks and half pairs in text, numbers at their ends, keys of every kind. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("\n", "\r", "\u2028", "\u2029", "\\", '"', "\ud83d", "\ude00", "a", "\0") }),
  fc.string({ unit: "binary" }),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 5e-324, -5e-324, Number.MAX_VALUE, 2 ** 53 + 2, 1e21, 1e-7, 0.1 + 0.2, Number.NaN, Infinity),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    scalar,
    fc.array(tie("plain"), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom("__proto__", "toJSON", "1", "0", "-1", "length")), tie("plain"), {
      maxKeys: 5,
    }),
    // A member twice in it, and members that nobody can enumerate.
    tie("plain").map((value) => [value, { value }]),
    tie("plain").map((value) => Object.defineProperty({ value }, "hidden", { value: 1 })),
    tie("plain").map((value) => Object.defineProperty({ value }, "toJSON", { value: () => "other" })),
    tie("plain").map((value) => Object.assign([value], { extra: value })),
  ),
}));

const body = fc.oneof(anything(4), plain, fc.array(fc.oneof(anything(2), plain), { maxLength: 4 }));

/** Strictly equal, down to prototypes, holes, the order of keys and the sign of zero. */
function assertSame(actual: unknown, expected: unknown, path = "body"): void {
  if (typeof expected !== "object" || expected === null) {
    if (!Object.is(actual, expected)) throw new Error(`${path} is ${String(actual)}, not ${String(expected)}`);
    return;
  }
  if (typeof actual !== "object" || actual === null) throw new Error(`${path} is no object`);
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) throw new Error(`${path}: another prototype`);
  const [keys, wanted] = [Reflect.ownKeys(actual), Reflect.ownKeys(expected)];
  if (keys.length !== wanted.length || keys.some((key, i) => key !== wanted[i])) {
    throw new Error(`${path} has the keys ${keys.map(String)}, not ${wanted.map(String)}`);
  }
  for (const key of keys) assertSame(Reflect.get(actual, key), Reflect.get(expected, key), `${path}.${String(key)}`);
}

test("a body that is sent as text arrives as a structured clone would have, in one line", () => {
  let texts = 0;
  fc.assert(
    fc.property(body, (value) => {
      const line = jsonOf(value);
      if (line === undefined) return;
      texts++;
      expect(line).not.toContain("\n");
      assertSame(JSON.parse(line), structuredClone(value));
    }),
    parameters(RUNS),
  );
  expect(texts, "enough of them are texts for this to say anything").toBeGreaterThan(parameters(RUNS).numRuns / 10);
});

test("bodies that travel together arrive as each alone, in their order, texts and values mixed or not", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(plain, anything(2)), { maxLength: 8 }), (values) => {
      const list = gather(
        values.map((value) => {
          const line = jsonOf(value);
          return line === undefined ? { encoding: "clone", body: value } : { encoding: "json", body: line };
        }),
      );
      const column = columnOf(list);
      expect(countBodies(column)).toBe(values.length);
      expect(listOf(column)).toEqual(list);
      const arrived = valuesOf(column);
      expect(arrived).toHaveLength(values.length);
      values.forEach((value, i) => {
        const line = jsonOf(value);
        if (line === undefined) expect(arrived[i]).toBe(value);
        else assertSame(arrived[i], structuredClone(value), `body ${i}`);
      });
    }),
    parameters(RUNS / 3),
  );
});
