import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as Store from "solid-js/store";
import { describe, expect, test } from "vitest";
import { arrives, isRefused, odd, rowsOf, SIZES, withHosts } from "./arrives.js";

/** On a server Solid's stores are plain objects: these are a browser's. */
const folder = dirname(createRequire(import.meta.url).resolve("solid-js/store"));
const { createStore, unwrap }: typeof Store = await import(join(folder, "store.js"));

const storeOf = <T extends object>(value: T): T => createStore(value)[0];

describe("Solid's stores", () => {
  withHosts();
  test("are proxies here, as in a browser", () => {
    const plain = {};
    expect(storeOf(plain)).not.toBe(plain);
    expect(unwrap(storeOf(plain))).toBe(plain);
  });
  for (const size of SIZES) {
    arrives(`arrive as plain data, ${size} rows`, (send) => send(storeOf({ rows: rowsOf(size) })), {
      rows: rowsOf(size),
    });
  }
  arrives("arrive with what JSON does not have", (send) => send(storeOf({ odd: odd() })), { odd: odd() });
  arrives("arrive from within", (send) => send([storeOf({ list: [odd()] }).list]), [[odd()]]);
  isRefused(
    "are refused where they hold a function, naming the place",
    (send) => send(storeOf({ at: new Date(), rows: [{ save: () => {} }] })),
    "body.rows[0].save",
  );
});
