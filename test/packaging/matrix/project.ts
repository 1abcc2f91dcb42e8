// A minimal project of a tool, with the packed tarball installed: either with what a registry has of the tool, or within an
// application that has the package, with what this repository has of it.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ROOT } from "../../../scripts/package-layout.mjs";
import { newerNode } from "../../../scripts/runtimes.mjs";
import { run, type Serving, serveBy } from "../../serving.js";
import { serve } from "../browser.js";
import type { Line, Tool, Way } from "./cases.js";

const PROJECTS = join(ROOT, "test/packaging/projects");
/** None of them is to tell its maker about this run. */
const QUIET = { NEXT_TELEMETRY_DISABLED: "1", NUXT_TELEMETRY_DISABLED: "1", ASTRO_TELEMETRY_DISABLED: "1" };

export interface Project {
  /** Of the tool. */
  readonly version: string;
  /** Of the Node that it runs in. */
  readonly node: string;
  /** Builds what is to be built, and serves the page. */
  open(way: Way): Promise<Serving>;
  /** Adds the line to the project's file. */
  add(line: Line): void;
  remove(): void;
}

const nameOf = (tool: Tool) => tool.name.toLowerCase().replaceAll(/\W+/g, "-");

function write(tool: Tool, into: string): string {
  const folder = join(into, nameOf(tool));
  mkdirSync(folder);
  for (const part of tool.project) cpSync(join(PROJECTS, part), folder, { recursive: true });
  return folder;
}

/** In a folder of its own in `into`, with what a registry has. Needs a network. */
export async function installed(tool: Tool, into: string, tarball: string): Promise<Project> {
  const folder = write(tool, into);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const node = tool.node === "newer" ? newerNode() : process.execPath;
  const programs = [join(folder, "node_modules/.bin"), dirname(node)];
  const project = projectIn(folder, { tool, node, modules: join(folder, "node_modules"), programs });
  const packages = tool.packages.map((name) => `"${name}"`).join(" ");
  await project.run(`npm install --no-audit --no-fund "${tarball}" ${packages}`);
  return project;
}

/** In the application's folder. */
export function here(tool: Tool, app: string): Project {
  const programs = [join(ROOT, "node_modules/.bin")];
  const modules = join(app, "node_modules");
  return projectIn(write(tool, app), { tool, node: process.execPath, modules, programs, isQuick: true });
}

interface Surroundings {
  readonly tool: Tool;
  readonly node: string;
  /** Where its packages are. */
  readonly modules: string;
  /** Where its programs are. */
  readonly programs: readonly string[];
  readonly isQuick?: true;
}

function projectIn(folder: string, { tool, node, modules, programs, isQuick }: Surroundings) {
  const PATH = [...programs, process.env.PATH ?? ""].join(delimiter);
  const where = { folder, env: { ...QUIET, PATH } };
  return {
    get version() {
      const [, name = ""] = /^(.+?)(@\d+)?$/.exec(tool.packages[0] ?? "") ?? [];
      return name ? JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")).version : "";
    },
    node: execFileSync(node, ["--version"], { encoding: "utf8" }).trim().slice(1),
    run: (command: string) => run(command, where),
    async open({ build, quickly, serve: served, copied = {} }: Way): Promise<Serving> {
      if (build) await run(isQuick && quickly ? `${build} ${quickly}` : build, where);
      for (const [from, to] of Object.entries(copied)) {
        const source = [folder, modules].map((parent) => join(parent, from)).find((path) => existsSync(path)) ?? from;
        cpSync(source, join(folder, to), { recursive: true });
      }
      if (served.includes("PORT")) return serveBy(served, where);
      const { address, close } = await serve(join(folder, served));
      return { address, end: close };
    },
    add({ text, file, after }: Line) {
      const path = join(folder, file);
      const before = readFileSync(path, "utf8");
      writeFileSync(path, before.replace(after, `${after} ${text},`));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
