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
const TOOLS = [
  "vite",
  "vitest",
  "esbuild",
  "rollup",
  "@rollup",
  "jest-environment-jsdom",
  "@happy-dom",
  "workbox-precaching",
];
/** Which its page does not use, but the types of the bindings do. */
const FRAMEWORKS = ["vue", "svelte", "solid-js", "@angular"];
const OF_FRAMEWORKS = /^(react|vue|svelte|solid-js|@angular\/core)$/;

/** Those of these packages that are installed, and what they need in turn. */
function withTheirs(names: readonly string[]): string[] {
  const all = new Set(names.filter((name) => existsSync(join(ROOT, "node_modules", name))));
  for (const name of all) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
    for (const needed of Object.keys(dependencies)) {
      if (existsSync(join(ROOT, "node_modules", needed))) all.add(needed);
    }
  }
  return [...all];
}

export default async function setup({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "packaging-"));
  const { tarball, files } = await packInto(folder);
  const app = join(folder, "app");
  cpSync(join(ROOT, "test/packaging/app"), app, { recursive: true });
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  // Its dependencies come from where they are already; of theirs, one that lies deeper comes from npm's cache, or the network.
  // A peer may be left out.
  const needed = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !OF_FRAMEWORKS.test(name));
  const local = withTheirs(needed).map((name) => [name, `file:${join(ROOT, "node_modules", name)}`]);
  const manifest = { name: "app", private: true, type: "module", dependencies: { originmq: `file:${tarball}` } };
  Object.assign(manifest.dependencies, Object.fromEntries(local));
  writeFileSync(join(app, "package.json"), JSON.stringify(manifest));
  execFileSync(
    "npm",
    ["install", "--install-links", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"],
    {
      cwd: app,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    },
  );
  for (const linked of [...TOOLS, ...FRAMEWORKS]) {
    symlinkSync(join(ROOT, "node_modules", linked), join(app, "node_modules", linked), "junction");
  }
  provide("packed", { tarball, files, app });
  return () => rmSync(folder, { recursive: true, force: true });
}
