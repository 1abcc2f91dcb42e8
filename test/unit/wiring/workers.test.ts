// Where the package's workers are looked for, and what is said when they are not there.

import { describe, expect, test } from "vitest";
import { ofPackage } from "../../../src/wiring/starting.js";
import { whyNotStarted } from "../../../src/wiring/workers.js";
import { TOOLS } from "../../packaging/matrix/cases.js";

const started: string[] = [];
class Started {
  constructor(address: string | URL) {
    started.push(String(address));
  }
}
class Refused {
  constructor() {
    throw new TypeError("refused");
  }
}

const start = (made: new (address: string | URL) => object, address: string) =>
  new (ofPackage(made as unknown as typeof Worker))(new URL(address));

describe("a worker that Vite has not copied with the module is started from the package", () => {
  test.each([
    ["http://localhost:5173/node_modules/.vite/deps/shared-worker.js", "/node_modules/originmq/dist/shared-worker.js"],
    [
      "http://localhost:5173/base/node_modules/.vite/deps/shared-worker.js?worker_file&type=module",
      "/base/node_modules/originmq/dist/shared-worker.js",
    ],
    [
      "http://localhost:3000/_nuxt/node_modules/.cache/vite/client/deps/dedicated-worker.js",
      "/_nuxt/node_modules/originmq/dist/dedicated-worker.js",
    ],
  ])("%s", (address, path) => {
    start(Started, address);
    expect(started.pop()).toBe(new URL(path, address).href);
  });
});

test.each([
  "https://shop.example/assets/shared-worker-BxK3.js",
  "https://shop.example/node_modules/originmq/dist/shared-worker.js",
  "https://shop.example/deps/shared-worker.js",
  "http://localhost:5173/node_modules/.vite/deps/assets/shared-worker.js",
])("any other address is the bundler's own: %s", (address) => {
  start(Started, address);
  expect(started.pop()).toBe(address);
});

test("what could not be started says at which address, and what each bundler wants that wants something", () => {
  const lines = TOOLS.flatMap(({ ways }) => ways.flatMap(({ line }) => line?.text ?? []));
  expect(lines.length).toBeGreaterThan(1);
  const refuse = () => {
    try {
      start(Refused, "https://shop.example/shared-worker.js");
    } catch (thrown) {
      throw whyNotStarted(thrown);
    }
  };
  for (const line of lines) expect(refuse).toThrow(line);
  expect(refuse).toThrow("could not be started from https://shop.example/shared-worker.js (refused)");
});
