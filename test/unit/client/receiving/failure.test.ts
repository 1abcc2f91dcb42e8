import { describe, expect, test } from "vitest";
import { failureOf } from "../../../../src/client/receiving/failure.js";
import { ODD } from "./odd.js";

test("the failure of an error is its name and its message", () => {
  expect(failureOf(new TypeError("no tea"))).toEqual({ name: "TypeError", message: "no tea" });
  expect(failureOf({ message: "no tea" })).toEqual({ name: "Error", message: "no tea" });
});

test("the failure of anything else is what it is as text", () => {
  expect(failureOf("no tea")).toEqual({ name: "NonError", message: "no tea" });
  expect(failureOf({ tea: 0 })).toEqual({ name: "NonError", message: '{"tea":0}' });
  expect(failureOf(undefined)).toEqual({ name: "NonError", message: "undefined" });
  expect(failureOf(Symbol("tea"))).toEqual({ name: "NonError", message: "Symbol(tea)" });
});

test("a failure is no longer than what is stored", () => {
  const { name, message } = failureOf({ name: "n".repeat(20_000), message: "m".repeat(20_000) });
  expect([name.length, message.length]).toEqual([1_000, 10_000]);
});

describe("a failure can be stored, though what was thrown", () => {
  test.each(ODD)("%s", (_, thrown) => {
    const failure = failureOf(thrown());
    expect(structuredClone(failure)).toEqual({ name: expect.any(String), message: expect.any(String) });
  });
});
