import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileModule } from "svelte/compiler";
import { afterAll, describe } from "vitest";
import { arrives, isRefused, odd, rowsOf, SIZES, withHosts } from "./arrives.js";

/** Compiled as an application's `.svelte.js` is, for a browser. */
const folder = mkdtempSync(join(import.meta.dirname, ".svelte-"));
const { js } = compileModule("export const stateOf = (given) => { let state = $state(given); return state; };", {
  filename: "state.svelte.js",
  generate: "client",
});
writeFileSync(join(folder, "state.js"), js.code);
const { stateOf } = (await import(join(folder, "state.js"))) as { stateOf<T>(given: T): T };

describe("Svelte's $state", () => {
  withHosts();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const size of SIZES) {
    arrives(`arrives as plain data, ${size} rows`, (send) => send(stateOf(rowsOf(size))), rowsOf(size));
  }
  arrives("arrives with what JSON does not have", (send) => send(stateOf(odd())), odd());
  arrives("arrives from within", (send) => send({ at: new Date(3), list: stateOf([odd()]) }), {
    at: new Date(3),
    list: [odd()],
  });
  isRefused(
    "is refused where it holds a function, naming the place",
    (send) => send(stateOf({ at: new Date(), rows: [{ save: () => {} }] })),
    "body.rows[0].save",
  );
});
