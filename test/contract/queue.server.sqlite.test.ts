// A server whose databases lie in files of SQLite, with what this runtime has of it: killed under load, started again.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { connect } from "../../src/index.js";
import { serve } from "../../src/server.js";
import { folderFor, hasSqlite, startServerProcess } from "../edge/server-process.js";
import { describeQueue } from "./queue.contract.js";

const folder = folderFor("server");

if (hasSqlite) {
  const server = await serve({ directory: join(folder, "contract"), port: 0 });
  afterAll(() => server.close());
  describeQueue("a server over SQLite, over sockets", (database) => ({
    url: `${server.url}/mq/${encodeURIComponent(database)}`,
  }));

  describe("a server over SQLite", () => {
    test("killed again and again under load loses nothing that it said is stored, and delivers nothing twice unsaid", async () => {
      const server = await startServerProcess({ reconnectMs: 1_000 }, folder);
      const connection = await connect({ url: `${server.url}/mq/shop` });
      const queue = await connection.openQueue<number>("orders");
      const taken = new Map<number, boolean[]>();
      queue.consume(({ body, redelivered }) => void taken.set(body, [...(taken.get(body) ?? []), redelivered]), {
        concurrency: 100,
        prefetch: 300,
      });
      const stored: number[] = [];
      const sends: Promise<unknown>[] = [];
      for (let round = 1; round <= 3; round++) {
        while (stored.length < round * 300) {
          const body = sends.length;
          sends.push(queue.send(body).then(() => stored.push(body)));
          if (body % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await server.kill();
        await server.restart();
      }
      await Promise.all(sends);
      await expect.poll(() => queue.stats(), { timeout: 15_000 }).toMatchObject({ ready: 0, leased: 0 });
      expect([...taken.keys()].sort((a, b) => a - b)).toEqual(sends.map((_, body) => body));
      const unsaid = [...taken.values()].filter(([, ...again]) => again.some((redelivered) => !redelivered));
      expect(unsaid).toEqual([]);
      await connection.close();
      await server.close();
    }, 60_000);

    test("keeps what was sent when it ends, each database in its file, which one process has open at a time", async () => {
      const directory = join(folder, "kept");
      const errors: unknown[] = [];
      const first = await serve({ directory, port: 0 });
      const before = await first.connect({ database: "Shop" });
      await (await before.openQueue("q")).send("kept");
      await before.close();
      expect(readdirSync(directory)).toContain("%53hop.sqlite");
      const second = await serve({ directory, port: 0, onError: (error) => errors.push(error) });
      const address = `${second.url}/mq/Shop`;
      await expect(connect({ url: address, signal: AbortSignal.timeout(500) })).rejects.toThrow();
      expect(errors.length).toBeGreaterThan(0);
      await first.close();
      const after = await connect({ url: address });
      expect(await (await after.openQueue("q")).peek()).toMatchObject([{ body: "kept" }]);
      await after.close();
      await second.close();
    });

    test("hands out many bodies as they were sent, from memory and from its file: whatever is in them, at once or in parts", async () => {
      const bodiesOf = (count: number, note: string) =>
        Array.from({ length: count }, (_, n) => ({ n, note, pad: "x".repeat(n % 700) }));
      const batches = [
        bodiesOf(1_000, "tea\n"),
        bodiesOf(500, "thé ☕"),
        bodiesOf(9_000, "much"),
        bodiesOf(2, "y".repeat(300_000)),
      ];
      const directory = join(folder, "texts");
      const first = await serve({ directory, port: 0 });
      const sender = await connect({ url: `${first.url}/mq/shop` });
      for (const [i, bodies] of batches.entries()) {
        const queue = await sender.openQueue<unknown>(`q-${i}`);
        await queue.sendBatch(bodies.map((body) => ({ body })));
        const taken = await queue.receive({ max: bodies.length - 1 });
        expect(taken.map(({ body }) => body)).toEqual(bodies.slice(0, taken.length));
        await Promise.all(taken.map((delivery) => delivery.release()));
      }
      await sender.close();
      await first.close();
      const second = await serve({ directory, port: 0 });
      const receiver = await connect({ url: `${second.url}/mq/shop` });
      for (const [i, bodies] of batches.entries()) {
        const queue = await receiver.openQueue<{ n: number }>(`q-${i}`);
        const found: unknown[] = [];
        while (found.length < bodies.length) {
          for (const delivery of await queue.receive({ max: 10_000 })) {
            found.push(delivery.body);
            void delivery.ack();
          }
        }
        expect(found.sort((a, b) => (a as { n: number }).n - (b as { n: number }).n)).toEqual(bodies);
      }
      await receiver.close();
      await second.close();
    });

    test("finds what is due in the databases of the server before it, with no client, and lets the others be", async () => {
      const directory = join(folder, "found");
      const first = await serve({ directory, port: 0 });
      for (const [database, delayMs] of [
        ["soon", 20_000],
        ["Later", 3_600_000],
      ] as const) {
        const connection = await first.connect({ database });
        await (await connection.openQueue("q")).send(1, { delayMs });
        await connection.close();
      }
      await first.close();
      writeFileSync(join(directory, "theirs.sqlite"), "");
      const errors: unknown[] = [];
      const second = await serve({ directory, port: 0, metricsPort: 0, onError: (error) => errors.push(error) });
      const health = async () => (await fetch(`${second.metricsUrl}/health`)).text();
      await expect.poll(health).toBe("ok\ndatabases open: 1\n");
      const text = await (await fetch(`${second.metricsUrl}/metrics`)).text();
      expect(text).toContain('database="soon"');
      await second.close();
      expect([errors, readFileSync(join(directory, "theirs.sqlite"), "utf8")]).toEqual([[], ""]);
    });

    test("lets the file of a database go that nobody uses, and has all of it when somebody comes again", async () => {
      const directory = join(folder, "idle");
      const server = await serve({ directory, port: 0, idleMs: 100 });
      const url = `${server.url}/mq/shop`;
      for (let round = 0; round < 3; round++) {
        const connection = await connect({ url });
        const queue = await connection.openQueue<number>("q");
        await queue.send(round);
        expect((await queue.peek()).map(({ body }) => body)).toEqual(Array.from({ length: round + 1 }, (_, i) => i));
        await connection.close();
        // Another process could have it now.
        const other = await serve({ directory, port: 0, onError: () => {} });
        const there = await connect({ url: `${other.url}/mq/shop` });
        expect(await (await there.openQueue("q")).stats()).toMatchObject({ ready: round + 1 });
        await there.close();
        await other.close();
      }
      await server.close();
    });
  });
} else {
  describe("a server where there is no SQLite", () => {
    test("is refused a directory, with what to install", async () => {
      await expect(serve({ directory: join(folder, "none"), port: 0 })).rejects.toMatchObject({ code: "unsupported" });
    });
  });
}
