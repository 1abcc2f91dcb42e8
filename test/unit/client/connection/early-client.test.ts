// A client that a page begins with, and what a whole one makes of what it has begun.

import { afterEach, describe, expect, test } from "vitest";
import { createClient, type Lifecycle } from "../../../../src/client/connection/client.js";
import { createPublicConnection } from "../../../../src/client/connection/connection.js";
import { createEarlyClient, type Rest } from "../../../../src/client/connection/early-client.js";
import { createHappenings } from "../../../../src/client/connection/happenings.js";
import { whole } from "../../../../src/client/connection/whole.js";
import type { ClientEvent } from "../../../../src/client/link/client-event.js";
import { createSender } from "../../../../src/client/queue/sender.js";
import { later } from "../../../../src/client/runtime/later.js";
import { runtime } from "../../../../src/client/runtime/runtime.js";
import { createIntake, type Intake } from "../../../../src/client/sending/intake.js";
import { withFilesRead } from "../../../../src/client/sending/reading.js";
import { createUsualIntake } from "../../../../src/client/sending/usual.js";
import { createPlatform } from "../../../../src/host/engine/platform.js";
import { type Host, openHost } from "../../../../src/host/host.js";
import { answerOpening } from "../../../../src/link/finding/answering.js";
import { holdLife } from "../../../../src/link/finding/life.js";
import { requestOpening } from "../../../../src/link/finding/opening.js";
import { type Deferred, deferred } from "../../../../src/link/rpc/deferred.js";
import type { Port } from "../../../../src/link/rpc/guard.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { createLocks } from "../locks.js";

interface Loaded extends Rest {
  readonly intake: Intake;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const presenceLock = (client: string) => `client ${client}`;

/** Hosts on one disk, one after the other, each with a lock as long as it lives. */
async function startHosts() {
  let disk = createMemoryDisk();
  const locks = createLocks();
  const ports: MessagePort[] = [];
  let count = 0;
  let host: Host;
  let release = () => {};
  const start = async () => {
    const lock = `host ${++count}`;
    const { end } = await holdLife(locks, lock);
    release = end;
    const platform = createPlatform("early", { locks, canary: undefined });
    host = await openHost({ kind: "shared-worker", store: createMemoryStore({ disk }), platform, lock, presenceLock });
    ends.push(() => host.close().catch(() => {}));
  };
  await start();
  return {
    locks,
    /** The ways to hosts that were opened by clients that begin or take over. */
    ports,
    openPort() {
      const { port1, port2 } = new MessageChannel();
      ports.push(port2);
      answerOpening(port2, async () => host, Promise.resolve(`host ${count}`));
      const patience = { locks, setTimer: runtime.setTimer, signMs: 1_000 };
      const opening = { storage: "memory", database: "early" } as const;
      const opened = requestOpening(port1, opening, patience);
      return { port: port1 as Port, opened: opened.then((found) => ({ port: port1 as Port, ...found })) };
    },
    /** Another client, to look. */
    look() {
      const client = createClient({
        runtime,
        locks,
        presenceLock,
        rest: async () => whole,
        openNotices: () => undefined,
        async openPort() {
          const { port1, port2 } = new MessageChannel();
          host.connect(port2);
          return { port: port1, lock: undefined };
        },
      });
      const connection = createPublicConnection(client, { isLazy: false, persisted: undefined });
      ends.push(() => connection.close({ force: true }));
      return connection.openQueue<unknown>("q");
    },
    /** Its ports go silent, then its locks are free, and the next one begins, `wiped`: on an empty disk. */
    async replace({ wiped = false } = {}) {
      if (wiped) disk = createMemoryDisk();
      for (const port of ports.splice(0)) port.close();
      const [ended, end] = [host, release];
      await ended.close();
      await start();
      end();
    },
  };
}

/** A client that has just begun, and what comes later once `arrive` is called. */
async function begin({ isUsual = true, isElsewhere = false } = {}) {
  const hosts = await startHosts();
  const loads: Deferred<void>[] = [];
  let page: Parameters<Lifecycle["listen"]>[0] | undefined;
  const lifecycle: Lifecycle = {
    listen(events) {
      page = events;
      return () => {};
    },
  };
  const parts = { runtime, locks: hosts.locks, lifecycle, presenceLock };
  const openWholePort: Parameters<typeof createClient>[0]["openPort"] = (onPort) => {
    const { port, opened } = hosts.openPort();
    onPort(port);
    return opened;
  };
  const rest = later<Loaded>(async () => {
    loads.push(deferred());
    await loads.at(-1)?.promise;
    return {
      intake: createIntake(withFilesRead),
      takeOver: (begun) =>
        createClient(
          { ...parts, rest: async () => whole, openNotices: () => undefined, openPort: openWholePort },
          begun,
        ),
      watch: () => ({ note() {} }),
    };
  });
  const happenings = createHappenings(() => undefined);
  const heard: ClientEvent[] = [];
  happenings.listen((event) => heard.push(event));
  const early = createEarlyClient({
    ...parts,
    happenings,
    openPort() {
      // The worker hears nothing where another context hosts.
      if (isElsewhere) return { port: new MessageChannel().port1 as Port, opened: Promise.resolve(undefined) };
      return isUsual ? hosts.openPort() : undefined;
    },
    rest: rest.get,
  });
  ends.push(() => early.close({ force: true }));
  const queue = createSender<unknown>({ name: "q", sending: early, intake: createUsualIntake(rest) });
  return {
    hosts,
    early,
    queue,
    loads,
    /** What was told to those who listen. */
    heard,
    arrive: () => loads.at(-1)?.resolve(),
    page: () => page as Parameters<Lifecycle["listen"]>[0],
    configure: (settings = {}) => early.configure("q", settings, undefined),
  };
}

const loaded = (loads: readonly unknown[]) => expect.poll(() => loads.length, { timeout: 10_000 }).toBeGreaterThan(0);
const bodiesOf = async (looking: Awaited<ReturnType<Awaited<ReturnType<typeof startHosts>>["look"]>>) =>
  (await looking.peek()).map(({ body }) => body);

test("sends in the order of the calls, and needs nothing else for it", async () => {
  const { hosts, queue, configure, loads } = await begin();
  await configure({ maxDeliveries: 7 });
  const sent = [
    queue.send({ n: 1 }),
    queue.sendBatch([{ body: 2, priority: 4 }, { body: 3 }]),
    queue.send(4, { headers: { h: "1" }, deduplicationId: "d" }),
    queue.send(5, { deduplicationId: "d" }),
  ];
  const receipts = (await Promise.all(sent)).flat();
  expect(receipts.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false, true]);
  expect(new Set(receipts.map(({ id }) => id)).size).toBe(4);
  expect(loads).toEqual([]);
  const looking = await hosts.look();
  expect(await bodiesOf(looking)).toEqual([{ n: 1 }, 2, 3, 4]);
  expect((await looking.stats()).settings.maxDeliveries).toBe(7);
});

