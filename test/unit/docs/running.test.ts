// The samples that need something around them, run with it: a real server where they name one, and stand-ins for what is the
// application's own. Those that say `runs` are run by samples.test.ts.

import { createHmac, timingSafeEqual } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bridge, toQueue } from "../../../src/bridge.js";
import { type LocalFirstQueue, openQueue, type Queue, QueueError, type QueueOptions } from "../../../src/index.js";
import * as telemetry from "../../../src/opentelemetry.js";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../src/outbox.js";
import { type Authorize, type ServeOptions, serve } from "../../../src/server.js";
import { blocksOf, PAGES } from "./pages.js";
import { openTab, type Tab } from "./recipes.js";

/** Which other test runs a sample as it stands, or what it is about. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "docs/bridges.md#0": "test/bridge/documented.test.ts",
  "docs/bridges.md#2": "test/bridge/documented.test.ts",
  "docs/bridges.md#4": "test/bridge/documented.test.ts",
  "docs/bundlers.md#0": "test/packaging/vite.test.ts: app/own-worker.ts",
  "docs/coming-from.md#0": "test/outbox/workbox.test.ts, in a service worker",
  "docs/outbox.md#3": "test/outbox/encrypted.test.ts, in a service worker",
  "docs/outbox.md#4": "test/outbox/workbox.test.ts, in a service worker",
  "docs/contexts.md#0": "test/docs/samples.test.ts",
  "docs/contexts.md#1": "test/docs/samples.test.ts",
  "docs/edge.md#6": "test/packaging/wrangler.long.test.ts",
  "docs/edge.md#7": "test/contract/worker.durable-object.test.ts, in workerd",
  "docs/encryption.md#0": "test/unit/encryption/opening.test.ts",
  "docs/encryption.md#1": "test/unit/encryption/opening.test.ts",
  "docs/encryption.md#2": "test/unit/encryption/locked.test.ts",
  "docs/encryption.md#3": "test/unit/encryption/encrypting.test.ts",
  "docs/encryption.md#4": "test/unit/encryption/rekeying.test.ts",
  "docs/encryption.md#5": "test/browser/generated-key.test.ts",
  "docs/encryption.md#6": "test/unit/integrations/encrypted-backup.test.ts",
  "docs/guide.md#5": "test/docs/samples.test.ts",
  "docs/inspector.md#0": "test/docs/samples.test.ts",
  "docs/inspector.md#1": "test/docs/samples.test.ts",
  "docs/outbox-element.md#0": "test/docs/samples.test.ts",
  "docs/outbox-element.md#1": "test/docs/samples.test.ts",
  "docs/outbox-element.md#2": "test/docs/samples.test.ts",
  "docs/outbox-element.md#3": "test/docs/samples.test.ts",
  "docs/transactional.md#0": "test/docs/samples.test.ts",
  "docs/transactional.md#1": "test/docs/samples.test.ts",
  "docs/transactional.md#2": "test/docs/samples.test.ts",
};

const samples = new Map(
  PAGES.filter((page) => !/^docs\/(decisions\/|cookbook|frameworks)/.test(page))
    .flatMap((page) => blocksOf(page, "ts"))
    .filter(({ flags }) => !flags.includes("runs"))
    .map(({ name, code }) => [name, code]),
);

interface Around {
  readonly code: string;
  readonly tab: Tab;
  /** The address of a server; without `authorize` everyone may do everything there. */
  serverUrl(authorize?: Authorize): Promise<string>;
}

const tried = new Set<string>();
let endings: (() => unknown)[] = [];
const atEnd = <Made>(made: Made, end: (made: Made) => unknown): Made => {
  endings.push(() => end(made));
  return made;
};
beforeEach(() => {
  endings = [];
});
afterEach(async () => {
  for (const end of endings.reverse()) await end();
});

const eventually = (look: () => unknown) => expect.poll(look, { timeout: 10_000 });
const closed = <Made extends { close(options?: { readonly force?: boolean }): unknown }>(made: Made): Made =>
  atEnd(made, () => made.close({ force: true }));

function sample(name: string, run: (around: Around) => Promise<void>): void {
  tried.add(name);
  test(name, async () => {
    const tab = atEnd(await openTab(name), ({ connection }) => connection.close({ force: true }));
    const code = samples.get(name) ?? expect.fail(`there is no sample ${name}, or it says that it runs by itself`);
    await run({
      code,
      tab,
      async serverUrl(authorize) {
        const options = { port: 0, memory: true, ...(authorize && { authorize }) };
        return atEnd(await serve(options), (server) => server.close()).url;
      },
    });
  });
}

