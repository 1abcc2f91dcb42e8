// The store on SQLite passes the contract with what this runtime has: bun:sqlite, node:sqlite or better-sqlite3. The parts
// "deno" and "bun" of `npm test` run this file in those runtimes.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSqlite } from "../../src/store/sqlite/drivers/open-driver.js";
import { describeLogStore } from "./log-store.contract.js";
import { describeFiles } from "./log-store.sqlite-files.js";
import { describeProcesses } from "./log-store.sqlite-processes.js";
import { describeRows } from "./log-store.sqlite-rows.js";
import { createSqliteHarness } from "./sqlite-harness.js";

const runtime = "Bun" in globalThis ? "Bun" : "Deno" in globalThis ? "Deno" : `Node ${process.versions.node}`;

const loaded = await loadSqlite().catch((refusal: unknown) => ({ refusal }));
if (typeof loaded === "function") {
  const folder = mkdtempSync(join(tmpdir(), "originmq-"));
  const harness = createSqliteHarness(folder, loaded);
  describeLogStore(`SQLite in ${runtime}`, harness);
  describeRows(harness);
  describeFiles(harness, loaded);
  describeProcesses(folder);
  test("the databases of the tests go", () => {
    rmSync(folder, { recursive: true });
    expect(existsSync(folder)).toBe(false);
  });
} else {
  describe(`SQLite in ${runtime}, which has none,`, () => {
    test("is refused with what to install", () => {
      // A part of the tests that is run for its SQLite does not pass for want of it.
      expect(process.env.ORIGINMQ_NEEDS_SQLITE, String(loaded.refusal)).toBeUndefined();
      expect(loaded.refusal).toMatchObject({ name: "QueueError", code: "unsupported" });
      expect(String(loaded.refusal)).toContain("install better-sqlite3@12");
    });
  });
}
