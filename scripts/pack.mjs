// The tarball that would be published, made from a build of its own, so that two runs do not share a dist/.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { llmsFull } from "../site/llms.mjs";
import { buildInto } from "./build.mjs";
import { ROOT } from "./package-layout.mjs";

/**
 * @param {string} folder an empty folder
 * @returns {Promise<{ tarball: string, files: string[] }>} `files` are the paths in the package
 */
export async function packInto(folder) {
  const stage = join(folder, "stage");
  mkdirSync(stage, { recursive: true });
  await buildInto(join(stage, "dist"));
  for (const file of ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "SKILL.md"]) {
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(stage, file));
  }
  writeFileSync(join(stage, "llms.txt"), llmsFull());
  const output = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: stage,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: process.platform === "win32",
  });
  const [{ filename, files }] = JSON.parse(output);
  return { tarball: join(folder, filename), files: files.map((/** @type {{ path: string }} */ { path }) => path) };
}
