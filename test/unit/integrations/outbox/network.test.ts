// The outbox over a network that lies, stalls or answers for somebody else. The server's part is a function.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Connection, connect, type Queue, type QueueOptions, type SendOptions } from "../../../../src/index.js";
import { type Connect, createOutboxOver } from "../../../../src/integrations/outbox/outbox.js";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../../src/outbox.js";

const QUICK = { backoff: { baseMs: 5, maxMs: 20 }, reconnectSpreadMs: 0, rateLimit: null } as const;
const outboxes: Outbox[] = [];
let database = "";
let count = 0;

beforeEach(() => {
  database = `network-${++count}`;
});
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  vi.unstubAllGlobals();
});

const open = (options: OutboxOptions = {}): Outbox => {
  const outbox = createOutbox({ storage: "memory", database, ...QUICK, ...options });
  outboxes.push(outbox);
  return outbox;
};
const post = (path = "a", init: RequestInit = {}) =>
  new Request(`https://a.test/${path}`, { method: "POST", body: "x", ...init });
/** Held, as a network holds what it has begun: Node collects a request that nobody else knows, and its signal with it. */
const underWay: Request[] = [];
/** The network as a function of what is asked; `asked` names it. */
const network = (answer: (request: Request, n: number) => Response | Promise<Response>) => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(new URL(request.url).pathname.slice(1));
    request.signal.throwIfAborted();
    underWay.push(request);
    return new Promise<Response>((resolve, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
      Promise.resolve(answer(request, asked.length)).then(resolve, reject);
    });
  });
  return asked;
};
const unreachable = (): never => {
  throw new TypeError("Failed to fetch");
};
const never = () => new Promise<Response>(() => {});
const browserSays = (onLine: boolean) => vi.stubGlobal("navigator", { onLine });
const untilEmpty = (outbox: Outbox) => expect.poll(async () => (await outbox.waiting()).length).toBe(0);

/** Connections whose queues do some things otherwise. */
const connectWith =
  (change: (queue: Queue) => Partial<Queue>): Connect =>
  async (options) => {
    const connection = await connect(options);
    const openQueue = async (name: string, how?: QueueOptions) => {
      const queue = await connection.openQueue(name, how);
      return { ...queue, ...change(queue) };
    };
    return { ...connection, openQueue: openQueue as Connection["openQueue"] };
  };

