// One service worker, built by each bundler as it does without an option that concerns modules: into one script.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";

const ENTRY = "classic-worker.js";

/** Each builds `ENTRY` of the app, and gives the script. */
export const BUNDLERS: Readonly<Record<string, (app: string) => Promise<string>>> = {
  esbuild: (app) => withEsbuild(app, undefined),
  "esbuild, format esm": (app) => withEsbuild(app, "esm"),
  rollup: (app) => withRollup(app, "es"),
  "rollup, format iife": (app) => withRollup(app, "iife"),
  // As vite-plugin-pwa does by default.
  "vite, a library of one file": (app) => withVite(app),
  // As Workbox's InjectManifest does.
  webpack: (app) => withWebpack(app),
};

async function withEsbuild(app: string, format: "esm" | undefined): Promise<string> {
  const { outputFiles, warnings } = await esbuild({
    entryPoints: [join(app, ENTRY)],
    bundle: true,
    write: false,
    logLevel: "silent",
    ...(format && { format }),
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
  return outputFiles[0]?.text ?? "";
}

async function withRollup(app: string, format: "es" | "iife"): Promise<string> {
  const bundle = await rollup({ input: join(app, ENTRY), plugins: [nodeResolve({ browser: true })] });
  const { output } = await bundle.generate({ format });
  await bundle.close();
  if (output.length > 1) throw new Error(`${output.length} files`);
  return output[0].code;
}

async function withVite(app: string): Promise<string> {
  const outDir = join(app, "dist-vite-worker");
  await vite({
    root: app,
    configFile: false,
    logLevel: "error",
    build: {
      outDir,
      lib: { entry: join(app, ENTRY), name: "app", formats: ["es"] },
      rollupOptions: { output: { entryFileNames: "worker.js" } },
    },
  });
  return readFileSync(join(outDir, "worker.js"), "utf8");
}

async function withWebpack(app: string): Promise<string> {
  const path = join(app, "dist-webpack-worker");
  await new Promise<void>((resolve, reject) => {
    const output = { path, filename: "worker.js" };
    // Minified or not is all one to what is tested here, and takes most of the time.
    const optimization = { minimize: false };
    const compiler = webpack({ mode: "production", context: app, entry: `./${ENTRY}`, output, optimization });
    compiler.run((error, stats) => {
      compiler.close(() => {});
      if (error || stats?.hasErrors()) reject(error ?? new Error(stats?.toString("errors-warnings")));
      else resolve();
    });
  });
  return readFileSync(join(path, "worker.js"), "utf8");
}
