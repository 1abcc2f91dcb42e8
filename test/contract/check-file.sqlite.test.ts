// `originmq check FILE`: files of SQLite that a server has left behind, really damaged.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type AskedKey, connect, type Queue } from "../../src/index.js";
import { checkFile } from "../../src/server/check-file.js";
import { serve } from "../../src/server.js";
import { openDriver } from "../../src/store/sqlite/drivers/open-driver.js";
import { folderFor, hasSqlite } from "../edge/server-process.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const folder = folderFor("check");

/** A file with two messages and a dead letter in it. */
async function fill() {
  const directory = mkdtempSync(join(folder, "data-"));
  const open = async () => {
    const server = await serve({ directory, port: 0 });
    ends.push(() => server.close());
    const connection = await server.connect({ database: "shop" });
    const close = async () => {
      await connection.close();
      await server.close();
    };
    return { queue: await connection.openQueue<number>("orders"), close };
  };
  const { queue, close } = await open();
  const ids: string[] = [];
  for (const body of [1, 2, 3]) ids.push((await queue.send(body)).id);
  await (await queue.receive())[0]?.deadLetter("no such order");
  await close();
  const file = join(directory, "shop.sqlite");
  const change = async (sql: string) => {
    const driver = await openDriver(file);
    driver.run(sql);
    driver.close();
  };
  return { file, ids, open, change };
}

const COUNTED = expect.stringMatching(/: 1 queues, 3 messages, [1-3] batches, \d+ records$/);

