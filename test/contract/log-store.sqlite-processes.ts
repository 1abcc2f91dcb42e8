// Processes that are killed while they write, and two on one file.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite/open-store.js";
import { refusal } from "./log-store.contract.js";
import { readAll, takeOverRecord } from "./log-store.samples.js";

/** Commits that are confirmed before the process is killed, in each of the rounds. */
const ROUNDS = [1, 33, 60];

interface Confirmed {
  readonly committed: Set<number>;
  readonly deleted: Set<number>;
  /** The last of each round: what was under way then may have happened. */
  readonly last: number[];
  checkpoint: number;
}

export const describeProcesses = (folder: string) =>
  describe("processes on one file", () => {
    const child = join(folder, "child.mjs");
    const children: ChildProcess[] = [];
    afterAll(() => {
      for (const process of children) process.kill("SIGKILL");
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
    async function write(file: string, commits: number, confirmed: Confirmed): Promise<ChildProcess> {
      const args = "Deno" in globalThis ? ["run", "-A", child, file] : [child, file];
      const writer = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.push(writer);
      let count = 0;
      for await (const line of createInterface({ input: writer.stdout })) {
        const said = JSON.parse(line) as { committed?: number; deleted?: number; checkpoint?: number };
        if (said.committed !== undefined) confirmed.committed.add(said.committed);
        if (said.deleted !== undefined) confirmed.deleted.add(said.deleted);
        confirmed.checkpoint = said.checkpoint ?? confirmed.checkpoint;
        if (said.committed !== undefined && ++count >= commits) break;
      }
      expect(count).toBe(commits);
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
      const confirmed: Confirmed = { committed: new Set(), deleted: new Set(), last: [], checkpoint: 0 };
      for (const commits of ROUNDS) {
        await kill(await write(file, commits, confirmed));
        const store = await openSqliteStore(file);
        const { journal, batches, checkpoint } = await readAll(store);
        const lsns = journal.map(({ lsn }) => lsn);
        expect(lsns).toEqual(lsns.map((_, at) => (lsns[0] as number) + at));
        expect(lsns.at(-1)).toBeGreaterThanOrEqual(Math.max(...confirmed.committed));
        expect(lsns[0]).toBeGreaterThan(confirmed.checkpoint);
        expect(checkpoint.length).toBe(lsns[0] === 1 ? 0 : 6);
        const stored = new Map(batches.map((batch) => [batch?.firstSeq, batch?.bodies]));
        confirmed.last.push(Math.max(...confirmed.committed));
        for (const lsn of confirmed.committed) {
          const mayBeGone = lsn % 4 === 1 && confirmed.last.some((last) => lsn >= last - 3 && lsn <= last);
          if (confirmed.deleted.has(lsn)) expect(stored.has(lsn)).toBe(false);
          else if (!mayBeGone || stored.has(lsn)) expect(stored.get(lsn)?.[1]).toEqual({ lsn });
        }
        for (const firstSeq of stored.keys()) expect(firstSeq).toBeLessThanOrEqual(lsns.at(-1) as number);
        await store.close();
      }
    });

    test("a second one is refused with the process that has it, and has it once that is killed", async () => {
      const file = join(folder, "claimed.db");
      const confirmed: Confirmed = { committed: new Set(), deleted: new Set(), last: [], checkpoint: 0 };
      const writer = await write(file, 2, confirmed);
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
