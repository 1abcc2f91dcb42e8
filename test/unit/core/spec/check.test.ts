import { describe, expect, test } from "vitest";
import {
  abortSignal,
  aFunction,
  arrayOf,
  boolean,
  check,
  checkOptions,
  duration,
  type Field,
  integer,
  oneOf,
  record,
  string,
} from "../../../../src/core/spec/check.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { headers } from "../../../../src/core/spec/fields.js";
import { SETTINGS_SPEC } from "../../../../src/core/spec/settings.js";

const failureOf = (check: () => void): QueueError => {
  try {
    check();
  } catch (error) {
    expect(error).toBeInstanceOf(QueueError);
    return error as QueueError;
  }
  throw new Error("accepted");
};
const complaint = (given: unknown) => failureOf(() => checkOptions("openQueue", given, SETTINGS_SPEC));

test("the error names the option, what it got, and what it takes", () => {
  const error = complaint({ leaseMs: 5 });
  expect(error.code).toBe("invalid-argument");
  expect(error.message).toBe("openQueue.leaseMs must be a number of milliseconds from 100 to 2147483647, got 5");
  expect(error.detail).toEqual({
    name: "openQueue.leaseMs",
    expected: "a number of milliseconds from 100 to 2147483647",
  });
});

test("an unknown option is refused with those that are known", () => {
  const error = complaint({ leaseMS: 1_000 });
  expect(error.message).toMatch(/^openQueue: unknown option "leaseMS"; known are leaseMs, handlerTimeoutMs, /);
});

test("an option within an option is named in full", () => {
  expect(complaint({ backoff: { type: "linear" } }).message).toBe(
    'openQueue.backoff.type must be one of "exponential", "fixed", got "linear"',
  );
});

test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("%s is no known option", (name) => {
  const given = JSON.parse(`{ "${name}": { "leaseMs": 1 } }`) as unknown;
  expect(complaint(given).message).toContain(`unknown option "${name}"`);
});

test("an option that cannot be read is named, and what its getter throws is the cause", () => {
  const cause = new TypeError("no such thing");
  const unreadable = (name: string): object =>
    Object.defineProperty({}, name, {
      enumerable: true,
      get(): never {
        throw cause;
      },
    });
  for (const [given, name] of [
    [unreadable("leaseMs"), "openQueue.leaseMs"],
    [{ rateLimit: unreadable("limit") }, "openQueue.rateLimit.limit"],
    [{ backoff: unreadable("type") }, "openQueue.backoff.type"],
  ] as const) {
    const error = complaint(given);
    expect(error).toMatchObject({ code: "invalid-argument", message: `${name} must be readable, got a TypeError` });
    expect(error.detail).toMatchObject({ name });
    expect(error.cause).toBe(cause);
  }
});

test("options left out or undefined are fine", () => {
  checkOptions("openQueue", undefined, SETTINGS_SPEC);
  checkOptions("openQueue", { leaseMs: undefined, maxDeliveries: 3 }, SETTINGS_SPEC);
});

test.each([[null], ["leaseMs"], [7], [[]], [() => {}]])("%s are no options", (given) => {
  expect(complaint(given).message).toContain("openQueue must be an object, got ");
});

describe.each<[string, Field, unknown[], unknown[]]>([
  ["an integer", integer(1, 10), [1, 10], [0, 11, 1.5, "1", Number.NaN, 2 ** 53, null, undefined, 1n]],
  ["a duration", duration(1), [1, 1.5, 2 ** 31 - 1], [0, 2 ** 31, -1, Number.NaN, Number.POSITIVE_INFINITY, "1"]],
  ["true or false", boolean, [true, false], [0, "true", null]],
  ["one of a few", oneOf("a", "b"), ["a"], ["c", "", null, ["a"]]],
  ["a string", string(1, 3), ["abc"], ["", "abcd", 1, null]],
  ["an array", arrayOf(boolean, 2), [[], [true, false]], [[true, true, true], [1], {}, "ab", null]],
  ["a record", record({ a: boolean }), [{}, { a: true }], [{ a: 1 }, { b: true }, [], null]],
  ["headers", headers, [{}, { a: "b" }], [{ a: 1 }, { a: undefined }, [], "a", null]],
  ["a function", aFunction, [() => {}], [{}, "f", null]],
  ["an abort signal", abortSignal, [new AbortController().signal], [{}, { aborted: false }, null, true]],
])("%s", (_, field, good, bad) => {
  test.each(good.map((value) => [value]))("can be %s", (value) => check(field, value, "option"));
  test.each(bad.map((value) => [value]))("cannot be %s", (value) => {
    expect(failureOf(() => check(field, value, "option"))).toMatchObject({ code: "invalid-argument" });
    expect(failureOf(() => check(field, value, "option")).message).toMatch(/^option/);
  });
});

test.each<[unknown, string]>([
  ["x".repeat(100), `"${"x".repeat(60)}…"`],
  [Symbol("s"), "a symbol"],
  [new Map(), "a Map"],
  [Object.create(null), "an object"],
  [[1, 2], "an array of 2"],
  [-0, "0"],
  [10n, "10"],
])("a wrong value is shown briefly", (value, shown) => {
  expect(failureOf(() => check(boolean, value, "option")).message).toBe(`option must be true or false, got ${shown}`);
});

test("an entry of an array is named by its place", () => {
  expect(failureOf(() => check(arrayOf(boolean, 3), [true, 1], "flags")).message).toContain("flags[1] must be");
});
