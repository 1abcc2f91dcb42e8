// Starts the server that is fuzzed, as it is or with a fault in its source.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { PlantedFault } from "./planted-faults.js";

export interface Server {
  readonly url: string;
  readonly child: ChildProcess;
  /** How it ended, if it has. */
  readonly end: string | undefined;
  /** Resolves when it has. */
  readonly ended: Promise<undefined>;
  readonly errors: readonly string[];
  /** Bytes; not a number once it has ended. */
  heap(): Promise<number>;
  stop(): void;
}

export async function startServer(fault?: PlantedFault): Promise<Server> {
  const results = fileURLToPath(new URL("../../test-results", import.meta.url));
  mkdirSync(results, { recursive: true });
  // Below this package, so that the process finds what it imports.
  const folder = mkdtempSync(join(results, "fuzz-"));
  const outfile = join(folder, "server.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("server-child.ts", import.meta.url))],
    ...{ bundle: true, platform: "node", format: "esm", external: ["better-sqlite3", "ws"], outfile },
    plugins: fault ? [planting(fault)] : [],
  });
  const child = fork(outfile, [], { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "pipe", "ipc"] });
  const errors: string[] = [];
  let stderr = "";
  let end: string | undefined;
  let onHeap = (_: number) => {};
  const ended = once(child, "exit").then(() => undefined);
  child.stderr?.on("data", (chunk) => {
    stderr = `${stderr}${chunk}`.slice(-4_000);
  });
  child.once("exit", (code, signal) => {
    end = `the server has ended: ${signal ?? code}\n${stderr}`;
    onHeap(Number.NaN);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(end)));
    child.on("message", (message: { url?: string; heapUsed?: number; error?: string }) => {
      if (message.url !== undefined) resolve(message.url);
      if (message.heapUsed !== undefined) onHeap(message.heapUsed);
      if (message.error !== undefined) errors.push(message.error);
    });
  });
  return {
    url,
    child,
    ended,
    errors,
    get end() {
      return end;
    },
    heap: () =>
      new Promise((resolve) => {
        onHeap = resolve;
        if (end === undefined) child.send("heap");
        else resolve(Number.NaN);
      }),
    stop() {
      child.removeAllListeners("exit");
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Throws where the source is no longer what the fault is in. */
const planting = ({ file, from, to }: PlantedFault): Plugin => ({
  name: "fault",
  setup({ onLoad }) {
    const path = fileURLToPath(new URL(`../../src/${file}`, import.meta.url));
    onLoad({ filter: /\.ts$/ }, (module) => {
      if (module.path !== path) return undefined;
      const [before, after, ...others] = readFileSync(path, "utf8").split(from);
      if (after === undefined || others.length > 0) throw new Error(`${file} does not have once: ${from}`);
      return { contents: `${before}${to}${after}`, loader: "ts" };
    });
  },
});
