import { expect, test } from "vitest";
import { findUncloneable } from "../../../../src/core/log/uncloneable.js";

class Order {
  readonly run = () => {};
  readonly [Symbol.toStringTag] = "Order";
}

test.each([
  ["a member of a class that calls itself something", { order: new Order() }, "body.order.run", "a function"],
  ["the cause of an error", new Error("x", { cause: { run: () => {} } }), "body.cause.run", "a function"],
  [
    "the cause of a cause",
    [new Error("x", { cause: new Error("y", { cause: Symbol("z") }) })],
    "body[0].cause.cause",
    "a symbol",
  ],
  [
    "an error that is a proxy",
    { error: new Proxy(new Error("x"), {}) },
    "body.error",
    "a proxy of a Error, or one that cannot be read",
  ],
])("says where it stands: %s", (_, body, path, what) => {
  expect(findUncloneable(body, "body", structuredClone)).toEqual({ path, what });
});

test("finds nothing in what can be cloned", () => {
  const body = { at: new Date(1), list: [new Error("x", { cause: { n: 1 } })], map: new Map([[{}, new Set([1])]]) };
  expect(findUncloneable(body, "body", structuredClone)).toBeUndefined();
});