describe("a whole client takes over", () => {
  test("when a send is refused: that one hears why, those beside it are stored once", async () => {
    const { hosts, queue, configure, loads, arrive } = await begin();
    await configure({ maxMessages: 2 });
    const sent = Promise.allSettled([queue.send(1), queue.send(2), queue.send(3)]);
    await loaded(loads);
    arrive();
    expect((await sent).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect((await sent)[2]).toMatchObject({ reason: { code: "full", detail: { maxMessages: 2 } } });
    expect(await bodiesOf(await hosts.look())).toEqual([1, 2]);
  });

  test("when its host is lost: what has no outcome is stored once, whether it had been or not", async () => {
    const { hosts, queue, configure, loads, arrive } = await begin();
    await configure();
    await queue.send(0);
    // Stored, and the answer is lost.
    const [port] = hosts.ports;
    const post = port?.postMessage.bind(port);
    if (port && post) port.postMessage = (data: { readonly type: string }) => data.type !== "RAW" && post(data);
    const first = queue.send(1);
    const looking = await hosts.look();
    await expect.poll(() => bodiesOf(looking), { timeout: 10_000 }).toEqual([0, 1]);
    await hosts.replace();
    const second = queue.send(2);
    await loaded(loads);
    arrive();
    expect(await Promise.all([first, second])).toMatchObject([{ duplicate: false }, { duplicate: false }]);
    expect(await bodiesOf(await hosts.look())).toEqual([0, 1, 2]);
  });

  test("as soon as it may be had, if it could not at first, and nothing that was sent hears of that", async () => {
    const { hosts, queue, configure, loads, arrive } = await begin();
    await configure();
    await hosts.replace();
    const sent = queue.send(1);
    await loaded(loads);
    loads.at(-1)?.reject(new TypeError("Failed to fetch dynamically imported module"));
    await expect.poll(() => loads.length, { timeout: 10_000 }).toBe(2);
    arrive();
    expect(await sent).toMatchObject({ duplicate: false });
    expect(await bodiesOf(await hosts.look())).toEqual([1]);
  });

  test("when there is no usual way to a host, and who opens a queue hears if it cannot be had", async () => {
    const { queue, configure, loads, arrive } = await begin({ isUsual: false });
    const opening = configure();
    await loaded(loads);
    arrive();
    await opening;
    expect(await queue.send(1)).toMatchObject({ duplicate: false });
    const another = await begin({ isUsual: false });
    const failing = another.configure();
    await loaded(another.loads);
    another.loads.at(-1)?.reject(new TypeError("Failed to fetch dynamically imported module"));
    await expect(failing).rejects.toMatchObject({ code: "unsupported" });
    await expect(another.queue.send(1)).rejects.toMatchObject({ code: "unsupported" });
  });
});

test("a whole client looks for the host at once where that is elsewhere: no answer is waited for that cannot come", async () => {
  const { configure, loads, arrive } = await begin({ isElsewhere: true });
  const opening = configure();
  await expect.poll(() => loads.length, { timeout: 5_000 }).toBe(1);
  arrive();
  await opening;
});

describe("the whole client that was asked for", () => {
  const CONNECTED = { type: "connected", isAnother: false };

  test("goes on at the port where the host is: what is on its way is stored once, and nobody hears of the change", async () => {
    const { hosts, early, queue, configure, loads, arrive, heard } = await begin();
    await configure();
    const asked = early.whole();
    await loaded(loads);
    const onItsWay = queue.send(1);
    await Promise.resolve();
    arrive();
    const client = await asked;
    expect(early.now).toBe(client);
    const after = queue.send(2);
    expect(await client.ask({ op: "stats", queue: "q" })).toMatchObject({ ready: expect.any(Number) });
    expect(await Promise.all([onItsWay, after])).toMatchObject([{ duplicate: false }, { duplicate: false }]);
    expect(hosts.ports).toHaveLength(1);
    expect(heard).toEqual([CONNECTED]);
    expect(await bodiesOf(await hosts.look())).toEqual([1, 2]);
    // Closed by the one, it is closed for the other.
    await early.close();
    expect(client.over.aborted).toBe(true);
  });

  test("stays at its host when a send was refused, too", async () => {
    const { hosts, early, queue, configure, loads, arrive, heard } = await begin();
    await configure({ maxMessages: 1 });
    const sent = Promise.allSettled([queue.send(1), queue.send(2)]);
    await loaded(loads);
    arrive();
    expect((await sent).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await early.whole()).host).toBeDefined();
    expect(hosts.ports).toHaveLength(1);
    expect(heard).toEqual([CONNECTED]);
  });

  test("stays at its host when the first settings were refused, too", async () => {
    const { hosts, early, configure, loads, arrive, heard } = await begin();
    const configuring = configure({ maxDeliveries: 0 });
    configuring.catch(() => {});
    await loaded(loads);
    arrive();
    await expect(configuring).rejects.toMatchObject({ code: "invalid-argument" });
    await (await early.whole()).connected();
    expect(hosts.ports).toHaveLength(1);
    expect(heard).toEqual([CONNECTED]);
  });

  test("knows of a host that was lost, and of another database", async () => {
    const { hosts, early, configure, loads, arrive, heard } = await begin();
    await configure();
    await hosts.replace({ wiped: true });
    await loaded(loads);
    arrive();
    await (await early.whole()).connected();
    const LOST = { type: "datalost", loss: { reason: "wiped", ids: [] } };
    expect(heard).toEqual([CONNECTED, { type: "disconnected" }, { type: "connected", isAnother: true }, LOST]);
  });

  test("hears again what the host has said that is not for one who only sends", async () => {
    const { hosts, early, configure, loads, arrive, heard } = await begin();
    await configure();
    const losses = { op: "losses", instance: "i", losses: [{ reason: "unreadable", ids: ["1"] }] };
    hosts.ports[0]?.postMessage({ id: "1", type: "APPLY", path: [], argumentList: [{ type: "RAW", value: losses }] });
    await loaded(loads);
    arrive();
    await (await early.whole()).connected();
    expect(hosts.ports).toHaveLength(2);
    expect(heard).toEqual([CONNECTED, { type: "disconnected" }, CONNECTED]);
  });

  test("connects when it has to, where nothing was called yet", async () => {
    const { hosts, early, loads, arrive } = await begin();
    const asked = early.whole();
    await loaded(loads);
    arrive();
    const client = await asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(hosts.ports).toEqual([]);
    await client.connected();
    expect(hosts.ports).toHaveLength(1);
  });

  test("of a page that sleeps comes when it wakes", async () => {
    const { early, queue, configure, page, loads, arrive, heard } = await begin();
    await configure();
    page().suspend();
    const asked = early.whole();
    await loaded(loads);
    arrive();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(early.now).toBeUndefined();
    page().resume();
    await (await asked).connected();
    await queue.send(1);
    expect(heard).toEqual([CONNECTED, { type: "disconnected" }, CONNECTED]);
  });

  test("is refused where it cannot be loaded, and what is sent goes on", async () => {
    const { early, queue, configure, loads } = await begin();
    await configure();
    const asked = early.whole();
    await loaded(loads);
    loads.at(-1)?.reject(new TypeError("Failed to fetch dynamically imported module"));
    await expect(asked).rejects.toMatchObject({ code: "unsupported" });
    expect(await queue.send(1)).toMatchObject({ duplicate: false });
  });
});

