// Processes that are killed while they write, and two on one file.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite/open-store.js";
import { createHearing, find } from "./kill-writer.js";
import { refusal } from "./log-store.contract.js";
import { takeOverRecord } from "./log-store.samples.js";

/** Commits that are confirmed before the process is killed, in each of its lives. */
const LIVES = [1, 33, 60];

export const describeProcesses = (folder: string) =>
  describe("processes on one file", () => {
    // Not in the folder: from there an installed better-sqlite3 would not be found.
    const child = fileURLToPath(new URL(`../../test-results/sqlite-child-${process.pid}.mjs`, import.meta.url));
    const children: ChildProcess[] = [];
    afterAll(() => {
      for (const process of children) process.kill("SIGKILL");
      rmSync(child, { force: true });
    });

    const build = () =>
      buildSync({
        entryPoints: [fileURLToPath(new URL("sqlite-child.ts", import.meta.url))],
        bundle: true,
        platform: "node",
        format: "esm",
        external: ["better-sqlite3"],
        outfile: child,
      });

    /** Runs until so many commits are confirmed. */
    async function write(file: string, commits: number, hearing: ReturnType<typeof createHearing>) {
      const args = "Deno" in globalThis ? ["run", "-A", child, file] : [child, file];
      const writer = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.push(writer);
      const enough = hearing.committed.size + commits;
      for await (const line of createInterface({ input: writer.stdout })) {
        hearing.hear(JSON.parse(line));
        if (hearing.committed.size >= enough) break;
      }
      expect(hearing.committed.size).toBe(enough);
      return writer;
    }

    async function kill(writer: ChildProcess): Promise<void> {
      const ended = once(writer, "exit");
      writer.kill("SIGKILL");
      await ended;
    }

    test("what a process had confirmed when it was killed is there, whole, and the next goes on", async () => {
      build();
      const file = join(folder, "killed.db");
      const hearing = createHearing();
      for (const commits of LIVES) {
        await kill(await write(file, commits, hearing));
        const store = await openSqliteStore(file);
        expect(hearing.faultsOf(await find(store))).toEqual([]);
        await store.close();
      }
    });

    test("a second one is refused with the process that has it, and has it once that is killed", async () => {
      const file = join(folder, "claimed.db");
      const writer = await write(file, 2, createHearing());
      const refused = openSqliteStore(file);
      await expect(refused).rejects.toEqual(refusal("refused"));
      await expect(refused).rejects.toThrow(`claimed.db is in use by process ${writer.pid}, since 20`);
      await kill(writer);
      const store = await openSqliteStore(file);
      await expect(openSqliteStore(file)).rejects.toThrow(`in use by process ${process.pid}`);
      expect((await store.takeOver(takeOverRecord)).epoch).toBe(2);
      await store.close();
      const next = await openSqliteStore(file);
      await next.close();
    });
  });