/** With what the sample declares made visible. */
const withExports = (code: string, ...names: string[]) => `${code}\nexport { ${names.join(", ")} };`;
const atServer = (code: string, url: string) => code.replaceAll(/wss?:\/\/[\w.-]+(:\d+)?/g, url);

/** Opens queues as the package does, those without an address in the tab. */
const opener =
  (tab: Tab) =>
  async (name: string, options: QueueOptions & { readonly url?: string } = {}): Promise<Queue> =>
    options.url === undefined ? tab.connection.openQueue(name, options) : closed(await openQueue(name, options));

const events = () => {
  const target = new EventTarget();
  const waiting: Promise<unknown>[] = [];
  return {
    addEventListener: target.addEventListener.bind(target),
    /** What the event's listeners want it to wait for. */
    async fire(type: string, more: object = {}) {
      const event = new Event(type);
      target.dispatchEvent(Object.assign(event, { waitUntil: (work: Promise<unknown>) => waiting.push(work) }, more));
      await Promise.all(waiting);
    },
  };
};

sample("README.md#0", async ({ code, tab }) => {
  const log = vi.fn();
  const { orders } = await tab.run(withExports(code, "orders"), { console: { log } });
  await (orders as unknown as Queue).whenIdle();
  expect(log.mock.calls).toEqual([["shipped", "tea"]]);
});

sample("README.md#1", async ({ code, tab, serverUrl }) => {
  const { shared } = await tab.run(withExports(atServer(code, await serverUrl()), "shared"), {
    freshToken: async () => "token",
    openQueue: opener(tab),
  });
  await (shared as unknown as Queue).send("by the server");
  expect(await (shared as unknown as Queue).stats()).toMatchObject({ ready: 1 });
});

sample("README.md#2", async ({ code, tab }) => {
  const posted: string[] = [];
  const mail = await tab.connection.openQueue("mail");
  await tab.run(code.replace("waitMs: 10_000", "waitMs: 10"), {
    openQueue: tab.connection.openQueue,
    letter: "later",
    letters: ["first", "second"],
    trace: "1-2-3",
    badge: () => {},
    fetch: async (_url: string, { body }: { body: string }) => {
      posted.push(JSON.parse(body));
      return new Response();
    },
  });
  expect(new Set(posted)).toEqual(new Set(["first", "second"]));
  expect(await mail.peek()).toMatchObject([
    { body: "later", priority: 9, headers: { trace: "1-2-3" }, state: "delayed" },
  ]);
});

sample("README.md#3", async ({ code, tab }) => {
  const { addEventListener, fire } = events();
  const posted: unknown[] = [];
  const mail = await tab.connection.openQueue("mail");
  await mail.send("letter");
  const post = async ({ body }: { body: unknown }) => posted.push(body);
  await tab.run(code, { addEventListener, post }, { "originmq/service-worker": tab.connection });
  await fire("sync");
  expect(posted).toEqual(["letter"]);
});

sample("docs/bridges.md#1", async ({ code, tab }) => {
  const { addEventListener, fire } = events();
  const [orders, there] = await Promise.all(["orders", "there"].map((name) => tab.connection.openQueue(name)));
  await orders?.send("tea");
  const target = toQueue(there as Queue);
  await tab.run(code, { addEventListener, openQueue: tab.connection.openQueue, bridge, target });
  await fire("sync");
  expect(await there?.peek()).toMatchObject([{ body: "tea" }]);
  expect(await orders?.stats()).toMatchObject({ ready: 0, leased: 0 });
});

sample("docs/bridges.md#3", async ({ code, tab }) => {
  const stored: unknown[] = [];
  const confirmed: unknown[] = [];
  const hears: ((...packet: unknown[]) => Promise<void>)[] = [];
  await tab.run(code, {
    openQueue: tab.connection.openQueue,
    storeOnce: async (...about: unknown[]) => stored.push(about),
    client: {
      on: (_type: string, listener: (...packet: unknown[]) => Promise<void>) => hears.push(listener),
      publishAsync: async (...given: unknown[]) => confirmed.push(given),
    },
  });
  await hears[0]?.("orders/7", "tea", { properties: { userProperties: { "originmq-id": "a-1" } } });
  const received = await tab.connection.openQueue("received");
  await received.send("coffee", { headers: { "mqtt-id": "a-2" } });
  await received.whenIdle();
  expect(stored).toEqual([
    ["a-1", "tea"],
    ["a-2", "coffee"],
  ]);
  expect(confirmed).toEqual(["a-1", "a-2"].map((id) => ["confirmed/till-7", id, { qos: 1 }]));
});

