// An example that was copied and installed, started by its own command, and a browser to look at it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect } from "vitest";
import { createFresh } from "../../examples/fresh.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";

export interface Project {
  /** Ends with a slash. */
  readonly address: string;
  end(): void;
}

/** Runs `npm start`, or another script, and resolves with the address that it prints. */
export async function startProject(folder: string, script = "start"): Promise<Project> {
  const child = spawn("npm", ["run", script, "--", "--port", "0"], {
    cwd: folder,
    detached: true,
    // As whoever starts it has it: for a test something else is built.
    env: { ...process.env, NODE_ENV: undefined, VITEST: undefined, NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    } catch {
      // Already gone.
    }
  };
  let said = "";
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data) => {
      said += data;
      const [, found] = /(http:\/\/localhost:\d+)\/?\s/.exec(said) ?? [];
      if (found) resolve(`${found}/`);
    });
    child.once("exit", () => reject(new Error(`npm run ${script} has ended:\n${said}`)));
  });
  return { address, end };
}

/** There from the first test of a file to its last. */
export interface Visit {
  browser: Browser;
  /** Where it is installed. */
  folder: string;
  site: Project;
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
    visited.site?.end();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);
  return visited as Visit;
}

/** The same example as it is while it is worked on. */
export async function inDevelopment(folder: string, use: (site: Project) => Promise<void>): Promise<void> {
  const site = await startProject(folder, "dev");
  try {
    await use(site);
  } finally {
    site.end();
  }
}

/** A page of its own, opened, and what its console complains of. */
export async function open(
  context: BrowserContext,
  { address }: Project,
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
