// Workers as applications have them, one file each: a browser that loads each module of one by itself, and that for each test,
// needs three times as long for all of them.

import { build } from "esbuild";
import type { Plugin } from "vitest/config";

const WORKER = /^(.*-worker\.ts)\?.*\bworker_file\b/;

export function bundledWorkers(): Plugin {
  const bundles = new Map<string, Promise<string>>();
  const bundle = async (entry: string) => {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      target: "es2022",
      sourcemap: "inline",
    });
    return outputFiles[0]?.text ?? "";
  };
  return {
    name: "bundled-workers",
    enforce: "pre",
    load(id) {
      const [, entry] = WORKER.exec(id) ?? [];
      if (entry === undefined) return undefined;
      const made = bundles.get(entry) ?? bundle(entry);
      bundles.set(entry, made);
      return made;
    },
  };
}
