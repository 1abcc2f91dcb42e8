// What was said of a consumer to one host is not said to the next: that one hears how it is now.

import { afterEach, expect, test } from "vitest";
import { type Hosts, startHosts } from "../client-fixture.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Frame = { readonly argumentList?: readonly { readonly value?: { readonly op?: string } }[] };

/** Hosts whose first one never sees requests with these names, while `isDeaf`. */
const startDeaf = async (...ops: string[]) => {
  const hosts: Hosts = await startHosts();
  closing.push(() => hosts.close());
  const ear = { isDeaf: false, missed: 0, ports: [] as MessagePort[] };
  const through = (port: MessagePort): MessagePort => {
    ear.ports.push(port);
    const post = port.postMessage.bind(port);
    port.postMessage = (frame: Frame) => {
      const op = frame.argumentList?.[0]?.value?.op;
      if (ear.isDeaf && op !== undefined && ops.includes(op)) ear.missed++;
      else post(frame);
    };
    return port;
  };
  return { hosts, ear, client: hosts.connect(1, through) };
};

test("a consumer that stopped while there was no host is unknown to the next one", async () => {
  const { hosts, ear, client } = await startDeaf("consume");
  const queue = await client.connection.openQueue<number>("q");
  ear.isDeaf = true;
  const consumer = queue.consume(() => {});
  await expect.poll(() => ear.missed).toBe(1);
  await hosts.current.host.close();
  await expect.poll(() => client.client.host).toBe(undefined);
  await consumer.stop();
  ear.isDeaf = false;
  await hosts.change();
  await queue.send(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0, totals: { deliveries: 0 } });
});

test("a consumer that was paused under one host and resumed while there was none goes on under the next", async () => {
  const { hosts, ear, client } = await startDeaf("consume");
  const queue = await client.connection.openQueue<number>("q");
  const seen: number[] = [];
  const consumer = queue.consume(({ body }) => void seen.push(body));
  await queue.send(1);
  await expect.poll(() => seen).toEqual([1]);
  ear.isDeaf = true;
  consumer.pause();
  await expect.poll(() => ear.missed).toBe(1);
  await hosts.current.host.close();
  await expect.poll(() => client.client.host).toBe(undefined);
  consumer.resume();
  ear.isDeaf = false;
  await hosts.change();
  await queue.send(2);
  await expect.poll(() => seen, { timeout: 2_000 }).toEqual([1, 2]);
  await queue.send(3);
  await expect.poll(() => seen, { timeout: 2_000 }).toEqual([1, 2, 3]);
});

test("stopping a consumer ends with the host that was asked", async () => {
  const { hosts, ear, client } = await startDeaf("cancel");
  const queue = await client.connection.openQueue<number>("q");
  const consumer = queue.consume(() => {});
  await queue.stats();
  ear.isDeaf = true;
  let isStopped = false;
  void consumer.stop().then(() => {
    isStopped = true;
  });
  await expect.poll(() => ear.missed).toBe(1);
  await hosts.current.host.close();
  await expect.poll(() => isStopped, { timeout: 2_000 }).toBe(true);
  ear.isDeaf = false;
  await hosts.change();
});
