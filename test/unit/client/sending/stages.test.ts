// What becomes of commands when a host dies, when requests are refused whole, and when there is much to send.

import { afterEach, describe, expect, test } from "vitest";
import { whole } from "../../../../src/client/connection/whole.js";
import type { HostLink } from "../../../../src/client/link/host-link.js";
import { runtime } from "../../../../src/client/runtime/runtime.js";
import { createGathering } from "../../../../src/client/sending/gathering.js";
import { createPipeline } from "../../../../src/client/sending/pipeline.js";
import { countOf } from "../../../../src/core/log/ranges.js";
import type { MeasuredSettlement, Welcome } from "../../../../src/link/rpc/wire.js";
import { type LogStore, StoreError } from "../../../../src/store/log-store.js";
import { type Hosts, startHosts } from "../client-fixture.js";
import { type Posted, through } from "../through.js";

const opened: Hosts[] = [];
const start = async (faulty?: (store: LogStore) => LogStore) => {
  const hosts = await startHosts(faulty);
  opened.push(hosts);
  return hosts;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((hosts) => hosts.close()));
});

/** Hosts whose commits can be held up, and then fail. */
const startHeld = async () => {
  let held: Promise<void> | undefined;
  const commits = {
    hold() {
      held = new Promise((resolve, reject) => {
        const end = (settle: () => void) => () => {
          held = undefined;
          settle();
        };
        commits.letGo = end(resolve);
        commits.fail = end(() => reject(new StoreError("lost", "the database is gone")));
      });
      held.catch(() => {});
    },
    letGo() {},
    fail() {},
  };
  const hosts = await start((store) => ({
    ...store,
    async commit(...args) {
      await held;
      return store.commit(...args);
    },
  }));
  return { commits, hosts };
};

const commandsOf = ({ op, commands = [] }: Posted) => (op === "submit" ? commands.map(({ command }) => command) : []);

test("a send is sent again when its host dies while another one is looked at that cannot be cloned", async () => {
  const { commits, hosts } = await startHeld();
  let submits = 0;
  const { connection } = hosts.connect(1, (port) =>
    through(port, (request) => {
      if (request.op === "submit") submits++;
      return request;
    }),
  );
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => connection.openQueue<unknown>(name)));
  commits.hold();
  const sent = [a?.send(1), b?.send(() => {}), c?.send(3)] as const;
  const before = submits;
  const refused = expect(sent[1]).rejects.toMatchObject({ code: "not-cloneable" });
  // The first of them is alone with the host, which cannot commit it.
  await expect.poll(() => submits).toBe(before + 2);
  commits.fail();
  await expect(hosts.current.host.ended).rejects.toBeDefined();
  await hosts.change();
  await Promise.all([sent[0], refused, sent[2]]);
  expect([await a?.stats(), await b?.stats(), await c?.stats()]).toMatchObject([
    { ready: 1 },
    { ready: 0 },
    { ready: 1 },
  ]);
});

test("what was sent in the turn in which its page is put to sleep leaves before it sleeps", async () => {
  const hosts = await start();
  const { connection, page } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  const other = await hosts.connect().connection.openQueue<number>("q");
  const sent = queue.send(1);
  page.suspend();
  await expect.poll(() => other.stats()).toMatchObject({ ready: 1 });
  page.resume();
  expect(await sent).toMatchObject({ duplicate: false });
  expect(await other.stats()).toMatchObject({ ready: 1 });
});

describe("of a request that is refused whole, only the one to blame hears", () => {
  const refusing = (change: (request: Posted) => Posted) => async () => {
    const { connection } = (await start()).connect(1, (port) => through(port, change));
    const [queue, bad] = [await connection.openQueue<number>("q"), await connection.openQueue<string>("bad")];
    await queue.send(0);
    const [held] = await queue.receive();
    const small = [queue.send(1), bad.send("good"), held?.ack(), bad.pause()];
    const blamed = bad.send("bad");
    const refused = expect(blamed).rejects.toMatchObject({ code: "invalid-argument" });
    await Promise.all([...small, bad.send("good, too"), refused]);
    expect((await bad.peek()).map(({ body }) => body)).toEqual(["good", "good, too"]);
    expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0, totals: { acked: 1 } });
  };
  const isBad = ({ bodies }: Record<string, unknown>) => `${bodies}`.includes('"bad"');

  test(
    "by the host",
    refusing((request) => {
      const commands = request.commands?.map((one) =>
        isBad(one.command) ? { ...one, command: { ...one.command, atomic: 7 } } : one,
      );
      return { ...request, ...(commands && { commands }) };
    }),
  );

  test(
    "by what carries it",
    refusing((request) => {
      if (commandsOf(request).some(isBad)) throw new RangeError("Invalid string length");
      return request;
    }),
  );
});

describe("requests are bounded", () => {
  const watch = async () => {
    const seen: Record<string, unknown>[][] = [];
    const hosts = await start();
    const { connection } = hosts.connect(1, (port) =>
      through(port, (request) => {
        if (request.op === "submit") seen.push(commandsOf(request));
        return request;
      }),
    );
    return { connection, seen };
  };

  test("in bytes: what is sent in one turn goes in parts", async () => {
    const { connection, seen } = await watch();
    const queue = await connection.openQueue<string>("q");
    const body = "x".repeat(2_000_000);
    await Promise.all([...Array.from({ length: 40 }, (_, i) => queue.send(`${body}${i}`)), queue.send("small")]);
    const bytes = seen.map((commands) => commands.reduce((sum, { bodies }) => sum + `${bodies ?? ""}`.length, 0));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(33 * 1024 * 1024);
    expect(Math.max(...bytes)).toBeGreaterThan(16 * 1024 * 1024);
    const peeked: string[] = [];
    for await (const page of queue.peekPages({ pageSize: 10 }))
      peeked.push(...page.map((one) => one.body.slice(2_000_000)));
    expect(peeked.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
  });

  test("in settlements: more than one request may have, gathered while there is no host, all go", () => {
    const settled: number[] = [];
    const call = async ({ commands }: Posted) => {
      for (const { command } of commands ?? []) {
        settled.push((command.settlements as MeasuredSettlement[]).reduce((sum, { seqs }) => sum + countOf(seqs), 0));
      }
      return new Promise<never>(() => {});
    };
    const welcome: Welcome = { instance: "a", epoch: 1, kind: "in-process", losses: [] };
    let isConnected = false;
    const hostLink = {
      wake() {},
      get welcome() {
        return isConnected ? welcome : undefined;
      },
      link: { call },
    } as unknown as HostLink;
    const idle = { ...runtime, afterTurn() {} };
    const pipeline = createPipeline(hostLink, idle, "database", createGathering(idle), async () => whole);
    for (let seq = 1; seq <= 100_001; seq++)
      pipeline.settle({ grantId: "g", seq, verdict: { type: "ack" }, onOver() {} });
    isConnected = true;
    pipeline.reconnected(welcome);
    expect(settled).toEqual([100_000, 1]);
  });
});
