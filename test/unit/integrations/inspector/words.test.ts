// What the inspector reads and says, apart from any page.

import { describe, expect, test } from "vitest";
import type { MessageView } from "../../../../src/index.js";
import { heldBy } from "../../../../src/integrations/inspector/clients-view.js";
import { historyOf } from "../../../../src/integrations/inspector/message-view.js";
import { matches } from "../../../../src/integrations/inspector/search.js";
import { filterWords } from "../../../../src/integrations/inspector/topics-view.js";
import {
  parseBody,
  parseHeaders,
  parseNumber,
  writeBody,
  writeHeaders,
} from "../../../../src/integrations/inspector/values.js";

const message: MessageView = {
  id: "a87367f857927e51-3k",
  body: { to: { city: "Porto" }, tags: new Set(["Green"]), big: 12n },
  state: "dead",
  attempts: 3,
  redelivered: true,
  priority: 4,
  groupId: "Customer-7",
  headers: { region: "EU" },
  sentAt: 1_000,
  deliverAt: null,
  expiresAt: null,
  reason: "max-deliveries",
  error: { name: "TypeError", message: "no address" },
  diedAt: 2_000,
};

describe("a text is looked for", () => {
  test.each([
    ["id", "7E51-3k"],
    ["group", "customer"],
    ["headers", "region: eu"],
    ["body", "porto"],
    ["body", "green"],
  ] as const)("in the %s, whatever its case: %s", (place, text) => {
    expect(matches(message, text.toLowerCase(), place)).toBe(true);
    expect(matches(message, text.toLowerCase(), "anywhere")).toBe(true);
  });

  test("only where it was asked for", () => {
    expect(matches(message, "porto", "headers")).toBe(false);
    expect(matches(message, "customer", "body")).toBe(false);
    expect(matches(message, "lima", "anywhere")).toBe(false);
  });

  test("anywhere: also in why a message died", () => {
    expect(matches(message, "no address", "anywhere")).toBe(true);
    expect(matches(message, "max-deliv", "anywhere")).toBe(true);
  });

  test("in bodies that are no JSON", () => {
    const round: Record<string, unknown> = { name: "Ada" };
    round.itself = round;
    for (const [body, text] of [
      [round, "ada"],
      [undefined, "undefined"],
      [new Map([["a", 1n]]), '"a":1n'],
      ['a "quoted" word', '"quoted"'],
    ] as const)
      expect(matches({ ...message, body }, text, "body")).toBe(true);
  });
});

test("a body is offered for editing where JSON says all of it, and not where something would be lost", () => {
  const body = { a: [1, "x", null, { b: true }] };
  expect(parseBody(writeBody(body) ?? "")).toEqual(body);
  for (const more of [new Date(), { at: new Date() }, undefined, { a: undefined }, 1n, new Map(), Number.NaN, [-0]])
    expect(writeBody(more)).toBeUndefined();
  const sparse: unknown[] = [];
  sparse.length = 2_000_000_000;
  for (const tooLong of [sparse, { text: "x".repeat(1_000_000) }]) expect(writeBody(tooLong)).toBeUndefined();
});

test("headers are written and read a line each, and what is none is named", () => {
  const headers = {
    region: "eu",
    url: "https://example.org/a:b",
    ["__proto__"]: "x",
    none: "",
    etag: '"a"',
    lines: "one\ntwo: 2\r\n",
    edges: " x\t",
    "na:me": "v",
    'say "it"': 'she said "no"',
    '"q"': "",
    " ": " ",
  };
  expect(parseHeaders(writeHeaders(headers))).toEqual(headers);
  expect(parseHeaders("\n a : b \n\n")).toEqual({ a: "b" });
  expect(() => parseHeaders("nothing")).toThrow("“nothing” is not “name: value”");
  expect(() => parseHeaders("a: 1\nb: 2\na: 3")).toThrow("The header “a” is there twice");
  expect(() => parseHeaders('a: "b')).toThrow("something in quotes is no JSON");
});

test("what is no number or no JSON is said to be so", () => {
  expect(parseNumber(" ", "The delay")).toBeUndefined();
  expect(parseNumber("1e3", "The delay")).toBe(1_000);
  expect(() => parseNumber("soon", "The delay")).toThrow("The delay is no number: “soon”");
  expect(() => parseBody("{")).toThrow("The body is no JSON");
});

test("a filter is told in words", () => {
  expect(filterWords({})).toBe("everything");
  expect(filterWords({ region: ["eu", "uk"], kind: { prefix: "a" }, by: "me", at: { exists: false } })).toBe(
    "region is one of “eu”, “uk” and kind begins with “a” and by is “me” and at is missing",
  );
});

describe("what became of a message", () => {
  const words = (over: Partial<MessageView>) => historyOf({ ...message, ...over }, 3_000).map(([, words]) => words);

  test("begins with its send and ends with where it is", () => {
    expect(historyOf(message, 3_000)).toEqual([
      [1_000, "Sent"],
      [undefined, "Handed out: 3 attempts that counted"],
      [undefined, "The last attempt failed: TypeError: no address"],
      [2_000, "Given up: max-deliveries"],
    ]);
  });

  test("does not count the attempt under way as one that is over", () => {
    const { error: _, ...sound } = message;
    const first = historyOf({ ...sound, state: "leased", attempts: 1, redelivered: false }, 3_000).map(
      ([, words]) => words,
    );
    expect(first).toEqual(["Sent", "In the hands of a consumer"]);
    expect(words({ state: "leased", attempts: 2 })).toContain("Handed out: 1 attempt that counted");
  });
});

test("what a client holds of a queue is told together: all of it, from the first hand-out to the last end", () => {
  const lease = { queue: "q", count: 1, suspects: 0, leasedAt: 50, until: 500, renewed: true };
  const others = [
    { ...lease, count: 2, suspects: 1, leasedAt: 20, until: 900 },
    { ...lease, queue: "other", renewed: false },
  ];
  expect(heldBy([lease, ...others])).toEqual([
    { queue: "q", count: 3, suspects: 1, leasedAt: 20, until: 500, last: 900, renewed: true },
    { ...others[1], last: 500 },
  ]);
});
