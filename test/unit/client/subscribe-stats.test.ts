import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { QueueStats } from "../../../src/index.js";
import { type Hosts, startHosts } from "./client-fixture.js";

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("subscribed statistics", () => {
  let hosts: Hosts;
  beforeEach(async () => {
    hosts = await startHosts();
  });
  afterEach(() => hosts.close());

  const subscribe = async (everyMs = 20) => {
    const connected = hosts.connect();
    const queue = await connected.connection.openQueue<number>("q");
    const seen: QueueStats[] = [];
    const end = queue.subscribeStats((stats) => seen.push(stats), { everyMs });
    await expect.poll(() => seen.length).toBe(1);
    return { ...connected, queue, seen, end };
  };

  test("come now, and then only when something has changed", async () => {
    const { queue, seen } = await subscribe();
    await pass(100);
    expect(seen).toMatchObject([{ ready: 0, load: { handlers: 0 } }]);
    await queue.send(1);
    await expect.poll(() => seen.length).toBe(2);
    await pass(100);
    expect(seen[1]).toMatchObject({ ready: 1 });
    expect(seen.length).toBe(2);
    queue.consume(() => new Promise(() => {}), { concurrency: 3 });
    await expect.poll(() => seen.at(-1)).toMatchObject({ ready: 0, leased: 1, load: { handlers: 3 } });
  });

  test("go on after a callback has thrown, whose error is seen as any that nobody caught", async () => {
    const thrown = new Error("a bug of the application");
    const uncaught: unknown[] = [];
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (error) => uncaught.push(error));
    try {
      const queue = await hosts.connect().connection.openQueue<number>("q");
      const seen: number[] = [];
      const callback = ({ ready }: QueueStats) => {
        seen.push(ready);
        if (ready === 1) throw thrown;
      };
      queue.subscribeStats(callback, { everyMs: 1 });
      await expect.poll(() => seen.at(-1)).toBe(0);
      await queue.send(1);
      await expect.poll(() => seen.at(-1)).toBe(1);
      await queue.send(2);
      await expect.poll(() => seen.at(-1)).toBe(2);
      expect(uncaught).toEqual([thrown]);
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of others) process.on("unhandledRejection", listener);
    }
  });

  test("go on whatever the callback gives back: it never crosses to the host", async () => {
    const queue = await hosts.connect().connection.openQueue<number>("q");
    const seen: number[] = [];
    const end = queue.subscribeStats(
      (({ ready }) => {
        seen.push(ready);
        return new Proxy({ ready }, {});
      }) as (stats: QueueStats) => void,
      { everyMs: 1 },
    );
    await expect.poll(() => seen.at(-1)).toBe(0);
    for (const n of [1, 2, 3]) {
      await queue.send(n);
      await expect.poll(() => seen.at(-1)).toBe(n);
    }
    end();
  });

  test("leave no listener behind when they end", async () => {
    const queue = await hosts.connect().connection.openQueue<number>("q");
    const signals = new Set<AbortSignal>();
    const adding = vi.spyOn(AbortSignal.prototype, "addEventListener");
    for (let i = 0; i < 20; i++) queue.subscribeStats(() => {})();
    for (const signal of adding.mock.contexts) signals.add(signal as AbortSignal);
    adding.mockRestore();
    const left = [...signals].map((signal) => getEventListeners(signal, "abort").length);
    expect(Math.max(...left)).toBe(0);
  });

  test("come when a delayed message falls due", async () => {
    const { queue, seen } = await subscribe();
    await queue.send(1, { delayMs: 150 });
    await expect.poll(() => seen.at(-1)).toMatchObject({ delayed: 1, ready: 0 });
    await expect.poll(() => seen.at(-1)).toMatchObject({ delayed: 0, ready: 1 });
  });

  test("come at most once in everyMs, with the last state at the end", async () => {
    const { queue, seen } = await subscribe(200);
    for (let i = 0; i < 10; i++) {
      await queue.send(i);
      await pass(20);
    }
    await expect.poll(() => seen.at(-1)).toMatchObject({ ready: 10 });
    expect(seen.length).toBeLessThanOrEqual(4);
  });

  test("go on under the next host", async () => {
    const { queue, seen } = await subscribe();
    await hosts.change();
    await expect.poll(() => seen.length).toBeGreaterThan(1);
    await queue.send(1);
    await expect.poll(() => seen.at(-1)).toMatchObject({ ready: 1 });
  });

  test("stop while the page is hidden, and come at once when it is shown", async () => {
    const { queue, seen, page } = await subscribe();
    page.setHidden(true);
    await queue.send(1);
    await pass(100);
    expect(seen.length).toBe(1);
    page.setHidden(false);
    await expect.poll(() => seen.at(-1)).toMatchObject({ ready: 1 });
    page.suspend();
    const before = seen.length;
    page.resume();
    await expect.poll(() => seen.length).toBeGreaterThan(before);
  });

  test("end when told to, and with the queue", async () => {
    const { queue, seen, end } = await subscribe();
    end();
    const other: QueueStats[] = [];
    queue.subscribeStats((stats) => other.push(stats), { everyMs: 20 });
    await expect.poll(() => other.length).toBe(1);
    await queue.send(1);
    await expect.poll(() => other.length).toBe(2);
    expect(seen.length).toBe(1);
    await queue.close();
    const another = await hosts.connect().connection.openQueue<number>("q");
    await another.send(2);
    await pass(100);
    expect(other.length).toBe(2);
  });
});
