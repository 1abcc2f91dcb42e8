// All that a run starts, each when a case first asks for it, and ends again. What is up waits idle while others are measured.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { nodeWithSqlite } from "../../scripts/runtimes.mjs";
import { startWorkerd } from "../../scripts/workerd.mjs";
import { startProgram } from "./process.mjs";
import { bunPath, PEERS } from "./runtimes.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** @typedef {import("./process.mjs").Program} Program */
/** @typedef {Awaited<ReturnType<typeof openLab>>} Lab */

/** @param {string} [checkout] of the build that is measured, whose programs these are. Default: this one */
export async function openLab(checkout = ROOT) {
  // Below the peers, so that programs find them, and this package's own dependencies above.
  const built = join(PEERS, checkout === ROOT ? "build" : "build-before");
  const folder = mkdtempSync(join(tmpdir(), "originmq-bench-"));
  const node = nodeWithSqlite();
  /** @type {(() => unknown)[]} */
  const endings = [];
  /** @type {Map<string, Promise<any>>} */
  const opened = new Map();
  await buildPrograms(join(checkout, "bench/edge/programs"), built);

  const lab = {
    node,
    folder,
    /** @param {string} name of a folder or file that is this run's alone */
    path: (name) => join(folder, name),
    /**
     * What `open` starts, the first time.
     * @template T @param {string} name @param {() => Promise<T>} open @returns {Promise<T>}
     */
    shared(name, open) {
      const known = opened.get(name) ?? open();
      opened.set(name, known);
      return known;
    },
    /** @param {string} name @param {readonly string[]} [flags] @param {string} [runtime] @returns {Promise<Program>} */
    async start(name, flags = [], runtime = node) {
      const program = await startProgram(runtime, [...flags, join(built, `${name}.js`)]);
      endings.push(program.end);
      return program;
    },
    /** @param {string} name */
    startInBun: (name) => lab.start(name, [], bunPath()),
    async startRedis() {
      const port = await freePort();
      const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
      const process = spawn("redis-server", [...args, "--appendonly", "yes", "--appendfsync", "everysec"], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      endings.push(() => process.kill());
      await untilListening(port);
      return port;
    },
    /** @param {Readonly<Record<string, string>>} [variables] */
    async startWorkerd(variables = {}) {
      const workerd = await startWorkerd(join(checkout, "bench/edge/programs/object.ts"), { variables });
      endings.push(workerd.close);
      return workerd;
    },
    async close() {
      for (const end of endings.reverse()) await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return lab;
}

/** @param {string} programs a folder @param {string} outdir */
async function buildPrograms(programs, outdir) {
  const all = readdirSync(programs).filter((name) => /(?<!\.d)\.ts$/.test(name));
  const paths = all.map((name) => join(programs, name));
  await build({
    ...{ entryPoints: paths, outdir, bundle: true, format: "esm", logLevel: "error" },
    ...{ platform: "node", packages: "external" },
  });
}

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject()));
    });
  });

/** @param {number} port */
async function untilListening(port) {
  for (let tries = 0; tries < 100; tries++) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isThere) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
