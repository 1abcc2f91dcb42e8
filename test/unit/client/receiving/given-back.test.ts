// What came for somebody who has gone meanwhile goes back to the queue at once, uncounted.

import { afterEach, expect, test } from "vitest";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { startHost } from "../../host/world.js";
import { connectTo, type Hosts, startHosts } from "../client-fixture.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const start = async (): Promise<Hosts> => {
  const hosts = await startHosts();
  closing.push(() => hosts.close());
  return hosts;
};

test("a delivery that is in its commit when receive is aborted", async () => {
  const inner = createMemoryStore({ disk: createMemoryDisk() });
  let held: Promise<void> | undefined;
  let commits = 0;
  const store: typeof inner = {
    ...inner,
    async commit(...args) {
      commits++;
      await held;
      return inner.commit(...args);
    },
  };
  const host = await startHost({ store });
  closing.push(() => host.host.close());
  const { connection, client } = connectTo(() => host.port());
  closing.push(() => connection.close({ force: true }));
  const queue = await connection.openQueue<number>("q");
  await queue.send(1);
  let letGo = () => {};
  held = new Promise((resolve) => {
    letGo = resolve;
  });
  const before = commits;
  const aborting = new AbortController();
  const received = queue.receive({ waitMs: 60_000, signal: aborting.signal });
  await expect.poll(() => commits).toBe(before + 1);
  const reason = new Error("enough");
  aborting.abort(reason);
  await expect(received).rejects.toBe(reason);
  // Answered after the cancellation, which was posted before it.
  await client.ask({ op: "cancel", waiter: "nobody" });
  held = undefined;
  letGo();
  await expect.poll(() => queue.stats()).toMatchObject({ leased: 0, ready: 1 });
  expect(await queue.receive()).toMatchObject([{ attempt: 1 }]);
});

test("a delivery that is on its way when receive is aborted", async () => {
  const hosts = await start();
  // What the host posts, held up while told to.
  let late: unknown[] | undefined;
  const { port1, port2 } = new MessageChannel();
  const slow = (port: MessagePort): MessagePort => {
    port2.onmessage = ({ data }) => port.postMessage(data);
    port.onmessage = ({ data }) => (late ? late.push(data) : port2.postMessage(data));
    return port1;
  };
  const queue = await hosts.connect(1, slow).connection.openQueue<number>("q");
  const other = await hosts.connect().connection.openQueue<number>("q");
  await queue.send(1);
  const aborting = new AbortController();
  late = [];
  const received = queue.receive({ signal: aborting.signal });
  await expect.poll(() => late?.length).toBe(1);
  expect(await other.stats()).toMatchObject({ leased: 1, ready: 0 });
  const reason = new Error("enough");
  aborting.abort(reason);
  await expect(received).rejects.toBe(reason);
  for (const data of late) port2.postMessage(data);
  late = undefined;
  await expect.poll(() => other.stats()).toMatchObject({ leased: 0, ready: 1 });
  expect(await other.receive()).toMatchObject([{ attempt: 1, redelivered: false }]);
});

test("a delivery that a stream reads in the moment it is cancelled", async () => {
  const queue = await (await start()).connect().connection.openQueue<number>("q");
  await queue.send(1);
  const reader = queue.readable().getReader();
  await expect.poll(async () => (await queue.stats()).leased).toBe(1);
  const read = reader.read();
  await reader.cancel();
  expect(await read).toMatchObject({ done: true });
  expect(await queue.stats()).toMatchObject({ leased: 0, ready: 1 });
  expect(await queue.receive()).toMatchObject([{ attempt: 1 }]);
});
