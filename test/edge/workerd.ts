// A Worker with Durable Objects, in the real runtime: bundled, started, and stopped.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface Workerd {
  /** Its address begins with `ws://`. */
  readonly url: string;
  /** Ends the process without a word. */
  kill(): Promise<void>;
  /** Starts it again, on the same storage and port. */
  restart(): Promise<void>;
  /** Ends it and removes its storage. */
  close(): Promise<void>;
}

/** The program itself: what the package puts before it passes on no other streams than the usual three. */
const WORKERD = (() => {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve("workerd/package.json"));
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return resolve(`@cloudflare/workerd-${platform}-${process.arch === "x64" ? "64" : process.arch}/bin/workerd`);
})();

const CONFIG = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "disk", disk = (path = "DISK", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:PORT", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [(className = "Queues", uniqueKey = "queues", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "QUEUES", durableObjectNamespace = "Queues")],
);
`;

/** `alias`: files of this folder in place of packages. */
export async function startWorkerd(entry: string, alias: Readonly<Record<string, string>> = {}): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  await build({
    entryPoints: [here(entry)],
    alias: Object.fromEntries(Object.entries(alias).map(([name, file]) => [name, here(file)])),
    bundle: true,
    format: "esm",
    outfile: join(folder, "worker.js"),
    logLevel: "error",
  });
  const disk = await mkdtemp(join(folder, "disk-"));
  const startAt = async (port: number) => {
    await writeFile(join(folder, "config.capnp"), CONFIG.replace("DISK", disk).replace("PORT", `${port}`));
    return start(folder);
  };
  let running = await startAt(0);
  const end = async (signal: NodeJS.Signals) => {
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  return {
    get url() {
      return `ws://127.0.0.1:${running.port}`;
    },
    kill: () => end("SIGKILL"),
    async restart() {
      running = await startAt(running.port);
    },
    async close() {
      // It would wait for what its objects still wait for.
      await end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function start(folder: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(WORKERD, ["serve", join(folder, "config.capnp"), "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`workerd has ended with exit code ${code}`)));
    let said = "";
    child.stdio[3]?.on("data", (chunk) => {
      said += chunk;
      const { 1: port } = /"event":"listen".*"port":(\d+)/.exec(said) ?? [];
      if (port !== undefined) resolve({ child, port: Number(port) });
    });
  });
}
