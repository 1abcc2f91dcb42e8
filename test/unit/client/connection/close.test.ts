// What closing waits for.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Connection, connect } from "../../../../src/index.js";
import { type Hosts, startHosts } from "../client-fixture.js";

let database = "";
let count = 0;
let kept: Connection;
beforeEach(async () => {
  database = `close-${++count}`;
  // Keeps the host, so that one can look afterwards.
  kept = await connect({ storage: "memory", database });
});
afterEach(() => kept.close({ force: true }));
const statsOf = async () => (await kept.openQueue("q")).stats();

const held = () => {
  let letGo = () => {};
  const until = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { until, letGo };
};

describe("closing a queue while bounded work runs", () => {
  const start = async () => {
    const connection = await connect({ storage: "memory", database });
    const queue = await connection.openQueue<number>("q");
    await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const { until, letGo } = held();
    const seen: number[] = [];
    const drained = queue.consumeUntilEmpty(async ({ body }) => {
      seen.push(body);
      await until;
    });
    await expect.poll(() => seen).toEqual([1]);
    return { connection, drained, seen, letGo };
  };

  test("waits for the handler that runs and its acknowledgement, starts no other and gives them back", async () => {
    const { connection, drained, seen, letGo } = await start();
    let isClosed = false;
    const closed = connection.close().then(() => {
      isClosed = true;
    });
    await expect.poll(statsOf).toMatchObject({ leased: 1, ready: 2 });
    expect(isClosed).toBe(false);
    letGo();
    await closed;
    expect(await drained).toEqual({ handled: 1, remaining: 2 });
    expect(seen).toEqual([1]);
    expect(await statsOf()).toMatchObject({ leased: 0, ready: 2, totals: { acked: 1 } });
  });

  test("by force gives back what is in work, too, and does not wait", async () => {
    const { connection, drained, letGo } = await start();
    drained.catch(() => {});
    await connection.close({ force: true });
    expect(await statsOf()).toMatchObject({ leased: 0, ready: 3, totals: { acked: 0 } });
    letGo();
  });
});

test("closing a lazy connection sends what was sent through it first", async () => {
  const connection = await connect({ storage: "memory", database, lazy: true });
  const queue = await connection.openQueue<number>("q");
  const sent = queue.send(1);
  await connection.close();
  expect(await sent).toMatchObject({ duplicate: false });
  expect(await statsOf()).toMatchObject({ ready: 1 });
});

test("closing a lazy connection that was never used connects to nobody", async () => {
  const connection = await connect({ storage: "memory", database, lazy: true });
  await connection.openQueue<number>("q");
  await connection.close();
  expect(await kept.diagnostics()).toMatchObject({ clients: 1 });
});

describe("closing while there is no host", () => {
  let hosts: Hosts;
  beforeEach(async () => {
    hosts = await startHosts();
  });
  afterEach(() => hosts.close());

  /** Handlers that have ended, and their acknowledgements under way to nobody; what was not begun goes back to nobody. */
  const handleInVain = async (hurry?: number) => {
    const { connection } = hosts.connect(hurry);
    const queue = await connection.openQueue<number>("q");
    await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const { until, letGo } = held();
    const begun: number[] = [];
    queue.consume(
      async ({ body }) => {
        begun.push(body);
        await until;
      },
      { concurrency: 2, prefetch: 3 },
    );
    await expect.poll(() => begun).toEqual([1, 2]);
    await hosts.current.host.close();
    await expect.poll(() => connection.host).toBe(undefined);
    letGo();
    return { connection };
  };

  test("by force ends at once, whatever is still to be said", async () => {
    const { connection } = await handleInVain();
    await connection.close({ force: true });
    await expect(connection.openQueue("q")).rejects.toMatchObject({ code: "closed" });
  });

  test("gives up after a while", async () => {
    const { connection } = await handleInVain(50);
    await connection.close();
    await expect(connection.openQueue("q")).rejects.toMatchObject({ code: "closed" });
  });

  test("by force ends what waits without", async () => {
    const { connection } = await handleInVain();
    const patient = connection.close();
    await connection.close({ force: true });
    await patient;
  });
});
