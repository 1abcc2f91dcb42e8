// Every tool of the matrix, each as a project of its own that has the packed tarball installed; what is seen is written into
// docs/bundlers.md. Needs a network.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, inject, test } from "vitest";
import { useBrowser } from "./browser.js";
import { commandOf, TOOLS } from "./matrix/cases.js";
import { installed, type Project } from "./matrix/project.js";
import { WORKS, writeRow } from "./matrix/table.js";
import { tryWay } from "./matrix/trying.js";

const { tarball } = inject("packed");
const browser = useBrowser();
const folder = mkdtempSync(join(tmpdir(), "matrix-"));
/** On a busy machine the folder of a tool takes its time to go. */
const REMOVED_MS = 120_000;
afterAll(() => rmSync(folder, { recursive: true, force: true }), REMOVED_MS);

describe.each(TOOLS)("$name", (tool) => {
  let installing: Promise<Project> | undefined;
  afterAll(async () => (await installing)?.remove(), REMOVED_MS);

  test.each(tool.ways.map((way) => ({ way, command: commandOf(way) || tool.name })))("$command", async ({ way }) => {
    const row = { version: "", node: "", hosts: [] as readonly string[], result: WORKS };
    try {
      installing ??= installed(tool, folder, tarball);
      const project = await installing;
      Object.assign(row, { version: project.version, node: project.node });
      row.hosts = (await tryWay(browser, project, { tool, way })).hosts;
    } catch (error) {
      row.result = `do not work: ${(error as Error).message}`;
      throw error;
    } finally {
      writeRow(tool, way, row);
    }
  });
});
