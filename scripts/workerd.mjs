// A Worker with Durable Objects in workerd, the runtime that Cloudflare's own is built on: what tests, the benchmark and the
// examples run. Invariant: its objects lie in a folder of this start alone, which goes with `close()`.

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./package-layout.mjs";

/**
 * @typedef {object} WorkerdOptions
 * @property {number} [port] 0, unless said otherwise: a free one
 * @property {Readonly<Record<string, string>>} [alias] files in place of packages
 * @property {Readonly<Record<string, string>>} [variables] texts of `env`
 *
 * @typedef {object} Workerd
 * @property {string} url begins with `ws://`
 * @property {string} httpUrl the same, for requests
 * @property {number} pid
 * @property {() => Promise<void>} kill ends the process without a word
 * @property {() => Promise<void>} restart starts it again, on the same storage and port
 * @property {() => Promise<void>} close ends it and removes its storage
 */

/** The program itself: what the package puts before it passes on no other streams than the usual three. */
export function workerdPath() {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve("workerd/package.json"));
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return resolve(`@cloudflare/workerd-${platform}-${process.arch === "x64" ? "64" : process.arch}/bin/workerd`);
}

/**
 * Bundles a Worker, whose class of Durable Objects is `Queues` and bound as `QUEUES`, and starts it. Resolves once it listens.
 * @param {string} entry its file, from the root of the repository, as are those in `alias`
 * @param {WorkerdOptions} [options]
 * @returns {Promise<Workerd>}
 */
export async function startWorkerd(entry, { port = 0, alias = {}, variables = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  await build({
    ...{ absWorkingDir: ROOT, entryPoints: [entry], alias, bundle: true, format: "esm", logLevel: "error" },
    outfile: join(folder, "worker.js"),
  });
  await mkdir(join(folder, "disk"));
  /** @param {number} at */
  const startAt = async (at) => {
    await writeFile(join(folder, "config.capnp"), configOf(join(folder, "disk"), at, variables));
    return start(folder);
  };
  let running = await startAt(port);
  const kill = async () => {
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  };
  return {
    get url() {
      return `ws://127.0.0.1:${running.port}`;
    },
    get httpUrl() {
      return `http://127.0.0.1:${running.port}`;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    kill,
    async restart() {
      running = await startAt(running.port);
    },
    async close() {
      // Asked kindly it would wait for what its objects still wait for.
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param {string} disk @param {number} port @param {Readonly<Record<string, string>>} variables */
const configOf = (disk, port, variables) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "disk", disk = (path = ${JSON.stringify(disk)}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-04-01",
  # Else each connection compresses: 230 kB more, and time for each message.
  compatibilityFlags = ["no_web_socket_compression"],
  durableObjectNamespaces = [(className = "Queues", uniqueKey = "queues", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "QUEUES", durableObjectNamespace = "Queues"),
    ${Object.entries(variables)
      .map(([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)}),`)
      .join("\n    ")}
  ],
);
`;

/** @param {string} folder @returns {Promise<{ child: import("node:child_process").ChildProcess, port: number }>} */
function start(folder) {
  const child = spawn(workerdPath(), ["serve", join(folder, "config.capnp"), "--control-fd=3"], {
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