describe("Retry-After", () => {
  test.each(["2592000", "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "of %j stores the request, due within the hour",
    async (value) => {
      network(() => new Response("", { status: 503, headers: { "retry-after": value } }));
      const outbox = open();
      expect((await outbox.fetch(post())).status).toBe(202);
      expect((await outbox.fetch(post("b"))).status).toBe(202);
      const latest = Date.now() + 3_600_000 + 2 * 20;
      for (const { dueAt } of await outbox.waiting()) expect(dueAt).toBeLessThanOrEqual(latest);
    },
  );

  test("of 0 leaves the backoff as it is", async () => {
    const asked = network(() => new Response("", { status: 503, headers: { "retry-after": "0" } }));
    const backoff = { baseMs: 3_600_000, maxMs: 3_600_000 };
    const outbox = open({ mode: "queue-first", breakerThreshold: 0, backoff });
    await outbox.fetch(post());
    await expect.poll(async () => (await outbox.waiting())[0]).toMatchObject({ state: "delayed", lastStatus: 503 });
    expect(asked).toHaveLength(1);
  });
});

describe("an answer that is none", () => {
  const login = () =>
    Object.defineProperties(new Response("log in"), {
      redirected: { value: true },
      url: { value: "https://a.test/login" },
    });

  test("does not deliver: a login page keeps the request waiting, and says where it came from", async () => {
    let isLoggedIn = false;
    network(() => (isLoggedIn ? new Response("", { status: 201 }) : login()));
    const outbox = open({ mode: "queue-first" });
    await outbox.fetch(post());
    await expect.poll(async () => (await outbox.waiting())[0]?.lastFailure).toBe("HTTP 200, from https://a.test/login");
    isLoggedIn = true;
    await untilEmpty(outbox);
    expect(await outbox.dead.list()).toEqual([]);
  });

  test("is stored on the first attempt, too", async () => {
    network(login);
    expect((await open().fetch(post())).status).toBe(202);
  });

  test("is a delivery where the application says so, and a death, with its beginning", async () => {
    network(login);
    const delivering = open({ judge: () => "delivered" });
    expect(await (await delivering.fetch(post())).text()).toBe("log in");
    const killing = open({ name: "other", mode: "queue-first", judge: () => "dead" });
    await killing.fetch(post());
    await expect.poll(async () => killing.dead.list()).toMatchObject([{ status: 200, answer: "log in" }]);
  });
});

describe("the last moment of a page", () => {
  const page = new EventTarget();
  beforeEach(() => {
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  });
  const last = { mode: "queue-first", metadata: "last" } as const;
  const stored = async (outbox: Outbox) => (await outbox.waiting()).map(({ metadata }) => metadata);

  test("stores what is only stored, although another of its group still waits for its answer", async () => {
    network(never);
    const outbox = open({ replay: false });
    const begun = outbox.fetch(post());
    begun.catch(() => {});
    const before = outbox.fetch(post(), last);
    page.dispatchEvent(new Event("pagehide"));
    await Promise.all([before, outbox.fetch(post(), last)]);
    expect(await stored(outbox)).toEqual(["last", "last"]);
    await outbox.clear();
  });

  test("is over when the page comes back: what is only stored keeps its place again", async () => {
    const answers: (() => void)[] = [];
    network(() => new Promise((resolve) => answers.push(() => resolve(new Response("", { status: 503 })))));
    const outbox = open({ replay: false });
    for (const type of ["pagehide", "pageshow"]) page.dispatchEvent(new Event(type));
    const both = [outbox.fetch(post(), { metadata: "first" }), outbox.fetch(post(), last)];
    await expect.poll(() => answers.length).toBe(1);
    answers[0]?.();
    await Promise.all(both);
    expect(await stored(outbox)).toEqual(["first", "last"]);
  });
});

describe("a browser that says it is offline", () => {
  test("is not believed for ever: one request is tried now and then, and its answer lets the others go", async () => {
    browserSays(false);
    const asked = network(() => new Response("", { status: 201 }));
    const outbox = open({ mode: "queue-first" });
    for (const path of ["a", "b", "c"]) await outbox.fetch(post(path));
    await untilEmpty(outbox);
    expect(asked.sort()).toEqual(["a", "b", "c"]);
  });

  test("is believed of a refusal, which is the portal's", async () => {
    browserSays(false);
    const asked = network(() => new Response("pay first", { status: 403 }));
    const outbox = open({ mode: "queue-first" });
    await outbox.fetch(post());
    await expect.poll(() => asked.length).toBeGreaterThan(1);
    expect(await outbox.dead.list()).toEqual([]);
    expect(await outbox.waiting()).toHaveLength(1);
  });

  test("waits longer from one try to the next", async () => {
    browserSays(false);
    const times: number[] = [];
    network(() => {
      times.push(performance.now());
      return unreachable();
    });
    const outbox = open({ mode: "queue-first", backoff: { baseMs: 40, maxMs: 40 } });
    await outbox.fetch(post());
    await expect.poll(() => times.length).toBeGreaterThan(3);
    // Tries are 20, 40 and 80 ms apart at least: half of a wait that doubles.
    expect((times[3] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(20 + 40 + 80);
  });

  test("and has come back without a word is found out by any answer", async () => {
    browserSays(false);
    const asked = network(() => new Response("", { status: 201 }));
    const hour = { baseMs: 3_600_000, maxMs: 3_600_000 };
    const outbox = open({ backoff: hour });
    await outbox.fetch(post("a"), { mode: "queue-first" });
    expect(await outbox.waiting()).toHaveLength(1);
    await outbox.fetch(post("b"));
    await untilEmpty(outbox);
    expect(asked).toEqual(["b", "a"]);
  });
});

describe("order", () => {
  test("holds however long it takes to find out whether something waits", async () => {
    const asked = network(() => new Response("", { status: 201 }));
    // A host that has a lot to do, as one has whose disk is slow.
    const isGroupWaiting = (queue: Queue) => async (group: string) => {
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      return queue.isGroupWaiting(group);
    };
    const connectSlowly = connectWith((queue) => ({ isGroupWaiting: isGroupWaiting(queue) }));
    const outbox = createOutboxOver(connectSlowly, { storage: "memory", database, ...QUICK, replay: false });
    outboxes.push(outbox);
    await outbox.fetch(post("a"), { mode: "queue-first" });
    expect((await outbox.fetch(post("a"))).status).toBe(202);
    expect(asked).toEqual([]);
  });

  test("is that of the calls, however long a body takes to be read", async () => {
    const outbox = open({ mode: "queue-first", replay: false });
    let finish = () => {};
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        finish = () => {
          controller.enqueue(new TextEncoder().encode("slow"));
          controller.close();
        };
      },
    });
    const first = outbox.fetch(post("a?1", { body: slow, duplex: "half" } as RequestInit));
    const second = outbox.fetch(post("a?2"));
    finish();
    await Promise.all([first, second]);
    expect((await outbox.waiting()).map(({ url }) => url)).toEqual(["https://a.test/a?1", "https://a.test/a?2"]);
  });
});