describe("what is not usual waits for who can take it in", () => {
  test("and what is sent after it waits behind it", async () => {
    const { hosts, queue, configure, loads, arrive } = await begin();
    await configure();
    const map = new Map([[1, 1]]);
    const sent = [queue.send(map), queue.send(2), queue.sendBatch([{ body: 3, deliverAt: new Date(0) }])];
    map.set(1, 2);
    await loaded(loads);
    arrive();
    await Promise.all(sent);
    expect(await bodiesOf(await hosts.look())).toEqual([new Map([[1, 1]]), 2, 3]);
  });

  test.each<[string, (queue: Awaited<ReturnType<typeof begin>>["queue"]) => Promise<unknown>, object]>([
    [
      "an unknown option",
      (queue) => queue.send(1, { prio: 1 } as never),
      { message: /send\(\): unknown option "prio"/ },
    ],
    ["an option out of range", (queue) => queue.send(1, { priority: 10 }), { message: /send\(\)\.priority must be/ }],
    ["two times", (queue) => queue.send(1, { delayMs: 1, deliverAt: 1 }), { message: /deliverAt must be left out/ }],
    ["no list", (queue) => queue.sendBatch(1 as never), { message: /sendBatch\(items\) must be an array/ }],
    [
      "no body",
      (queue) => queue.sendBatch([{}] as never),
      { message: /sendBatch\(items\)\[0\] must be an object with a body/ },
    ],
    ["a header", (queue) => queue.send(1, { headers: { a: 1 } } as never), { message: /headers\.a must be a string/ }],
    ["a function", (queue) => queue.send({ a: () => {} }), { code: "not-cloneable", message: /body\.a is a function/ }],
  ])("%s is refused as ever", async (_, call, expected) => {
    const { hosts, queue, configure, loads, arrive } = await begin();
    await configure();
    const called = call(queue);
    called.catch(() => {});
    const beside = queue.send("beside");
    await loaded(loads);
    arrive();
    const wanted = Object.fromEntries(
      Object.entries({ code: "invalid-argument", ...expected }).map(([name, value]) => [
        name,
        typeof value === "string" ? value : expect.stringMatching(value as RegExp),
      ]),
    );
    await expect(called).rejects.toMatchObject(wanted);
    await beside;
    expect(await bodiesOf(await hosts.look())).toEqual(["beside"]);
  });
});

