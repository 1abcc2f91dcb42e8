// A server over SQLite in a process of its own: started, killed, started again on the same files and port. It runs in this
// runtime where that has SQLite, else in Deno, which the tests install.

import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { ServeOptions } from "../../src/server.js";
import { loadSqlite } from "../../src/store/sqlite/drivers/open-driver.js";

export interface ServerProcess {
  /** `ws://127.0.0.1:PORT`, the same after each start. */
  readonly url: string;
  readonly pid: number;
  readonly directory: string;
  /** Ends it without a word. */
  kill(): Promise<void>;
  /** Starts it again. */
  restart(): Promise<void>;
  /** One of the words of `server-child.ts`; resolves when that is done. */
  tell(line: string): Promise<void>;
  /** Ends it, and removes what it stored. */
  close(): Promise<void>;
}

export interface ServerProcessOptions extends Pick<ServeOptions, "reconnectMs" | "maxConnections" | "allowOrigins"> {
  /** Its directory is a file system of so many bytes; see `canMount`. */
  readonly diskBytes?: number;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// Below this package, so that the processes find what they import.
const RESULTS = here("../../test-results");
const DENO = here("../../node_modules/.bin/deno");

export const hasSqlite = await loadSqlite().then(
  () => true,
  () => false,
);

/** What runs a script: this runtime, or one that has SQLite. */
function commandFor(needsSqlite: boolean): string[] {
  if (needsSqlite && !hasSqlite) return [DENO, "run", "--allow-all"];
  return "Deno" in globalThis ? [process.execPath, "run", "--allow-all"] : [process.execPath];
}

/** Whether there can be a server over SQLite here. */
export const hasServer = hasSqlite || existsSync(DENO);

const IN_OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"];
/** Whether a process may have a file system of its own: Linux says no to some users. */
export const canMount = (() => {
  const [command = "", ...args] = IN_OWN_MOUNTS;
  return spawnSync(command, [...args, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
})();

/** A folder for a test file, gone at the end of its process. */
export function folderFor(name: string): string {
  mkdirSync(RESULTS, { recursive: true });
  const folder = mkdtempSync(join(RESULTS, `${name}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bundles a script of the tests, once for each folder. Resolves with what runs it. */
export function commandOf(script: string, folder: string, { needsSqlite = false } = {}): string[] {
  const outfile = join(folder, script.replace(/^.*\/|\.ts$/g, "").concat(".mjs"));
  if (!existsSync(outfile))
    buildSync({
      entryPoints: [here(script)],
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["better-sqlite3", "ws", "@nats-io/*", "mqtt"],
      outfile,
      logLevel: "error",
    });
  return [...commandFor(needsSqlite), outfile];
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

export async function startServerProcess(options: ServerProcessOptions = {}, within?: string): Promise<ServerProcess> {
  const { diskBytes, ...serving } = options;
  const folder = within ?? folderFor("server");
  const directory = mkdtempSync(join(folder, "data-"));
  const command = commandOf("server-child.ts", folder, { needsSqlite: true });
  let port = 0;
  const start = async (): Promise<{ child: Child; lines: Interface; url: string }> => {
    const args = [...command, directory, JSON.stringify({ ...serving, port })];
    const [file = "", ...rest] = diskBytes === undefined ? args : onDiskOf(diskBytes, directory, args);
    const child = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const [url] = await Promise.race([
      once(lines, "line") as Promise<[string]>,
      once(child, "exit").then(([code]) => {
        throw new Error(`the server has ended with ${code}`);
      }),
    ]);
    return { child, lines, url };
  };
  let running = await start();
  port = Number(new URL(running.url).port);
  const kill = async () => {
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const killAtExit = () => void running.child.kill("SIGKILL");
  process.once("exit", killAtExit);
  return {
    url: running.url,
    get pid() {
      return running.child.pid as number;
    },
    directory,
    kill,
    async restart() {
      running = await start();
    },
    async tell(line) {
      const told = once(running.lines, "line");
      running.child.stdin.write(`${line}\n`);
      await told;
    },
    async close() {
      await kill();
      process.off("exit", killAtExit);
      rmSync(within === undefined ? dirname(directory) : directory, { recursive: true, force: true });
    },
  };
}

/** The file system is gone with its process: such a server cannot be started again on what it stored. */
function onDiskOf(bytes: number, directory: string, command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return [...IN_OWN_MOUNTS, "sh", "-c", `mount -t tmpfs -o size=${bytes} tmpfs '${directory}' && exec ${quoted}`];
}