sample("docs/bundlers.md#1", async ({ code, tab }) => {
  const shipped: string[] = [];
  for (const edit of ["first", "second"]) {
    await tab.run(code, { openQueue: tab.connection.openQueue, ship: async () => shipped.push(edit) });
  }
  const orders = await tab.connection.openQueue("orders");
  await eventually(async () => (await orders.stats()).load.handlers).toBe(1);
  await orders.send("tea");
  await orders.whenIdle();
  expect(shipped).toEqual(["second"]);
});

sample("docs/bundlers.md#2", async ({ code, tab }) => {
  const orders = await tab.connection.openQueue("orders");
  let dispose = () => {};
  const hot = { dispose: (end: () => void) => (dispose = end) };
  await tab.run(code.replace("import.meta.hot", "hot"), { orders, hot, ship: async () => {} });
  await eventually(async () => (await orders.stats()).load.handlers).toBe(1);
  dispose();
  await eventually(async () => (await orders.stats()).load.handlers).toBe(0);
});

sample("docs/coming-from.md#1", async ({ code, tab }) => {
  const shipped: unknown[] = [];
  const orders = await tab.connection.openQueue("orders");
  await orders.send("by hand");
  await tab.run(code, { ship: async (order: unknown) => shipped.push(order) });
  await orders.send("by the consumer");
  await orders.whenIdle();
  expect(shipped).toEqual(["by hand", "by the consumer"]);
  expect((await orders.stats()).totals).toMatchObject({ acked: 2, deliveries: 2 });
});

sample("docs/contexts.md#2", async ({ code, tab }) => {
  const warn = vi.fn();
  const target = new EventTarget();
  const connect = async (options: object) => Object.assign(target, { options });
  const { connection } = await tab.run(
    withExports(code, "connection"),
    { console: { warn } },
    { originmq: { connect } },
  );
  expect(connection).toMatchObject({ options: { persist: true } });
  target.dispatchEvent(new CustomEvent("persisted", { detail: { persisted: true } }));
  expect(warn).not.toHaveBeenCalled();
  target.dispatchEvent(new CustomEvent("persisted", { detail: { persisted: false } }));
  expect(warn).toHaveBeenCalledTimes(1);
});

sample("docs/contexts.md#3", async ({ code, tab }) => {
  const warn = vi.fn();
  const target = new EventTarget();
  const connect = async (options: object) => Object.assign(target, { options });
  const { connection } = await tab.run(
    withExports(code, "connection"),
    { console: { warn } },
    { originmq: { connect } },
  );
  expect(connection).toMatchObject({ options: { lowStorage: 0.2 } });
  target.dispatchEvent(new CustomEvent("storagelow", { detail: { quota: 100, usage: 90 } }));
  expect(warn.mock.calls).toEqual([["10 bytes are left"]]);
});

sample("docs/edge.md#0", async ({ code, tab }) => {
  const serveHere = async (options: ServeOptions) => {
    expect(options).toMatchObject({ port: 7420, directory: "./data" });
    const { directory: _, ...rest } = options;
    return closed(await serve({ ...rest, port: 0, memory: true } as ServeOptions));
  };
  const { server } = await tab.run(
    withExports(code, "server"),
    { tillOf: async (token?: string) => (token === "7" ? { name: "till-7", until: Date.now() + 60_000 } : undefined) },
    { "originmq/server": { serve: serveHere } },
  );
  const url = `${(server as unknown as { url: string }).url}/mq/shop`;
  const orders = closed(await openQueue("orders", { url, token: () => "7" }));
  expect(await orders.send("tea")).toMatchObject({ duplicate: false });
  await expect(openQueue("orders", { url, token: () => "8" })).rejects.toMatchObject({ code: "denied" });
});

sample("docs/edge.md#1", async ({ code, tab, serverUrl }) => {
  const { orders } = await tab.run(withExports(atServer(code, await serverUrl()), "orders"), {
    openQueue: opener(tab),
    freshToken: async () => "token",
  });
  expect(await (orders as unknown as Queue).send("tea")).toMatchObject({ duplicate: false });
});

sample("docs/edge.md#2", async ({ code, tab, serverUrl }) => {
  const printed: unknown[] = [];
  const { orders } = await tab.run(
    withExports(atServer(code, await serverUrl()), "orders"),
    { console: { log: (body: unknown) => printed.push(body) } },
    { originmq: { openQueue: opener(tab) } },
  );
  await (orders as unknown as Queue).send("tea");
  await eventually(() => printed).toEqual(["tea"]);
});

