import { expect, test } from "vitest";
import { estimateBytes } from "../../../../src/core/log/size.js";

const withoutStack = (error: Error) => Object.assign(error, { stack: "" });

/** As many arrays, each in the next, around a value. */
function nested(depth: number, value: unknown): unknown {
  let outer = value;
  for (let i = 0; i < depth; i++) outer = [outer];
  return outer;
}

test.each<[string, unknown, number]>([
  ["a string", "a".repeat(1_000), 1_000],
  ["an array of numbers", Array.from({ length: 100 }, (_, i) => i), 900],
  ["an object", { sku: "tea", quantity: 2, note: "x".repeat(200) }, 240],
  ["an array of holes", Object.assign([], { 4000000000: "v".repeat(300) }), 310],
  ["bytes", new Uint8Array(5_000), 5_000],
  ["a buffer", new ArrayBuffer(5_000), 5_000],
  ["a view of a part of a buffer", new DataView(new ArrayBuffer(5_000), 0, 100), 100],
  ["a map", new Map([["key", "v".repeat(300)]]), 310],
  ["a set", new Set(["v".repeat(300)]), 310],
  ["a Blob", new Blob(["v".repeat(3_000)]), 3_000],
  ["the message of an Error", withoutStack(new Error("v".repeat(3_000))), 3_000],
  ["the stack of an Error", Object.assign(new Error("no"), { stack: "v".repeat(3_000) }), 3_000],
  ["the cause of an Error", withoutStack(new Error("no", { cause: ["v".repeat(3_000)] })), 3_000],
  ["the errors of an Error", withoutStack(new AggregateError(["v".repeat(3_000)])), 3_000],
  ["a RegExp", new RegExp("v".repeat(3_000)), 3_000],
  ["a large number", 2n ** 24_000n, 3_000],
  ["a text as an object", Object("v".repeat(3_000)), 3_000],
  ["what lies deep", nested(500, "v".repeat(10_000)), 14_000],
  ["what lies deeper than the stack is", nested(50_000, "v".repeat(3_000)), 400_000],
  ["an object without prototype", Object.assign(Object.create(null), { text: "v".repeat(300) }), 310],
])("%s is judged by what it holds", (_, value, bytes) => {
  expect(estimateBytes(value)).toBeGreaterThan(bytes * 0.9);
  expect(estimateBytes(value)).toBeLessThan(bytes * 1.3 + 20);
});

test.each([null, undefined, true, 1, 2n, "", new Date(), /x/, Symbol("s"), () => {}])(
  "%s is worth something, so that no number of it fits a batch",
  (value) => {
    expect(estimateBytes(value)).toBeGreaterThan(0);
    expect(estimateBytes(value)).toBeLessThan(100);
  },
);

test("an array that holds itself is judged by its first levels", () => {
  const ring: unknown[] = [];
  ring.push(ring);
  expect(estimateBytes(ring)).toBeLessThan(1_000);
});

test("what refers to the same again and again is counted once", () => {
  let knot: unknown = "v".repeat(1_000);
  for (let i = 0; i < 60; i++) knot = [knot, knot];
  const round: unknown[] = [];
  round.push(round, round);
  expect(estimateBytes(knot)).toBeLessThan(5_000);
  expect(estimateBytes(round)).toBeLessThan(1_000);
}, 20_000);

test("an array of holes is judged as soon, although there is something wherever one would look", () => {
  for (const length of [2 ** 24, 2 ** 32 - 1]) {
    const list: unknown[] = [];
    list.length = 2 ** 32 - 1;
    list.length = length;
    for (const looks of [64, 128, 256]) for (let i = 0; i < looks; i++) list[Math.floor((length * i) / looks)] = 1;
    const begun = performance.now();
    expect(estimateBytes(list)).toBeLessThan(256 * 30);
    // To visit each takes half a second of the shorter one, and minutes of the other.
    expect(performance.now() - begun).toBeLessThan(200);
  }
});
