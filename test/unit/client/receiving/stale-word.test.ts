// What was said of a consumer, or of who watches, to one host is not said to the next: that one hears how it is now.

import { afterEach, describe, expect, test } from "vitest";
import { type Hosts, startHosts } from "../client-fixture.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Frame = { readonly argumentList?: readonly { readonly value?: { readonly op?: string } }[] };

/** Hosts that never see requests with these names, while `isDeaf`; `heard`: what the one that is there has been asked. */
const startDeaf = async (...ops: string[]) => {
  const hosts: Hosts = await startHosts();
  closing.push(() => hosts.close());
  const ear = { isDeaf: false, missed: 0, heard: [] as string[] };
  const through = (port: MessagePort): MessagePort => {
    ear.heard = [];
    const post = port.postMessage.bind(port);
    port.postMessage = (frame: Frame) => {
      const op = frame.argumentList?.[0]?.value?.op;
      if (ear.isDeaf && op !== undefined && ops.includes(op)) ear.missed++;
      else {
        if (op !== undefined) ear.heard.push(op);
        post(frame);
      }
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
  await expect.poll(() => seen).toEqual([1, 2]);
  await queue.send(3);
  await expect.poll(() => seen).toEqual([1, 2, 3]);
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
  await expect.poll(() => isStopped).toBe(true);
  ear.isDeaf = false;
  await hosts.change();
});

describe("a watch of statistics that its host never heard of", () => {
  const lost = async () => {
    const deaf = await startDeaf("watch");
    const queue = await deaf.client.connection.openQueue<number>("q");
    deaf.ear.isDeaf = true;
    const seen: number[] = [];
    const unsubscribe = queue.subscribeStats(({ ready }) => seen.push(ready), { everyMs: 20 });
    await expect.poll(() => deaf.ear.missed).toBe(1);
    await deaf.hosts.current.host.close();
    await expect.poll(() => deaf.client.client.host).toBe(undefined);
    deaf.ear.isDeaf = false;
    return { ...deaf, queue, seen, unsubscribe };
  };

  test("is asked of the next one once, where it goes on", async () => {
    const { hosts, ear, queue, seen } = await lost();
    await hosts.change();
    await queue.send(1);
    await expect.poll(() => seen.at(-1)).toBe(1);
    expect(ear.heard.filter((op) => op === "watch")).toEqual(["watch"]);
  });

  test.each([
    ["it ended meanwhile", ({ unsubscribe }: Awaited<ReturnType<typeof lost>>) => unsubscribe()],
    ["its page was hidden meanwhile", ({ client }: Awaited<ReturnType<typeof lost>>) => client.page.setHidden(true)],
  ])("is not asked of the next one where %s", async (_, ends) => {
    const watched = await lost();
    const { hosts, ear, queue, seen } = watched;
    ends(watched);
    await hosts.change();
    await queue.send(1);
    expect(await queue.stats()).toMatchObject({ ready: 1 });
    expect(ear.heard).not.toContain("watch");
    expect(seen).toEqual([]);
  });
});