describe("a token is made by one sample and read by the next", () => {
  const secret = "only the servers know";
  let token = "";

  sample("docs/edge.md#3", async ({ code, tab }) => {
    const response = { end: (text: string) => (token = text) };
    await tab.run(code, { session: { till: "till-7" }, createHmac, secret, response });
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
  });

  sample("docs/edge.md#4", async ({ code, tab, serverUrl }) => {
    const read = (given = "") => {
      const [text = "", signature = ""] = given.split(".");
      const right = createHmac("sha256", secret).update(text).digest();
      const had = Buffer.from(signature, "base64url");
      return had.length === right.length && timingSafeEqual(had, right)
        ? JSON.parse(Buffer.from(text, "base64url").toString())
        : undefined;
    };
    const { authorize } = await tab.run(code, { read, rightsOf: () => ({ orders: ["send"] }) });
    const url = `${await serverUrl(authorize)}/mq/shop`;
    const orders = closed(await openQueue("orders", { url, token: () => token }));
    expect(await orders.send("tea")).toMatchObject({ duplicate: false });
    await expect(openQueue("orders", { url, token: () => `${token}x` })).rejects.toMatchObject({ code: "denied" });
  });
});

sample("docs/edge.md#5", async ({ code, tab, serverUrl }) => {
  const url = await serverUrl(({ token }) =>
    token === "of the session" ? { client: "till-7", queues: { orders: ["send"] } } : null,
  );
  const { orders } = await tab.run(withExports(atServer(code, url), "orders"), {
    openQueue: opener(tab),
    fetch: async (_url: string, { method }: RequestInit) => new Response(method === "POST" ? "of the session" : ""),
  });
  expect(await (orders as unknown as Queue).send("tea")).toMatchObject({ duplicate: false });
});

sample("docs/edge.md#8", async ({ code, tab }) => {
  const urls: string[] = [];
  const outside = {
    openQueue: async (_name: string, { url }: { url: string }) => urls.push(url),
    freshToken: async () => "token",
  };
  await tab.run(code, outside);
  await tab.run(code, outside);
  // A third server: the database stays where it is, or moves there.
  await tab.run(
    code.replace('"wss://mq-2.example.com"', '"wss://mq-2.example.com", "wss://mq-3.example.com"'),
    outside,
  );
  expect(urls[0]).toMatch(/^wss:\/\/mq-[12]\.example\.com\/mq\/shop-12\.\d+$/);
  expect(urls[1]).toBe(urls[0]);
  expect([urls[0], urls[0]?.replace(/mq-\d/, "mq-3")]).toContain(urls[2]);
});

sample("docs/edge.md#9", async ({ code, tab }) => {
  const options = { port: 0, memory: true };
  const server = await serve(options);
  const { port } = new URL(server.url);
  const orders = closed(await openQueue("orders", { url: `${server.url}/mq/shop` }));
  const line = { textContent: "" };
  await tab.run(code, { orders, document: { querySelector: () => line } });
  await server.close();
  await eventually(() => line.textContent).toContain("offline");
  closed(await serve({ ...options, port: Number(port) }));
  await eventually(() => line.textContent).toBe("online");
});

sample("docs/edge.md#10", async ({ code, tab, serverUrl }) => {
  const shipped: unknown[] = [];
  const ticked: unknown[] = [];
  const openLocal = async (name: string, options: object) =>
    closed(await openQueue(name, { ...options, storage: "memory" } as never));
  const { orders, id, remote } = await tab.run(
    withExports(atServer(code, await serverUrl()), "orders", "id", "remote"),
    {
      openQueue: openLocal,
      freshToken: async () => "token",
      tick: (ids: readonly string[]) => ticked.push(...ids),
      show: () => {},
      ship: async (order: unknown) => shipped.push(order),
    },
  );
  await eventually(() => shipped).toEqual([{ sku: "tea", quantity: 2 }]);
  await eventually(() => ticked).toEqual([id]);
  expect(remote).toBeDefined();
  await eventually(async () => (await (orders as unknown as LocalFirstQueue).stats()).ready).toBe(0);
});

sample("docs/metrics.md#0", async ({ code, tab }) => {
  const { orders } = await tab.run(
    withExports(code, "orders"),
    { openQueue: tab.connection.openQueue },
    { "originmq/opentelemetry": telemetry },
  );
  await (orders as unknown as Queue).send("tea");
  const [delivery] = await (orders as unknown as Queue).receive();
  expect(delivery?.body).toBe("tea");
});

