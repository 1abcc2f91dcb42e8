// An example that was copied and installed, started by its own command, and a browser to look at it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll } from "vitest";
import { createFresh } from "../../examples/fresh.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";

export interface Project {
  /** Ends with a slash. */
  readonly address: string;
  end(): void;
}

/** Runs `npm start` and resolves with the address that it prints. */
export async function startProject(folder: string): Promise<Project> {
  const child = spawn("npm", ["start", "--", "--port", "0"], {
    cwd: folder,
    detached: true,
    env: { ...process.env, NO_COLOR: "1" },
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
      const [found] = /http:\/\/localhost:\d+\//.exec(said) ?? [];
      if (found) resolve(found);
    });
    child.once("exit", () => reject(new Error(`npm start has ended:\n${said}`)));
  });
  return { address, end };
}

/** There from the first test of a file to its last. */
export interface Visit {
  browser: Browser;
  site: Project;
}

/** Copies, installs and starts the example before the tests of a file, and takes all of it away after them. */
export function visit(example: string): Visit {
  const visited: Partial<Visit> = {};
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "examples-"));
    visited.site = await startProject(await createFresh(example, folder));
    visited.browser = await chromium.launch(browserLaunchOptions());
  }, 240_000);
  afterAll(async () => {
    await visited.browser?.close();
    visited.site?.end();
    rmSync(folder, { recursive: true, force: true });
  });
  return visited as Visit;
}

/** Writes a note into the form, and saves it. */
export async function save(page: Page, text: string): Promise<void> {
  await page.getByLabel("Note").fill(text);
  await page.getByRole("button", { name: "Save" }).click();
}
