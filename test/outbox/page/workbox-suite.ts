// What workbox-background-sync promises, as functions that run in a service worker over either implementation.

import type * as Ours from "../../../src/workbox.js";

/** The surface that both have. */
export interface Implementation {
  readonly Queue: new (name: string, options?: Ours.QueueOptions) => Pick<Ours.Queue, keyof Ours.Queue>;
  readonly BackgroundSyncPlugin: new (
    name: string,
    options?: Ours.QueueOptions,
  ) => {
    fetchDidFail?: (param: never) => Promise<void>;
  };
  readonly StorableRequest: typeof Ours.StorableRequest;
}

type AnyQueue = InstanceType<Implementation["Queue"]>;

interface Sync {
  register(tag: string): Promise<void>;
}
const { registration } = globalThis as unknown as { readonly registration: { readonly sync: Sync } };

function equal(found: unknown, expected: unknown, what = ""): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} expected ${b}, found ${a}`);
}

async function failureOf(run: () => unknown): Promise<{ name?: string; message?: string }> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

/** What the suite replaces for the length of one test. */
function createStage() {
  const realFetch = globalThis.fetch;
  const registered: string[] = [];
  const sent: string[] = [];
  let failing: (url: string) => boolean = () => false;
  Object.defineProperty(registration.sync, "register", {
    configurable: true,
    value: async (tag: string) => void registered.push(tag),
  });
  globalThis.fetch = (async (request: Request) => {
    const path = new URL(request.url).pathname;
    sent.push(path);
    if (failing(path)) throw new TypeError("Failed to fetch");
    return new Response("ok");
  }) as typeof fetch;
  return {
    registered,
    sent,
    fail(which: (path: string) => boolean) {
      failing = which;
    },
    end() {
      globalThis.fetch = realFetch;
      Reflect.deleteProperty(registration.sync, "register");
    },
  };
}
type Stage = ReturnType<typeof createStage>;

/** Fires a sync event as the browser would; resolves when the work handed to `waitUntil` is done. */
async function sync(tag: string, lastChance = false): Promise<void> {
  const works: Promise<unknown>[] = [];
  const event = Object.assign(new Event("sync"), {
    tag,
    lastChance,
    waitUntil: (work: Promise<unknown>) => works.push(work.catch((error) => ({ error }))),
  });
  dispatchEvent(event);
  const [outcome] = await Promise.all(works);
  if (works.length !== 1) throw new Error(`${works.length} listeners took the event`);
  const { error } = (outcome ?? {}) as { error?: unknown };
  if (error) throw error;
}

const post = (path: string, body = "x") => new Request(path, { method: "POST", body });
const pathsOf = (entries: readonly { request: Request }[]) =>
  entries.map(({ request }) => new URL(request.url).pathname);
const pathOf = (entry: { request: Request } | undefined) => entry && new URL(entry.request.url).pathname;
const push = async (queue: AnyQueue, ...paths: string[]) => {
  for (const path of paths) await queue.pushRequest({ request: post(path) });
};
const MINUTE_MS = 60_000;
const tagOf = (name: string) => `workbox-background-sync:${name}`;

export const createSuite = ({ Queue, BackgroundSyncPlugin, StorableRequest }: Implementation) => {
  const tests: Record<string, (name: string, stage: Stage) => Promise<void>> = {
    async "a second queue of one name is refused by an error of that name"(name) {
      new Queue(name);
      equal((await failureOf(() => new Queue(name))).name, "duplicate-queue-name");
    },
    async "shift takes the first, pop the last"(name) {
      const queue = new Queue(name);
      equal(queue.name, name);
      await push(queue, "/a", "/b", "/c", "/d");
      equal(pathOf(await queue.shiftRequest()), "/a");
      equal(pathOf(await queue.popRequest()), "/d");
      equal(pathsOf(await queue.getAll()), ["/b", "/c"]);
      equal(await queue.size(), 2);
      equal(pathOf(await queue.popRequest()), "/c");
      equal(pathOf(await queue.shiftRequest()), "/b");
      equal(pathOf(await queue.shiftRequest()), undefined);
      equal(pathOf(await queue.popRequest()), undefined);
    },
    async "unshift puts in front, the last one first"(name) {
      const queue = new Queue(name);
      await push(queue, "/a", "/b");
      await queue.unshiftRequest({ request: post("/front-1") });
      await queue.unshiftRequest({ request: post("/front-2") });
      equal(pathsOf(await queue.getAll()), ["/front-2", "/front-1", "/a", "/b"]);
      equal(pathOf(await queue.shiftRequest()), "/front-2");
      equal(pathOf(await queue.shiftRequest()), "/front-1");
      equal(pathOf(await queue.popRequest()), "/b");
      equal(pathOf(await queue.popRequest()), "/a");
    },
    async "what was put back is the first again"(name) {
      const queue = new Queue(name);
      await push(queue, "/a", "/b");
      const entry = await queue.shiftRequest();
      if (entry) await queue.unshiftRequest(entry);
      equal(pathsOf(await queue.getAll()), ["/a", "/b"]);
      equal(await queue.size(), 2);
    },
    async "entries keep request, time and metadata"(name) {
      const queue = new Queue(name);
      const metadata = { deep: { list: [1, 2] } };
      const before = Date.now();
      const request = new Request("/a", {
        method: "PUT",
        body: "text ü",
        headers: { "x-one": "1" },
        credentials: "omit",
      });
      await queue.pushRequest({ request, metadata });
      await queue.pushRequest({ request: post("/b"), timestamp: before - 5_000 });
      const [a, b] = await queue.getAll();
      equal(a?.metadata, metadata);
      equal(b?.metadata, undefined);
      equal(b?.timestamp, before - 5_000);
      if ((a?.timestamp ?? 0) < before || (a?.timestamp ?? 0) > Date.now()) throw new Error("time of the entry");
      equal(await a?.request.text(), "text ü");
      equal([a?.request.method, a?.request.headers.get("x-one"), a?.request.credentials], ["PUT", "1", "omit"]);
    },
    async "what has expired counts in size, and is skipped and removed by shift and pop"(name) {
      const queue = new Queue(name, { maxRetentionTime: 10 });
      const timestamp = Date.now() - 11 * MINUTE_MS;
      await queue.pushRequest({ request: post("/old-1"), timestamp });
      await push(queue, "/a", "/b");
      await queue.pushRequest({ request: post("/old-2"), timestamp });
      equal(await queue.size(), 4);
      equal(pathOf(await queue.shiftRequest()), "/a");
      equal(await queue.size(), 2);
      equal(pathOf(await queue.popRequest()), "/b");
      equal(await queue.size(), 0);
    },
    async "getAll leaves out what has expired and removes it"(name) {
      const queue = new Queue(name, { maxRetentionTime: 10 });
      const timestamp = Date.now() - 11 * MINUTE_MS;
      await push(queue, "/a");
      await queue.pushRequest({ request: post("/old"), timestamp });
      await push(queue, "/b");
      equal(pathsOf(await queue.getAll()), ["/a", "/b"]);
      equal(await queue.size(), 2);
      equal(pathOf(await queue.shiftRequest()), "/a");
    },
    async "replay sends in order, this queue only"(name, { sent }) {
      const queue = new Queue(name);
      const other = new Queue(`${name}-other`);
      await push(other, "/other");
      await push(queue, "/a", "/b", "/c");
      await queue.replayRequests();
      equal(sent, ["/a", "/b", "/c"]);
      equal([await queue.size(), await other.size()], [0, 1]);
    },
    async "replay stops at the first failure, puts it back in front and throws"(name, { sent, fail }) {
      const queue = new Queue(name);
      await push(queue, "/a", "/b", "/c");
      fail((path) => path === "/b");
      equal((await failureOf(() => queue.replayRequests())).name, "queue-replay-failed");
      equal(sent, ["/a", "/b"]);
      equal(pathsOf(await queue.getAll()), ["/b", "/c"]);
    },
    async "what is pushed during a replay that fails stays behind what is put back"(name, { fail }) {
      const queue = new Queue(name);
      await push(queue, "/a", "/b");
      fail(() => true);
      const replayed = failureOf(() => queue.replayRequests());
      await push(queue, "/c");
      await replayed;
      equal(pathsOf(await queue.getAll()), ["/a", "/b", "/c"]);
    },
    async "adding registers the tag of the queue"(name, { registered }) {
      const queue = new Queue(name);
      await push(queue, "/a");
      await queue.unshiftRequest({ request: post("/b") });
      equal(registered, [tagOf(name), tagOf(name)]);
      await queue.registerSync();
      equal(registered.length, 3);
    },
    async "a refused registration is no failure"(name) {
      Object.defineProperty(registration.sync, "register", {
        configurable: true,
        value: () => Promise.reject(new Error("denied")),
      });
      const queue = new Queue(name);
      await queue.registerSync();
      await push(queue, "/a");
      equal(await queue.size(), 1);
    },
    async "a registration that answers nothing, or throws at once, is no failure either"(name) {
      const refuse = () => {
        throw new Error("not here");
      };
      const queue = new Queue(name);
      for (const value of [() => undefined, refuse]) {
        Object.defineProperty(registration.sync, "register", { configurable: true, value });
        await queue.registerSync();
        await push(queue, "/a");
      }
      equal(await queue.size(), 2);
    },
    async "the replay that stands in for onSync is called with the queue, too"(name) {
      const calls: unknown[] = [];
      const replay = Queue.prototype.replayRequests;
      Queue.prototype.replayRequests = async (...args: unknown[]) => void calls.push(args[0]);
      try {
        const queue = new Queue(name);
        await sync(tagOf(name));
        equal([calls.length, (calls[0] as { queue?: unknown } | undefined)?.queue === queue], [1, true]);
      } finally {
        Queue.prototype.replayRequests = replay;
      }
    },
    async "a sync event replays the queue of its tag"(name, { sent }) {
      const queue = new Queue(name);
      await push(queue, "/a", "/b");
      await sync(tagOf(name));
      equal(sent, ["/a", "/b"]);
      equal(await queue.size(), 0);
    },
    async "onSync is called with the queue in place of the replay"(name, { sent }) {
      const calls: unknown[] = [];
      const queue = new Queue(name, { onSync: (options) => void calls.push(options.queue) });
      await push(queue, "/a");
      await sync(tagOf(name));
      equal([calls.length, calls[0] === queue, sent.length], [1, true, 0]);
    },
    async "what is added during a sync registers once, after it succeeded"(name, { registered }) {
      const during: number[] = [];
      const queue = new Queue(name, {
        onSync: async ({ queue: given }) => {
          await push(given as AnyQueue, "/a", "/b");
          during.push(registered.length);
        },
      });
      await sync(tagOf(name));
      equal([during, registered], [[0], [tagOf(name)]]);
      equal(await queue.size(), 2);
    },
    async "what is added during a sync that fails does not register, unless it was the last chance"(
      name,
      { registered },
    ) {
      new Queue(name, {
        onSync: async ({ queue: given }) => {
          await push(given as AnyQueue, "/a");
          throw new Error("not today");
        },
      });
      equal((await failureOf(() => sync(tagOf(name)))).message, "not today");
      equal(registered, []);
      await failureOf(() => sync(tagOf(name), true));
      equal(registered, [tagOf(name)]);
    },
    async "with forceSyncFallback it replays at once, and listens and registers nothing"(name, { registered, sent }) {
      const calls: number[] = [];
      const queue = new Queue(name, { forceSyncFallback: true, onSync: () => void calls.push(1) });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await push(queue, "/a");
      equal([calls, registered, sent], [[1], [], []]);
      equal((await failureOf(() => sync(tagOf(name)))).message, "0 listeners took the event");
    },
    async "the plugin stores what failed to be fetched"(name, { registered, sent }) {
      const plugin = new BackgroundSyncPlugin(name);
      const failed = { request: post("/a", "body") };
      await plugin.fetchDidFail?.(failed as never);
      equal(registered, [tagOf(name)]);
      await sync(tagOf(name));
      equal(sent, ["/a"]);
    },
    async "a stored request is a plain object, copied deeply, and a request again"() {
      const request = new Request("/a?b=1", {
        method: "POST",
        body: new Uint8Array([0, 255, 7]),
        headers: { "x-one": "1" },
        mode: "same-origin",
        credentials: "include",
        cache: "no-store",
      });
      const storable = await StorableRequest.fromRequest(request);
      equal(request.bodyUsed, false);
      const data = storable.toObject();
      equal(Object.prototype.toString.call(data.body), "[object ArrayBuffer]");
      const copy = storable.clone();
      data.headers["x-one"] = "changed";
      const again = copy.toRequest();
      equal(
        [again.url, again.method, again.mode, again.credentials, again.cache],
        [request.url, "POST", "same-origin", "include", "no-store"],
      );
      equal(again.headers.get("x-one"), "1");
      equal([...new Uint8Array(await again.arrayBuffer())], [0, 255, 7]);
    },
    async "a navigation is stored as a request of the same origin"() {
      const storable = new StorableRequest({ url: `${location.origin}/a`, headers: {}, mode: "navigate" });
      equal(storable.toRequest().mode, "same-origin");
    },
  };
  let count = 0;
  return {
    titles: Object.keys(tests),
    async run(title: string): Promise<string | null> {
      const stage = createStage();
      try {
        await tests[title]?.(`suite-${Date.now()}-${++count}`, stage);
        return null;
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}\n${(error as Error).stack}`;
      } finally {
        stage.end();
      }
    },
  };
};
