// Once for all files of this part: the tarball that would be published, and an application that has it installed.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { packInto } from "../../scripts/pack.mjs";
import { ROOT } from "../../scripts/package-layout.mjs";

export interface Packed {
  readonly tarball: string;
  /** The paths in it. */
  readonly files: readonly string[];
  /** The application's folder. */
  readonly app: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    readonly packed: Packed;
  }
}

/** What the application has of tools; resolved from where they are installed. */
const TOOLS = ["vite", "vitest", "jest-environment-jsdom", "@happy-dom", "workbox-precaching"];

export default async function setup({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "packaging-"));
  const { tarball, files } = await packInto(folder);
  const app = join(folder, "app");
  cpSync(join(ROOT, "test/packaging/app"), app, { recursive: true });
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  // Its dependencies come from where they are already, so that the test needs no network; a peer may be left out.
  const local = Object.keys({ ...dependencies, ...peerDependencies })
    .map((name) => [name, join(ROOT, "node_modules", name)] as const)
    .filter(([, folder]) => existsSync(folder))
    .map(([name, folder]) => [name, `file:${folder}`]);
  const manifest = { name: "app", private: true, type: "module", dependencies: { originmq: `file:${tarball}` } };
  Object.assign(manifest.dependencies, Object.fromEntries(local));
  writeFileSync(join(app, "package.json"), JSON.stringify(manifest));
  execFileSync("npm", ["install", "--install-links", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  for (const tool of TOOLS) symlinkSync(join(ROOT, "node_modules", tool), join(app, "node_modules", tool), "junction");
  provide("packed", { tarball, files, app });
  return () => rmSync(folder, { recursive: true, force: true });
}