describe("a page that is put to sleep", () => {
  test("leaves nothing behind that was called, before or after, and knows of it once it wakes", async () => {
    const { hosts, queue, configure, page, loads, arrive } = await begin();
    await configure();
    const before = queue.send(1);
    page().suspend();
    const after = [queue.send(2), queue.sendBatch([{ body: 3 }])];
    const looking = await hosts.look();
    await expect.poll(() => bodiesOf(looking), { timeout: 10_000 }).toEqual([1, 2, 3]);
    page().resume();
    await loaded(loads);
    arrive();
    expect((await Promise.all([before, ...after])).flat()).toMatchObject([1, 2, 3].map(() => ({ duplicate: false })));
    expect(await bodiesOf(looking)).toEqual([1, 2, 3]);
  });

  test("holds no lock, and begins when it wakes if it had not", async () => {
    const { hosts, queue, configure, page } = await begin();
    page().suspend();
    const opening = configure();
    const sent = queue.send(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(hosts.ports).toEqual([]);
    page().resume();
    await opening;
    expect(await sent).toMatchObject({ duplicate: false });
  });
});

describe("closing", () => {
  test("waits for what was sent, and takes nothing more", async () => {
    const { hosts, early, queue, configure, loads } = await begin();
    await configure();
    const sent = queue.send(1);
    await queue.close();
    await early.close();
    expect(await sent).toMatchObject({ duplicate: false });
    await expect(queue.send(2)).rejects.toMatchObject({ code: "closed" });
    await expect(early.send("q", {} as never)).rejects.toMatchObject({ code: "closed" });
    expect(await bodiesOf(await hosts.look())).toEqual([1]);
    expect(loads).toEqual([]);
  });

  test("is that of the whole client, if there is one", async () => {
    const { hosts, early, queue, configure, loads, arrive } = await begin();
    await configure();
    await hosts.replace();
    const sent = queue.send(1);
    await loaded(loads);
    const closing = early.close();
    arrive();
    await closing;
    expect(await sent).toMatchObject({ duplicate: false });
    expect(early.over.aborted).toBe(true);
  });
});
