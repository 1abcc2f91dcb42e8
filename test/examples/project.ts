// An example that was copied and installed, started by its own command, and a browser to look at it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect } from "vitest";
import { createFresh } from "../../examples/fresh.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { type Serving, serveBy } from "../serving.js";

/** Runs `npm start`, or another script, and resolves once it answers. */
const startProject = (folder: string, script = "start"): Promise<Serving> =>
  serveBy(`npm run ${script} -- --port PORT`, { folder, env: { NEXT_TELEMETRY_DISABLED: "1" } });

/** There from the first test of a file to its last. */
export interface Visit {
  browser: Browser;
  /** Where it is installed. */
  folder: string;
  site: Serving;
}

/** Copies, installs and starts the example before the tests of a file, and takes all of it away after them. */
export function visit(example: string): Visit {
  const visited: Partial<Visit> = {};
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "examples-"));
    visited.folder = await createFresh(example, folder);
    visited.site = await startProject(visited.folder);
    visited.browser = await chromium.launch(browserLaunchOptions());
  }, 480_000);
  afterAll(async () => {
    await visited.browser?.close();
    await visited.site?.end();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);
  return visited as Visit;
}

/** The same example as it is while it is worked on. */
export async function inDevelopment(folder: string, use: (site: Serving) => Promise<void>): Promise<void> {
  const site = await startProject(folder, "dev");
  try {
    await use(site);
  } finally {
    await site.end();
  }
}

/** A page of its own, opened, and what its console complains of. */
export async function open(
  context: BrowserContext,
  { address }: Serving,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (said) => {
    // What is preloaded is used late on a busy machine.
    if (/^(error|warning)$/.test(said.type()) && !said.text().includes("was preloaded")) complaints.push(said.text());
  });
  await page.goto(address);
  return { page, complaints };
}

/** What the page's lists show. */
export const texts = (page: Page, list: string): Promise<string[]> => page.locator(`#${list} li`).allInnerTexts();

/** Where a server renders, compiles or starts first. */
export const eventually = (look: () => unknown) => expect.poll(look, { timeout: 60_000 });

/** Writes a note into the form, and saves it. */
export async function save(page: Page, text: string): Promise<void> {
  await page.getByLabel("Note").fill(text);
  await page.getByRole("button", { name: "Save" }).click();
}