describe("an abort", () => {
  test("ends a body that is being read, after the headers came", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200);
      response.write("begun");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const controller = new AbortController();
      const { signal } = controller;
      const response = await open().fetch(
        new Request(`http://127.0.0.1:${port}/`, { method: "POST", body: "x", signal }),
      );
      const text = response.text();
      controller.abort();
      await expect(text).rejects.toMatchObject({ name: "AbortError" });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("rejects at once while another request of the group is under way, and nothing of it is sent", async () => {
    const asked = network(never);
    const outbox = open();
    const first = outbox.fetch(post("a?1", { signal: AbortSignal.timeout(60_000) })).catch(() => {});
    const controller = new AbortController();
    const second = outbox.fetch(post("a?2", { signal: controller.signal }));
    await expect.poll(() => asked.length).toBe(1);
    controller.abort(new Error("changed my mind"));
    await expect(second).rejects.toThrow("changed my mind");
    await outbox.clear();
    await first;
    expect(asked).toEqual(["a"]);
  });

  test("while it is being stored means that it is not", async () => {
    network(unreachable);
    const controller = new AbortController();
    const send = (queue: Queue) => async (body: unknown, options?: SendOptions) => {
      const receipt = await queue.send(body, options);
      controller.abort(new Error("changed my mind"));
      return receipt;
    };
    const connectAborting = connectWith((queue) => ({ send: send(queue) }));
    const outbox = createOutboxOver(connectAborting, { storage: "memory", database, ...QUICK, replay: false });
    outboxes.push(outbox);
    await expect(outbox.fetch(post("a", { signal: controller.signal }))).rejects.toThrow("changed my mind");
    await expect.poll(async () => (await outbox.stats()).totals.purged).toBe(1);
    expect(await outbox.waiting()).toEqual([]);
  });
});

describe("metadata", () => {
  test("that cannot be cloned is refused before anything is stored or sent", async () => {
    const asked = network(() => new Response("", { status: 201 }));
    const outbox = open({ mode: "queue-first", replay: false });
    const reactive = new Proxy({ title: "x" }, {});
    await expect(outbox.fetch(post(), { metadata: { on: [{ run: () => {} }] } })).rejects.toMatchObject({
      code: "not-cloneable",
      message: "outbox.fetch().metadata.on[0].run is a function, which cannot be stored",
    });
    await outbox.fetch(post("b"), { metadata: reactive }).catch((error) => expect(error.code).toBe("not-cloneable"));
    const kept = await outbox.waiting();
    expect(kept.every(({ metadata }) => (metadata as { title: string }).title === "x")).toBe(true);
    expect(asked).toEqual([]);
  });

  test("is told as it was when the request was made", async () => {
    network(unreachable);
    const outbox = open({ replay: false });
    const heard: unknown[] = [];
    outbox.addEventListener("queued", ({ detail }) => heard.push(detail.metadata));
    const metadata = { title: "before" };
    const sent = outbox.fetch(post(), { metadata });
    metadata.title = "after";
    await sent;
    expect(heard).toEqual([{ title: "before" }]);
    expect(await outbox.waiting()).toMatchObject([{ metadata: { title: "before" } }]);
  });

  test("and a `respond` that throws do not hide that a request was stored", async () => {
    network(unreachable);
    const reported: unknown[] = [];
    vi.stubGlobal("reportError", (error: Error) => reported.push(error.message));
    const outbox = open({
      replay: false,
      respond: () => {
        throw new Error("oops");
      },
    });
    expect((await outbox.fetch(post())).status).toBe(202);
    expect(reported).toEqual(["oops"]);
  });
});

describe("keepalive", () => {
  test("is dropped beyond what a browser lets be under way at once, and what it refuses is not the server's failure", async () => {
    const body = new Uint8Array(40_000);
    let inFlight = 0;
    const flags: boolean[] = [];
    network(async (request) => {
      flags.push(request.keepalive);
      if (request.keepalive && inFlight + 40_000 > 65_536) return unreachable();
      if (request.keepalive) inFlight += 40_000;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (request.keepalive) inFlight -= 40_000;
      return new Response("", { status: 201 });
    });
    const sender = open({ mode: "queue-first", replay: false });
    for (let n = 0; n < 16; n++) await sender.fetch(post(`n/${n}`, { body, keepalive: true }));
    const outbox = open({ backoff: { baseMs: 3_600_000, maxMs: 3_600_000 } });
    await untilEmpty(outbox);
    expect(flags).toHaveLength(16);
    expect(flags).toContain(true);
  });

  test("is dropped for a body that no browser lets outlive its page", async () => {
    const flags: boolean[] = [];
    network((request) => {
      flags.push(request.keepalive);
      return new Response("", { status: 201 });
    });
    for (const bytes of [65_536, 65_537])
      await open().fetch(post("a", { body: new Uint8Array(bytes), keepalive: true }));
    expect(flags).toEqual([true, false]);
  });

  test("that the browser refuses for what others have under way is asked again without it", async () => {
    const flags: boolean[] = [];
    network((request) => {
      flags.push(request.keepalive);
      return request.keepalive ? unreachable() : new Response("", { status: 201 });
    });
    expect((await open().fetch(post("a", { keepalive: true }))).status).toBe(201);
    expect(flags).toEqual([true, false]);
  });
});

test("a large upload has time for its body besides that for the answer", async () => {
  network(async () => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return new Response("", { status: 201 });
  });
  const outbox = open({ timeoutMs: 100, minUploadBytesPerS: 1_000 });
  expect((await outbox.fetch(post("small"))).status).toBe(202);
  expect((await outbox.fetch(post("large", { body: new Uint8Array(60_000) }))).status).toBe(201);
});
