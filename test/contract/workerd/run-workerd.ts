// Bundles a worker and serves it with the real runtime, its storage in a folder.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface Workerd {
  readonly url: string;
  readonly process: ChildProcess;
}

/** Untyped. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "storage", disk = (path = "storage", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-10-01",
  durableObjectNamespaces = [(className = "Disks", uniqueKey = "originmq", enableSql = true)],
  durableObjectStorage = (localDisk = "storage"),
  bindings = [(name = "DISKS", durableObjectNamespace = "Disks")],
);
`;

export async function bundleWorker(folder: string): Promise<void> {
  mkdirSync(join(folder, "storage"), { recursive: true });
  writeFileSync(join(folder, "config.capnp"), CONFIG);
  await build({
    entryPoints: [here("worker.ts")],
    bundle: true,
    format: "esm",
    target: "esnext",
    conditions: ["workerd", "worker"],
    alias: { vitest: here("vitest.ts") },
    external: ["node:*"],
    outfile: join(folder, "worker.mjs"),
  });
}

export async function startWorkerd(folder: string): Promise<Workerd> {
  const args = ["serve", "--control-fd=3", "--experimental", "config.capnp"];
  const process = spawn(workerd, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const lines = createInterface({ input: process.stdio[3] as Readable });
  const [line] = (await Promise.race([once(lines, "line"), once(process, "exit").then(() => ["{}"])])) as [string];
  const { port } = JSON.parse(line) as { port?: number };
  if (port === undefined) throw new Error("workerd did not start");
  return { url: `http://127.0.0.1:${port}/`, process };
}