if (hasSqlite) {
  describe("the file of a database", () => {
    test("that is whole is said to be, and is left as it was", async () => {
      const { file, open } = await fill();
      const before = readFileSync(file);
      const sound = { lines: [COUNTED, "nothing is wrong with it"], isSound: true };
      expect(await checkFile(file, false)).toEqual(sound);
      expect(readFileSync(file).equals(before)).toBe(true);
      expect(await checkFile(file, true)).toEqual(sound);
      const { queue, close } = await open();
      expect(await queue.stats()).toMatchObject({ ready: 2, dead: 1 });
      await close();
    });

    test("of which a body is gone names its message, and is mended without it", async () => {
      const { file, ids, open, change } = await fill();
      await change("DELETE FROM originmq_batches WHERE key = 2");
      const line = `body: queue "orders": the bodies of 1 messages that wait cannot be read: ${ids[1]}`;
      expect(await checkFile(file, false)).toEqual({ lines: [COUNTED, line], isSound: false });
      expect(await checkFile(file, true)).toEqual({ lines: [COUNTED, `${line} (mended)`], isSound: true });
      expect(await checkFile(file, false)).toMatchObject({ isSound: true });
      const { queue, close } = await open();
      expect(await queue.stats()).toMatchObject({ ready: 1, dead: 1 });
      expect((await queue.peek()).map(({ body }) => body)).toEqual([3]);
      await close();
    });

    test.each([
      ["is gone", "DELETE FROM originmq_journal WHERE"],
      ["is broken", "UPDATE originmq_journal SET data = x'01ff' WHERE"],
      ["is cut off", "UPDATE originmq_journal SET data = substr(data, 1, length(data) / 2) WHERE"],
    ])("of which a record %s says so, and is opened without what it held, which is named", async (_, damage) => {
      const { file, ids, open, change } = await fill();
      // What was accepted second, and nobody had in hand.
      await change(`${damage} key = (SELECT key FROM originmq_journal WHERE instr(data, 'accepted') LIMIT 1 OFFSET 1)`);
      const { lines, isSound } = await checkFile(file, false);
      expect([lines[1], isSound]).toEqual([expect.stringMatching(/^journal: only \d+ records/), false]);
      const mended = await checkFile(file, true);
      const line = `journal: of records that cannot be read it is gone what they held: ${ids[1]} (mended)`;
      expect(mended).toMatchObject({ lines: expect.arrayContaining([line]), isSound: true });
      expect(await checkFile(file, false)).toMatchObject({ isSound: true });
      const { queue, close } = await open();
      expect((await queue.peek()).map(({ body }) => body)).toEqual([3]);
      expect(await queue.stats()).toMatchObject({ ready: 1, dead: 1 });
      await close();
    });

    test("in which a record lies far behind all others is opened without it: nobody counts what is missing", async () => {
      const { file, open, change } = await fill();
      await change("INSERT INTO originmq_journal (key, pieces, data) VALUES (1 << 50, 1, x'01ff')");
      const { lines, isSound } = await checkFile(file, false);
      expect([lines[1], isSound]).toEqual([expect.stringMatching(/^journal: only \d+ records/), false]);
      expect(await checkFile(file, true)).toMatchObject({ isSound: true });
      const { queue, close } = await open();
      expect(await queue.stats()).toMatchObject({ ready: 2, dead: 1 });
      await close();
    });

    test.each([
      [
        "a view that never ends",
        "ALTER TABLE originmq_journal RENAME TO others",
        `CREATE VIEW OriginMQ_Journal AS WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key + 1 FROM n)
          SELECT key, 1 AS pieces, x'01' AS data FROM n`,
      ],
      ["a trigger", "CREATE TRIGGER more AFTER UPDATE ON originmq_meta BEGIN DELETE FROM originmq_batches; END"],
    ])("with %s among its tables is refused, before any of it is run", async (_, ...statements) => {
      const { file, change } = await fill();
      for (const sql of statements) await change(sql);
      for (const isRepairing of [false, true])
        await expect(checkFile(file, isRepairing)).rejects.toThrow(/no table of a host's/);
    });

    test("that has what was sent while it was locked is whole, and mended as any other, still locked", async () => {
      const directory = mkdtempSync(join(folder, "locked-"));
      const file = join(directory, "shop.sqlite");
      /** Resolves with what was done over a server that has ended then. */
      const served = async <T>(ask: () => AskedKey | Promise<AskedKey>, work: (queue: Queue<number>) => Promise<T>) => {
        const server = await serve({ directory, port: 0 });
        ends.push(() => server.close());
        const url = `${server.url}/mq/shop`;
        const connection = await connect({ url, encryption: { key: ask, whileLocked: "send" } });
        const done = await work(await connection.openQueue<number>("orders"));
        await connection.close();
        await server.close();
        return done;
      };
      const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
      await served(
        () => key,
        async () => {},
      );
      const ids = await served(
        () => new Promise(() => {}),
        async (queue) => {
          const sent: string[] = [];
          for (const body of [1, 2, 3]) sent.push((await queue.send(body)).id);
          return sent;
        },
      );
      expect(await checkFile(file, false)).toMatchObject({ lines: [expect.any(String), "nothing is wrong with it"] });
      const driver = await openDriver(file);
      driver.run("DELETE FROM originmq_batches WHERE key = 2");
      driver.close();
      const line = `body: queue "orders": the bodies of 1 messages that wait cannot be read: ${ids[1]}`;
      expect(await checkFile(file, false)).toMatchObject({ lines: [expect.any(String), line], isSound: false });
      expect(await checkFile(file, true)).toMatchObject({
        lines: [expect.any(String), `${line} (mended)`],
        isSound: true,
      });
      const seen: unknown[] = [];
      const { dead } = await served(
        () => key,
        async (queue) => {
          await queue.consumeUntilEmpty(({ body, id }) => void seen.push([id, body]));
          return queue.stats();
        },
      );
      expect([seen, dead]).toEqual([
        [
          [ids[0], 1],
          [ids[2], 3],
        ],
        0,
      ]);
    });

    test("that a server has open is refused, and so is one that is none, or is not there", async () => {
      const { file, open } = await fill();
      const { close } = await open();
      await expect(checkFile(file, false)).rejects.toThrow(/in use by process/);
      await close();
      const other = join(folder, "letter.txt");
      writeFileSync(other, "It was a dark and stormy night. ".repeat(200));
      await expect(checkFile(other, true)).rejects.toMatchObject({ reason: "unreadable" });
      const theirs = join(folder, "theirs.sqlite");
      const driver = await openDriver(theirs);
      driver.run("CREATE TABLE letters (text TEXT)");
      driver.close();
      await expect(checkFile(theirs, true)).rejects.toThrow(/is no database of OriginMQ/);
      await expect(checkFile(join(folder, "none"), false)).rejects.toMatchObject({ code: "invalid-argument" });
    });
  });
} else {
  test("there is no SQLite here: the parts of other runtimes check files", async () => {
    const file = join(folder, "some.sqlite");
    writeFileSync(file, "");
    await expect(checkFile(file, false)).rejects.toMatchObject({ code: "unsupported" });
  });
}
