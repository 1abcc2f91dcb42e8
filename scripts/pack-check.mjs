// `npm run pack:check`: packs, and asks publint and attw whether others can use what was packed.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packInto } from "./pack.mjs";
import { ROOT } from "./package-layout.mjs";

/** The checks, each with the arguments that it takes before the tarball. */
export const PACK_CHECKS = {
  publint: ["publint/src/cli.js", "run", "--strict"],
  attw: ["@arethetypeswrong/cli/dist/index.js", "--profile", "esm-only", "--no-emoji"],
};

/**
 * @param {keyof typeof PACK_CHECKS} name
 * @param {string} tarball
 * @returns {{ ok: boolean, output: string }}
 */
export function checkTarball(name, tarball) {
  const [file = "", ...args] = PACK_CHECKS[name];
  const command = [join(ROOT, "node_modules", file), ...args, tarball];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: "utf8" });
  return { ok: status === 0, output: `${stdout}${stderr}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), "pack-"));
  try {
    const { tarball, files } = await packInto(folder);
    console.log(`${files.length} files`);
    for (const name of /** @type {(keyof typeof PACK_CHECKS)[]} */ (Object.keys(PACK_CHECKS))) {
      const { ok, output } = checkTarball(name, tarball);
      console.log(output);
      if (!ok) process.exitCode = 1;
    }
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
