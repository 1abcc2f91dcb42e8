// Earlier builds themselves and this one in turn, on one encrypted database: what either sends the other receives, nothing is lost
// or doubled, and what an earlier build has made stays as it reads it.

import { describe, expect, test } from "vitest";
import { KEY_QUEUE } from "../../../src/core/spec/key-queue.js";
import { WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { EncryptedConnection, Encryption, Queue } from "../../../src/index.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { aesKey, never, paired } from "./asking.js";
import { type Build, earlierBuild, hasBuild, thisBuild } from "./earlier-builds.js";

const key = await aesKey();

/** By the form of the databases that they make: 1 seals each message alone, 2 also several together; from 3 on, also while locked. */
const BUILDS = [
  { form: 1, commit: "ec5fa04fb2f85c11eefa7f30d981260992e0b687", refusal: "tampered" },
  { form: 2, commit: "ef43ac53b2cc312ad185f494231478d0f9be9a62", refusal: "format-too-new" },
] as const;

/** A host of that build over the disk, and clients of it, of any build. */
async function open({ startHost, createMemoryStore }: Build, disk: MemoryDisk, checkpointRecords = 4) {
  const host = await startHost({ store: createMemoryStore({ disk }), checkpointRecords });
  const closing: (() => Promise<void>)[] = [];
  const connected = (build: Build) => {
    const { client, connection } = build.connectTo(() => host.port());
    return { client, connection };
  };
  return {
    host,
    async reach(build: Build, encryption: Encryption = { key }): Promise<EncryptedConnection> {
      const { client } = connected(build);
      const parts = await build.openSealing(client, { encryption });
      const connection = parts.createPublicConnection(client, { isLazy: false, persisted: undefined });
      closing.push(() => connection.close({ force: true }));
      return connection as EncryptedConnection;
    },
    plainly(build: Build) {
      const { connection } = connected(build);
      closing.push(() => connection.close({ force: true }));
      return connection;
    },
    async keyRecord(): Promise<string> {
      const { link } = await host.connect(crypto.randomUUID(), { minor: WIRE_MINOR });
      const { settings } = await link.call<{ settings: { encryption: string } }>({ op: "stats", queue: KEY_QUEUE });
      return settings.encryption;
    },
    async close() {
      for (const close of closing.splice(0)) await close();
      await host.host.close();
    },
  };
}

interface Sent {
  readonly n: number;
  readonly by: string;
}

/** Sends and receives, turn by turn, and knows what has to come. */
function createTraffic() {
  let last = 0;
  const sent: number[] = [];
  const seen = new Map<string, number[]>();
  const dead: number[] = [];
  const next = (by: string): Sent => {
    sent.push(++last);
    return { n: last, by };
  };
  return {
    async send(connection: EncryptedConnection, by: string) {
      const letters = await connection.openQueue<Sent>("letters");
      await letters.sendBatch(Array.from({ length: 5 }, () => ({ body: next(by), headers: { by } })));
      await Promise.all([1, 2].map(() => letters.send(next(by), { headers: { by } })));
      const grouped = await connection.openQueue<Sent>("grouped");
      for (let i = 0; i < 3; i++) await grouped.send(next(by), { groupId: "Ada", deduplicationId: `d${last}` });
      // Whichever build it was sent by: known by the other.
      expect(await grouped.send({ n: 0, by }, { deduplicationId: `d${last}` })).toMatchObject({ duplicate: true });
      const topic = await connection.openTopic<Sent>("news");
      const all = await topic.subscription("all");
      await topic.publish(next(by));
      return all;
    },
    /** Some of what waits, or all of it. */
    async receive(connection: EncryptedConnection, some = Number.POSITIVE_INFINITY) {
      const queues = [await connection.openQueue<Sent>("letters"), await connection.openQueue<Sent>("grouped")];
      queues.push(await (await connection.openTopic<Sent>("news")).subscription("all"));
      for (const queue of queues) {
        for (let i = 0; i < some; i++) {
          const [delivery] = await queue.receive({ max: 1 });
          if (delivery === undefined) break;
          seen.set(queue.name, [...(seen.get(queue.name) ?? []), delivery.body.n]);
          if (queue.name === "letters") expect(delivery.headers).toEqual({ by: delivery.body.by });
          if (queue.name === "grouped") expect(delivery.groupId).toBe("Ada");
          if (queue.name === "letters" && delivery.body.n % 7 === 0) {
            dead.push(delivery.body.n);
            await delivery.deadLetter(`why ${delivery.body.n}`);
          } else await delivery.ack();
        }
      }
      const letters = queues[0] as Queue<Sent>;
      const reasons = (await letters.deadLetters.list({ max: 1_000 })).map(({ body, reason }) => [body?.n, reason]);
      expect(reasons).toEqual(dead.map((n) => [n, `why ${n}`]));
    },
    /** All that was sent has come once, that of each queue in its order. */
    judge() {
      for (const one of seen.values()) expect(one).toEqual(one.toSorted(byNumber));
      expect([...seen.values()].flat().sort(byNumber)).toEqual(sent);
    },
  };
}

const byNumber = (a: number, b: number) => a - b;
const form = (record: string): number => JSON.parse(record).v;

for (const { form: made, commit, refusal } of BUILDS)
  describe.skipIf(!hasBuild(commit))(`the build that made databases of form ${made}`, () => {
    test("and this one open in turn what that has encrypted: each receives what either sent, and it stays as that reads it", async () => {
      const theirs = await earlierBuild(commit);
      const disk = createMemoryDisk();
      const traffic = createTraffic();
      let record: string | undefined;
      for (let turn = 0; turn < 6; turn++) {
        const isOurs = turn % 2 === 1;
        const build = isOurs ? thisBuild : theirs;
        const opened = await open(build, disk);
        // Who would send while it is locked waits as ever: there is no pair, and none is made.
        const connection = await opened.reach(build, isOurs && turn > 1 ? paired(() => key) : { key });
        await traffic.send(connection, isOurs ? "ours" : "theirs");
        await traffic.receive(connection, turn === 5 ? undefined : 2);
        record ??= await opened.keyRecord();
        expect([form(record), await opened.keyRecord()]).toEqual([made, record]);
        await opened.close();
      }
      traffic.judge();
    });

    test.each(["that", "this"] as const)(
      "and this one have it open at once, with a host of %s build",
      async (whose) => {
        const theirs = await earlierBuild(commit);
        const disk = createMemoryDisk();
        const first = await open(theirs, disk);
        const traffic = createTraffic();
        await traffic.send(await first.reach(theirs), "theirs");
        await first.close();
        const opened = await open(whose === "that" ? theirs : thisBuild, disk);
        const [old, young] = [await opened.reach(theirs), await opened.reach(thisBuild)];
        for (let round = 0; round < 3; round++) {
          await traffic.send(old, "theirs");
          await traffic.send(young, "ours");
          await traffic.receive(round % 2 ? old : young, 4);
          await traffic.receive(round % 2 ? young : old, 4);
        }
        await traffic.receive(old, 10);
        await traffic.receive(young);
        traffic.judge();
        // A password that either changes opens it for both.
        const other = await aesKey();
        await young.rekey({ key: other });
        await opened.reach(theirs, { key: other });
        expect(form(await opened.keyRecord())).toBe(made);
        await opened.close();
      },
    );

    test("refuses a database that this one has encrypted, touches nothing, and may host it", async () => {
      const theirs = await earlierBuild(commit);
      const disk = createMemoryDisk();
      const first = await open(thisBuild, disk);
      await (
        await first.reach(
          thisBuild,
          paired(() => key),
        )
      ).openQueue("letters");
      const locked = await (await first.reach(thisBuild, paired(never))).openQueue("letters");
      await locked.sendBatch([1, 2, 3].map((body) => ({ body })));
      const record = await first.keyRecord();
      await first.close();
      const hosting = await open(theirs, disk);
      await expect(hosting.reach(theirs)).rejects.toMatchObject({ code: refusal });
      await expect(hosting.plainly(theirs).openQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
      const ours = await hosting.reach(thisBuild, paired(never));
      await (await ours.openQueue("letters")).send(4);
      expect(await hosting.keyRecord()).toBe(record);
      await hosting.close();
      const last = await open(thisBuild, disk);
      const letters = await (await last.reach(thisBuild)).openQueue("letters");
      const seen: unknown[] = [];
      await letters.consumeUntilEmpty(({ body }) => void seen.push(body));
      expect([seen, await letters.deadLetters.list()]).toEqual([[1, 2, 3, 4], []]);
      await last.close();
    });

    test("hosts a queue that this one is encrypting: nothing is handed out, nothing is lost, and it is gone on with", async () => {
      const theirs = await earlierBuild(commit);
      const disk = createMemoryDisk();
      const first = await open(thisBuild, disk, 1_000);
      const bodies = Array.from({ length: 700 }, (_, n) => ({ n }));
      const plain = await first.plainly(thisBuild).openQueue("letters");
      for (let n = 0; n < 700; n += 50)
        await plain.sendBatch(bodies.slice(n, n + 50).map((body) => ({ body, groupId: `g${body.n % 5}` })));
      const plainBatches = () =>
        [...disk.bodies.values()].filter((batch) => JSON.stringify(batch.bodies).includes("n")).length;
      expect(plainBatches()).toBe(14);
      const giveUp = new AbortController();
      const given = (await first.reach(thisBuild)).encrypt("letters", {
        signal: giveUp.signal,
        onProgress: () => giveUp.abort("enough"),
      });
      await expect(given).rejects.toBe("enough");
      // What is not needed any more is deleted by and by.
      await expect.poll(plainBatches, { timeout: 10_000 }).toBeLessThan(14);
      await first.close();

      const hosting = await open(theirs, disk, 2);
      const losses: unknown[] = [];
      const watching = hosting.plainly(theirs);
      watching.addEventListener("datalost", ({ detail }) => losses.push(detail));
      await expect(watching.openQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
      const generation = disk.pointer.generation;
      const others = await watching.openQueue("others");
      for (let n = 0; n < 4; n++) await others.send(n);
      await expect.poll(() => disk.pointer.generation, { timeout: 10_000 }).toBeGreaterThan(generation);
      const { link } = await hosting.host.connect("raw", { minor: WIRE_MINOR });
      const { leased, paused, ready, blocked } = await link.call<Record<string, unknown>>({
        op: "stats",
        queue: "letters",
      });
      expect({ leased, paused, waiting: Number(ready) + Number(blocked) }).toEqual({
        leased: 0,
        paused: true,
        waiting: 700,
      });
      expect(losses).toEqual([]);
      await hosting.close();

      const last = await open(thisBuild, disk);
      const connection = await last.reach(thisBuild);
      await connection.encrypt("letters");
      const letters = await connection.openQueue<{ n: number }>("letters");
      const seen: number[] = [];
      await letters.consumeUntilEmpty(({ body }) => void seen.push(body.n), { concurrency: 5 });
      expect(seen.toSorted(byNumber)).toEqual(bodies.map(({ n }) => n));
      expect(await letters.deadLetters.list()).toEqual([]);
      await last.close();
    });
  });
