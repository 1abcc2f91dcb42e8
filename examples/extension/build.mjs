// Bundles the scripts into dist/, and the two workers of the package beside them.

import { cpSync, rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: {
    background: "src/background.js",
    offscreen: "src/offscreen.js",
    popup: "src/popup.js",
    "shared-worker": "originmq/shared-worker",
    "dedicated-worker": "originmq/dedicated-worker",
  },
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "chrome120",
});
for (const file of ["manifest.json", "offscreen.html", "popup.html"]) cpSync(`src/${file}`, `dist/${file}`);
console.log("Load the folder dist as an unpacked extension: chrome://extensions, developer mode");
