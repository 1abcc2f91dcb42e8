// Any body as text: near to JSON, short, and soon there, whatever it holds.

import { expect, test } from "vitest";
import { preview, textOf } from "../../../../src/integrations/elements/text-of.js";

test("what JSON can say is said as JSON does", () => {
  for (const body of [{ a: [1, "x\n", null, { b: true }], "": {} }, [], {}, "t", 0, null, [[[]]]])
    expect(textOf(body, 1_000)).toBe(JSON.stringify(body));
  expect(preview("a text")).toBe("a text");
});

test("what it cannot stands by its kind, and with what is in it", () => {
  expect(
    textOf(
      new Map<unknown, unknown>([
        ["a", 1n],
        [{ k: 1 }, new Set([2])],
      ]),
      1_000,
    ),
  ).toBe('{"a":1n,"{\\"k\\":1}":[2]}');
  expect(textOf([undefined, Number.NaN, new Date(0), new Date(Number.NaN)], 1_000)).toBe(
    '[undefined,NaN,"1970-01-01T00:00:00.000Z","Invalid Date"]',
  );
  expect(textOf([new Uint8Array(12), new Error("no"), /x/], 1_000)).toBe("[‹Uint8Array, 12 B›,Error: no,‹RegExp›]");
  expect(textOf(new File(["abc"], "a.txt", { type: "text/plain" }), 1_000)).toBe("‹a.txt, text/plain, 3 B›");
});

test("it is no longer than it may be", () => {
  const round: Record<string, unknown> = {};
  Object.assign(round, { one: round, two: [round, round] });
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const sparse: unknown[] = [];
  sparse.length = 4_000_000_000;
  for (const body of [round, deep, sparse, "x".repeat(1_000_000), { ["k".repeat(1_000_000)]: 1 }]) {
    expect(textOf(body, 500).length).toBeLessThanOrEqual(500);
    expect(preview(body).length).toBeLessThanOrEqual(121);
  }
  expect(textOf(deep, 500)).toContain("[[…]]");
});
