// Stores over a queue in memory, with the host in this process. What a framework does with them is in test/frameworks.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openQueue, type Queue, QueueError } from "../../../../src/index.js";
import { createQueueStore, type QueueStore, type Store, type StoreOptions } from "../../../../src/store.js";

interface Order {
  readonly sku: string;
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let database: string;
const ends: (() => unknown)[] = [];
beforeEach(() => {
  database = crypto.randomUUID();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A queue as another tab has it. */
async function openElsewhere(name = "orders"): Promise<Queue<Order>> {
  const queue = await openQueue<Order>(name, { storage: "memory", database });
  ends.push(() => queue.close({ force: true }));
  return queue;
}

interface Watched {
  readonly store: QueueStore<Order>;
  /** Queues that were opened for it, in their order. */
  readonly opened: Queue<Order>[];
  /** What was called of these, by name. */
  readonly calls: string[];
}

/** A store whose queue tells what is asked of it. */
function createStore(options: StoreOptions = { keepAliveMs: 30, everyMs: 5 }): Watched {
  const opened: Queue<Order>[] = [];
  const calls: string[] = [];
  const store = createQueueStore(async () => {
    const queue = await openQueue<Order>("orders", { storage: "memory", database });
    const told = new Proxy(queue, {
      get(target, name, receiver) {
        const value = Reflect.get(target, name, receiver);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          calls.push(String(name));
          return value.apply(target, args);
        };
      },
    });
    opened.push(told);
    return told;
  }, options);
  return { store, opened, calls };
}

/** A component: subscribes, and keeps what it was shown. */
function mount<Snapshot>(store: Store<Snapshot>) {
  const shown: Snapshot[] = [store.getSnapshot()];
  const unsubscribe = store.subscribe(() => shown.push(store.getSnapshot()));
  ends.push(unsubscribe);
  return { shown, unmount: unsubscribe, last: () => shown.at(-1) as Snapshot };
}

const countOf = (calls: readonly string[], name: string) => calls.filter((call) => call === name).length;

describe("a store", () => {
  test("opens nothing before somebody subscribes or sends, and shows the empty snapshots of a server", async () => {
    const { store, opened } = createStore();
    expect(store.getSnapshot()).toEqual({ status: "opening", error: undefined, queue: undefined, connected: false });
    expect(store.stats.getSnapshot()).toMatchObject({ status: "opening", ready: 0, dead: 0, byPriority: [] });
    expect(store.messages().getSnapshot()).toEqual({ status: "opening", error: undefined, messages: [] });
    expect(store.sender().getSnapshot()).toEqual({ pending: false, error: undefined });
    expect(store.consumer(() => {}).getSnapshot()).toEqual({ status: "opening", error: undefined, active: 0 });
    await pass(20);
    expect(opened).toHaveLength(0);
    for (const one of [store, store.stats, store.messages()]) {
      expect(one.getServerSnapshot()).toBe(one.getSnapshot());
    }
  });

  test("opens one queue and subscribes to its statistics once for a hundred components", async () => {
    const { store, opened, calls } = createStore();
    const components = Array.from({ length: 100 }, () => mount(store.stats));
    const lists = Array.from({ length: 10 }, () => mount(store.messages({ max: 5 })));
    const others = Array.from({ length: 10 }, () => mount(store));
    await store.withQueue((queue) => queue.send({ sku: "tea" }));
    for (const { last } of components) await expect.poll(last).toMatchObject({ status: "open", ready: 1 });
    for (const { last } of lists) await expect.poll(last).toMatchObject({ messages: [{ body: { sku: "tea" } }] });
    for (const { last } of others) {
      expect(last()).toMatchObject({ status: "open", connected: true });
      expect(last().queue).toBe(opened[0]);
    }
    expect(opened).toHaveLength(1);
    expect(countOf(calls, "subscribeStats")).toBe(1);
    // All of them see one object.
    expect(new Set(components.map(({ last }) => last())).size).toBe(1);
  });

  test("closes its queue a while after the last component has left, and forgets what it knew", async () => {
    const { store, calls } = createStore();
    const [first, second] = [mount(store.stats), mount(store.stats)];
    await store.withQueue((queue) => queue.send({ sku: "tea" }));
    await expect.poll(first.last).toMatchObject({ ready: 1 });
    first.unmount();
    await pass(100);
    expect(countOf(calls, "close")).toBe(0);
    second.unmount();
    expect(store.stats.getSnapshot()).toMatchObject({ ready: 1 });
    await expect.poll(() => countOf(calls, "close")).toBe(1);
    expect(store.stats.getSnapshot()).toBe(store.stats.getServerSnapshot());
  });

  test("begins nothing anew for a component that is mounted, unmounted and mounted again", async () => {
    const { store, opened, calls } = createStore();
    const strict = mount(store.stats);
    strict.unmount();
    const again = mount(store.stats);
    await expect.poll(again.last).toMatchObject({ status: "open" });
    again.unmount();
    const later = mount(store.stats);
    expect(later.last()).toMatchObject({ status: "open" });
    await pass(100);
    expect(opened).toHaveLength(1);
    expect(countOf(calls, "subscribeStats")).toBe(1);
    expect(countOf(calls, "close")).toBe(0);
  });

  test("opens a queue anew for the next component, after the last one was closed", async () => {
    const { store, opened, calls } = createStore();
    const first = mount(store.stats);
    await expect.poll(first.last).toMatchObject({ status: "open" });
    first.unmount();
    await expect.poll(() => countOf(calls, "close")).toBe(1);
    const second = mount(store.stats);
    expect(second.last()).toMatchObject({ status: "opening", ready: 0 });
    await expect.poll(second.last).toMatchObject({ status: "open" });
    expect(opened).toHaveLength(2);
  });

  test("never closes a queue that was given to it open", async () => {
    const queue = await openElsewhere();
    const store = createQueueStore(queue, { keepAliveMs: 0, everyMs: 5 });
    const first = mount(store.stats);
    await expect.poll(first.last).toMatchObject({ status: "open" });
    first.unmount();
    await pass(30);
    await queue.send({ sku: "tea" });
    const second = mount(store.stats);
    await expect.poll(second.last).toMatchObject({ ready: 1 });
  });

  test("takes no option that there is not, and no value that is none", () => {
    const open = () => openQueue("orders", { storage: "memory", database });
    const refusal = (options: object) => {
      try {
        createQueueStore(open, options);
      } catch (error) {
        return (error as QueueError).message;
      }
      return undefined;
    };
    expect(refusal({ keepAlive: 0 })).toContain('unknown option "keepAlive"; known are everyMs, keepAliveMs');
    expect(refusal({ everyMs: 0 })).toContain("createQueueStore().everyMs must be");
    expect(refusal({ keepAliveMs: -1 })).toContain("createQueueStore().keepAliveMs must be");
    expect(refusal({ keepAliveMs: Number.POSITIVE_INFINITY, everyMs: undefined })).toBeUndefined();
  });

  test("says what it was given that is no queue, and tries again", async () => {
    const given: unknown[] = [undefined, await openElsewhere()];
    const store = createQueueStore<Order>(async () => given.shift() as Queue<Order>, { keepAliveMs: 0, everyMs: 5 });
    const { last } = mount(store.stats);
    await expect.poll(last).toMatchObject({ status: "failed", error: { code: "invalid-argument" } });
    expect(last().error?.message).toContain("a function that returns a promise of one, got undefined");
    await store.withQueue(() => {});
    await expect.poll(last).toMatchObject({ status: "open" });
  });

  test("tells of a listener that was given twice twice, and of the one that is left once", async () => {
    const { store } = createStore();
    const listener = vi.fn();
    const unsubscribe = store.stats.subscribe(listener);
    ends.push(store.stats.subscribe(listener));
    await expect.poll(() => listener.mock.calls.length).toBe(2);
    unsubscribe();
    unsubscribe();
    await store.withQueue((queue) => queue.send({ sku: "tea" }));
    await expect.poll(() => store.stats.getSnapshot().ready).toBe(1);
    expect(listener.mock.calls.length).toBeLessThan(4 + 2);
    expect(store.stats.getSnapshot()).toMatchObject({ status: "open" });
  });

  test("shows 10,000 changes at frames only, and the last of them", async () => {
    const { store } = createStore({ everyMs: 1 });
    let frames = 0;
    vi.stubGlobal("requestAnimationFrame", (callback: () => void) =>
      setTimeout(() => {
        frames++;
        callback();
      }, 16),
    );
    vi.stubGlobal("cancelAnimationFrame", clearTimeout);
    try {
      const { shown, last } = mount(store.stats);
      const list = mount(store.messages({ max: 3 }));
      const orders = await openElsewhere();
      for (let i = 0; i < 100; i++) {
        await Promise.all(Array.from({ length: 100 }, () => orders.send({ sku: `${i}` })));
      }
      await expect.poll(last).toMatchObject({ ready: 10_000, totals: { accepted: 10_000 } });
      expect(shown.length).toBeGreaterThan(2);
      expect(shown.length - 1).toBeLessThanOrEqual(frames);
      expect(list.shown.length - 1).toBeLessThanOrEqual(frames);
      expect(new Set(shown).size).toBe(shown.length);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("shows why its queue could not be opened, and all of it goes on once a send has opened it", async () => {
    let isBroken = true;
    const queue = await openElsewhere();
    const store = createQueueStore(
      async () => {
        if (isBroken) throw new QueueError("storage-failed", "the disk is gone");
        return openQueue<Order>("orders", { storage: "memory", database });
      },
      { everyMs: 5 },
    );
    const handled: string[] = [];
    const consumer = store.consumer(({ body }) => void handled.push(body.sku));
    const sender = store.sender();
    const all = [store, store.stats, store.messages(), consumer].map((one) => mount(one as Store<object>));
    for (const { last } of all) {
      await expect.poll(last).toMatchObject({ status: "failed", error: { code: "storage-failed" } });
    }
    const sends = mount(sender);
    await expect(sender.send({ sku: "tea" })).rejects.toMatchObject({ code: "storage-failed" });
    await expect.poll(sends.last).toMatchObject({ pending: false, error: { code: "storage-failed" } });
    isBroken = false;
    await sender.send({ sku: "coffee" });
    for (const { last } of all) await expect.poll(last).toMatchObject({ status: "open", error: undefined });
    await expect.poll(sends.last).toEqual({ pending: false, error: undefined });
    await expect.poll(() => handled).toEqual(["coffee"]);
    expect(await queue.stats()).toMatchObject({ totals: { accepted: 1 } });
  });

  test("moves to another queue when somebody has deleted the one it had, after one call that was refused", async () => {
    const { store, opened } = createStore();
    const stats = mount(store.stats);
    await store.sender().send({ sku: "tea" });
    await expect.poll(stats.last).toMatchObject({ ready: 1 });
    await store.withQueue((queue) => queue.delete());
    await expect(store.sender().send({ sku: "coffee" })).rejects.toMatchObject({ code: "closed" });
    await expect.poll(stats.last).toMatchObject({ status: "open", ready: 0 });
    await store.sender().send({ sku: "coffee" });
    await expect.poll(stats.last).toMatchObject({ ready: 1 });
    expect(opened).toHaveLength(2);
  });

  test("moves to another queue when the one it had is over", async () => {
    const ended: ((event: CustomEvent) => void)[] = [];
    const consumed: number[] = [];
    let count = 0;
    const fake = () => {
      const number = ++count;
      const queue: Partial<Queue<Order>> = {
        addEventListener: (type: string, listener: unknown) => {
          if (type === "ended") ended.push(listener as (event: CustomEvent) => void);
        },
        removeEventListener() {},
        subscribeStats: () => () => {},
        consume() {
          consumed.push(number);
          const stop = async () => {};
          return { closed: new Promise<void>(() => {}), stop, pause() {}, resume() {} } as never;
        },
        send: async () => ({ id: `${number}`, duplicate: false }) as never,
        close: async () => {},
      };
      return queue as Queue<Order>;
    };
    const store = createQueueStore(async () => fake());
    const itself = mount(store);
    mount(store.consumer(() => {}));
    await expect.poll(itself.last).toMatchObject({ status: "open" });
    const first = itself.last().queue;
    const reason = new QueueError("denied", "the token was refused");
    for (const listener of ended.splice(0)) listener(new CustomEvent("ended", { detail: { reason } }));
    await expect.poll(itself.last).toMatchObject({ status: "failed", error: reason, connected: false });
    expect(await store.sender().send({ sku: "tea" })).toMatchObject({ id: "2" });
    await expect.poll(itself.last).toMatchObject({ status: "open", error: undefined, connected: true });
    expect(itself.last().queue).not.toBe(first);
    expect(consumed).toEqual([1, 2]);
  });
});

describe("messages", () => {
  test("follow what is sent and taken, and are read one after the other", async () => {
    const { store, calls } = createStore();
    const orders = await openElsewhere();
    const all = mount(store.messages());
    const delayed = mount(store.messages({ state: "delayed", max: 1 }));
    const skus = () => all.last().messages.map(({ body }) => body.sku);
    await orders.send({ sku: "tea" });
    await orders.send({ sku: "coffee" }, { delayMs: 60_000 });
    await expect.poll(skus).toEqual(["tea", "coffee"]);
    await expect.poll(() => delayed.last().messages.map(({ body }) => body.sku)).toEqual(["coffee"]);
    const [delivery] = await orders.receive({ waitMs: 1_000 });
    await delivery?.ack();
    await expect.poll(skus).toEqual(["coffee"]);
    expect(countOf(calls, "subscribeStats")).toBe(1);
    expect(store.messages({ max: 1, state: "delayed" })).toBe(store.messages({ state: "delayed", max: 1 }));
  });

  test.each([{ limit: 5 }, { max: Number.NaN }])("with %s fail by themselves alone", async (misspelt: object) => {
    const { store } = createStore();
    const wrong = mount(store.messages(misspelt));
    const right = mount(store.messages());
    await expect.poll(wrong.last).toMatchObject({ status: "failed", error: { code: "invalid-argument" } });
    await expect.poll(right.last).toMatchObject({ status: "open", messages: [] });
  });
});

describe("a consumer", () => {
  test("runs the newest handler without beginning anew", async () => {
    const { store, calls } = createStore();
    const handled: string[] = [];
    const consumer = store.consumer(({ body }) => void handled.push(`first ${body.sku}`));
    const { last } = mount(consumer);
    await expect.poll(last).toMatchObject({ status: "open" });
    const orders = await openElsewhere();
    await orders.send({ sku: "tea" });
    await expect.poll(() => handled).toEqual(["first tea"]);
    for (const render of ["second", "third"]) {
      consumer.update(({ body }) => void handled.push(`${render} ${body.sku}`), { concurrency: undefined as never });
    }
    await orders.send({ sku: "tea" });
    await expect.poll(() => handled).toEqual(["first tea", "third tea"]);
    expect(countOf(calls, "consume")).toBe(1);
  });

  test("of a component that is mounted, unmounted and mounted again consumes once, and not at all if it is not again", async () => {
    const { store, calls } = createStore();
    ends.push(store.stats.subscribe(() => {}));
    await store.withQueue(() => {});
    const consumer = store.consumer(() => {});
    consumer.subscribe(() => {})();
    await pass(30);
    expect(countOf(calls, "consume")).toBe(0);
    consumer.subscribe(() => {})();
    const { last } = mount(consumer);
    await expect.poll(last).toMatchObject({ status: "open" });
    expect(countOf(calls, "consume")).toBe(1);
  });

  test("stops with its component: handlers that run end, and what comes is left to others", async () => {
    const { store } = createStore();
    let finish = () => {};
    const handled: string[] = [];
    const consumer = store.consumer(async ({ body }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      handled.push(body.sku);
    });
    const { last, unmount } = mount(consumer);
    const orders = await openElsewhere();
    await orders.send({ sku: "tea" });
    await expect.poll(last).toMatchObject({ active: 1 });
    unmount();
    await orders.send({ sku: "coffee" });
    await expect.poll(() => orders.stats()).toMatchObject({ leased: 1, ready: 1, load: { handlers: 0 } });
    finish();
    await expect.poll(() => orders.stats()).toMatchObject({ leased: 0, ready: 1, totals: { acked: 1 } });
    expect(handled).toEqual(["tea"]);
  });

  test("begins anew with other options, and pauses and goes on without", async () => {
    const { store, calls } = createStore();
    const handled: string[] = [];
    const handler = ({ body }: { readonly body: Order }) => void handled.push(body.sku);
    const consumer = store.consumer(handler, { concurrency: 2, paused: true });
    const { last } = mount(consumer);
    const orders = await openElsewhere();
    await expect.poll(last).toMatchObject({ status: "open" });
    await orders.send({ sku: "tea" });
    await pass(50);
    expect(handled).toEqual([]);
    consumer.update(handler, { concurrency: 2, paused: false });
    await expect.poll(() => handled).toEqual(["tea"]);
    expect(countOf(calls, "consume")).toBe(1);
    consumer.update(handler, { concurrency: 3 });
    await expect.poll(() => orders.stats()).toMatchObject({ load: { handlers: 3 } });
    expect(countOf(calls, "consume")).toBe(2);
  });

  test("follows options that are changed in place", async () => {
    const { store, calls } = createStore();
    const options = { concurrency: 2, paused: false };
    const consumer = store.consumer(() => {}, options);
    mount(consumer);
    const orders = await openElsewhere();
    await expect.poll(() => orders.stats()).toMatchObject({ load: { handlers: 2 } });
    options.concurrency = 3;
    consumer.update(() => {}, options);
    await expect.poll(() => orders.stats()).toMatchObject({ load: { handlers: 3 } });
    options.paused = true;
    consumer.update(() => {}, options);
    await expect.poll(() => orders.stats()).toMatchObject({ load: { handlers: 0 } });
    expect(countOf(calls, "consume")).toBe(2);
  });

  test("shows what its options have wrong until they are right, and that it was ended", async () => {
    const { store } = createStore();
    for (const options of [{ concurrency: 0 }, { concurency: 2 } as object]) {
      const consumer = store.consumer(() => {}, options);
      const wrong = mount(consumer);
      await expect.poll(wrong.last).toMatchObject({ status: "failed", error: { code: "invalid-argument" } });
      consumer.update(() => {}, {});
      await expect.poll(wrong.last).toMatchObject({ status: "open", error: undefined });
      wrong.unmount();
    }
    const reason = new QueueError("denied", "may not consume");
    const closed = Promise.reject(reason);
    closed.catch(() => {});
    const denied = {
      ...({ addEventListener() {}, removeEventListener() {}, close: async () => {} } as object),
      consume: () => ({ closed, stop: async () => {}, pause() {}, resume() {} }),
    } as unknown as Queue<Order>;
    const ended = mount(createQueueStore(async () => denied).consumer(() => {}));
    await expect.poll(ended.last).toMatchObject({ status: "failed", error: reason });
  });
});

describe("a sender", () => {
  test("takes the body as it is now, also before the queue is open, and out of a proxy", async () => {
    const { store } = createStore();
    const form = new Proxy({ sku: "tea" }, {});
    const { send } = store.sender();
    const sent = send(form);
    form.sku = "";
    await sent;
    const orders = await openElsewhere();
    expect(await orders.peek()).toMatchObject([{ body: { sku: "tea" } }]);
  });

  test("shows that a send is under way, and how the last one failed until the next", async () => {
    let open = () => {};
    const mayOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    const store = createQueueStore(async () => {
      await mayOpen;
      return openQueue<Order>("orders", { storage: "memory", database });
    });
    const sender = store.sender();
    const { shown, last } = mount(sender);
    const other = mount(store.sender());
    const sent = sender.send({ sku: "tea" });
    await expect.poll(last).toEqual({ pending: true, error: undefined });
    open();
    await sent;
    await expect.poll(last).toEqual({ pending: false, error: undefined });
    // Nobody waits for this one: no rejection is left unhandled.
    void sender.send({ sku: "tea" }, { priority: 99 });
    await expect.poll(last).toMatchObject({ pending: false, error: { code: "invalid-argument" } });
    await sender.send({ sku: "tea" });
    await expect.poll(last).toEqual({ pending: false, error: undefined });
    expect(shown.length).toBeGreaterThanOrEqual(4);
    expect(other.shown).toHaveLength(1);
  });

  test("keeps the queue open until its message is durable, and closes it then", async () => {
    const { store, calls } = createStore({ keepAliveMs: 0 });
    await store.sender().send({ sku: "tea" });
    await expect.poll(() => countOf(calls, "close")).toBe(1);
    const orders = await openElsewhere();
    expect(await orders.stats()).toMatchObject({ ready: 1 });
  });
});
