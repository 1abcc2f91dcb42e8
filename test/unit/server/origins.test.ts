// Which pages may come, as it is said in options.

import { expect, test } from "vitest";
import { check } from "../../../src/core/spec/check.js";
import { ORIGINS, originRefusal } from "../../../src/server/address.js";
import { serve } from "../../../src/server.js";

const isLetIn = (origin: string, ...allowed: string[]) => {
  check(ORIGINS, allowed, "allowOrigins");
  return originRefusal({ origin, host: "queues.example" }, allowed) === undefined;
};

test.each([
  ["http://localhost:5173/", "http://localhost:5173"],
  ["HTTP://LocalHost:5173", "http://localhost:5173"],
  ["https://shop.example:443", "https://shop.example"],
  ["https://bücher.example", "https://xn--bcher-kva.example"],
  ["capacitor://localhost", "capacitor://localhost"],
  ["chrome-extension://ABC/", "chrome-extension://abc"],
])("%s lets %s in", (allowed, origin) => {
  expect(isLetIn(origin, allowed)).toBe(true);
  expect(isLetIn("https://evil.example", allowed)).toBe(false);
});

test.each([
  "*",
  "null",
  "localhost:5173",
  "https://*.example",
  "https://shop.example/path",
  "https://shop.example?x",
  "no origin",
  "https://",
])("%s is refused, and the form is named", async (allowed) => {
  await expect(serve({ memory: true, port: 0, allowOrigins: [allowed] })).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringMatching(/allowOrigins.*like https:\/\/shop\.example/),
  });
});
