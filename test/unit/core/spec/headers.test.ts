import { expect, test } from "vitest";
import { check } from "../../../../src/core/spec/check.js";
import { headers } from "../../../../src/core/spec/fields.js";

const refused = (value: unknown) => () => check(headers, value, "send().headers");

test("headers are a plain object of strings: of what keeps them elsewhere nothing would be left", () => {
  for (const value of [new Headers({ a: "b" }), new Map([["a", "b"]]), new URLSearchParams("a=b"), [["a", "b"]], "a"])
    expect(refused(value)).toThrow("send().headers must be an object of strings");
  expect(refused({ a: 1 })).toThrow("send().headers.a");
  for (const value of [{}, { a: "b" }, new Proxy({ a: "b" }, {}), Object.create(null)])
    expect(refused(value)).not.toThrow();
});