describe("the outbox", () => {
  const answers: number[] = [];
  const asked: Request[] = [];
  const { fetch } = globalThis;
  beforeEach(() => {
    answers.length = asked.length = 0;
    globalThis.fetch = async (request) => {
      asked.push(request as Request);
      return new Response(null, { status: answers.shift() ?? 201 });
    };
  });
  afterEach(() => {
    globalThis.fetch = fetch;
  });
  const inMemory = (options: OutboxOptions) =>
    closed(
      createOutbox({
        storage: "memory",
        database: `outbox-${crypto.randomUUID()}`,
        backoff: { baseMs: 1, maxMs: 10 },
        reconnectSpreadMs: 0,
        ...options,
      }),
    );

  sample("docs/outbox.md#0", async ({ code, tab }) => {
    answers.push(503);
    const shown: unknown[] = [];
    const delivered: unknown[] = [];
    await tab.run(
      code.replace('"/saves"', '"https://shop.test/saves"'),
      {
        freshToken: async () => `token ${asked.length}`,
        form: new FormData(),
        title: "Tea",
        show: (text: string) => shown.push(text),
        markDone: (metadata: unknown) => delivered.push(metadata),
        explain: () => {},
      },
      { "originmq/outbox": { createOutbox: inMemory } },
    );
    expect(shown).toEqual(["Saved here, and sent as soon as the server can be reached"]);
    await eventually(() => delivered).toEqual([{ title: "Tea" }]);
    expect(asked.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer token 0", "Bearer token 1"]);
  });

  sample("docs/outbox.md#1", async ({ code, tab }) => {
    const { addEventListener, fire } = events();
    await tab.run(code, { createOutbox: inMemory, addEventListener, options: {} });
    const handled: string[] = [];
    for (const [method, path] of [
      ["POST", "api/saves"],
      ["GET", "api/saves"],
      ["POST", "elsewhere"],
    ] as const) {
      const request = new Request(`https://shop.test/${path}`, { method });
      await fire("fetch", { request, respondWith: () => handled.push(`${method} ${path}`) });
    }
    expect(handled).toEqual(["POST api/saves"]);
  });

  sample("docs/outbox.md#2", async ({ code, tab }) => {
    answers.push(503);
    const outbox: Outbox = inMemory({ replay: false });
    await outbox.fetch("https://shop.test/saves", { method: "POST", body: "tea" });
    const { first } = await tab.run(withExports(code, "first"), { outbox });
    expect(first).toMatchObject({ url: "https://shop.test/saves", lastStatus: 503 });
    expect(await outbox.waiting()).toEqual([]);
  });
});

sample("docs/storage.md#0", async ({ code, tab }) => {
  const [log, warn] = [vi.fn(), vi.fn()];
  await (await tab.connection.openQueue("orders")).send("tea");
  await tab.run(code, { console: { log, warn } }, { originmq: { connect: async () => tab.connection } });
  expect([log.mock.calls, warn.mock.calls]).toEqual([[["1 messages, 0 faults"]], []]);
  const fault = { kind: "orphan", message: "a batch" };
  const check = async (options?: { readonly repair?: boolean }) => ({
    faults: [{ ...fault, isRepaired: options?.repair === true }],
  });
  await tab.run(code, { console: { log, warn } }, { originmq: { connect: async () => ({ check }) } });
  expect(warn.mock.calls).toEqual([[[{ ...fault, isRepaired: false }], [{ ...fault, isRepaired: true }]]]);
});

sample("docs/production.md#0", async ({ code, tab }) => {
  const reports: unknown[][] = [];
  const { place } = await tab.run(
    code,
    { report: (...about: unknown[]) => reports.push(about), offerReload: () => {}, gauge: () => {} },
    { originmq: { connect: async () => tab.connection, QueueError } },
  );
  const order = place as unknown as (sku: string) => Promise<void>;
  await order("tea");
  const orders = await tab.connection.openQueue("orders");
  const [delivery] = await orders.receive();
  await delivery?.deadLetter("no tea");
  await eventually(() => reports).toEqual([["dead letters", 1]]);
  await expect(order((() => {}) as never)).rejects.toMatchObject({ code: "not-cloneable" });
  expect(reports.at(-1)).toEqual(["send", "not-cloneable"]);
});

test("every sample runs by itself, is run here, or it is said where", () => {
  expect([...tried, ...Object.keys(ELSEWHERE)].sort()).toEqual([...samples.keys()].sort());
});
