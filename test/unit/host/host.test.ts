import { afterEach, describe, expect, test } from "vitest";
import type { HandOut } from "../../../src/link/rpc/wire.js";
import { type LogStore, StoreError } from "../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { sendOf, startHost, type TestHost } from "./world.js";

const opened: TestHost[] = [];
const start = async (parts: Parameters<typeof startHost>[0] = {}) => {
  const world = await startHost(parts);
  opened.push(world);
  return world;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ host }) => host.close()));
});

/** A store whose commits can be refused or held up. */
function createUnrulyStore() {
  const store = createMemoryStore({ disk: createMemoryDisk() });
  const commits: Parameters<LogStore["commit"]>[] = [];
  let before: (...args: Parameters<LogStore["commit"]>) => Promise<void> | void = () => {};
  const unruly: LogStore = {
    ...store,
    async commit(...args) {
      await before(...args);
      await store.commit(...args);
      commits.push(args);
    },
  };
  return {
    store: unruly,
    commits,
    onCommit(hook: typeof before) {
      before = hook;
    },
  };
}

const receive = { op: "receive", waiter: "w", queue: "q", max: 10, waitMs: 0, mode: "receive" } as const;

describe("a commit", () => {
  test("gathers what arrives while the one before it runs", async () => {
    const { store, commits, onCommit } = createUnrulyStore();
    const world = await start({ store });
    const client = await world.connect("a");
    let release = () => {};
    let isHeldUp = false;
    onCommit(() => {
      isHeldUp = true;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    const first = client.submit(sendOf(1, "first"));
    await expect.poll(() => isHeldUp).toBe(true);
    onCommit(() => {});
    const rest = [2, 3, 4].map((number) => client.submit(sendOf(number, `later ${number}`)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    release();
    await Promise.all([first, ...rest]);
    const sends = commits.map(([record]) => record.changes.filter((change) => change.type === "accepted").length);
    expect(sends.filter((count) => count > 0)).toEqual([1, 3]);
  });

  test("is announced once, and only after it is complete", async () => {
    const { store, onCommit } = createUnrulyStore();
    const world = await start({ store });
    const client = await world.connect("a");
    onCommit(() => expect(world.notices).toEqual([]));
    await client.submit(sendOf(1, "a", "b"), sendOf(2, "c"));
    expect(world.notices).toMatchObject([{ type: "notice", queues: { q: { available: { count: 3, ready: 3 } } } }]);
  });

  test("is strict when a queue in it asks for that, and relaxed when none does", async () => {
    const { store, commits } = createUnrulyStore();
    const world = await start({ store });
    const client = await world.connect("a");
    await client.submit(sendOf(1, "strict by default"));
    await client.submit({ number: 2, command: { type: "configure", queue: "q", settings: { durability: "relaxed" } } });
    await client.submit(sendOf(3, "relaxed"));
    const bySend = commits.filter(([record]) => record.changes.some((change) => change.type === "accepted"));
    expect(bySend.map(([, , durability]) => durability)).toEqual(["strict", "relaxed"]);
  });

  test("is strict when it subscribes, whatever the queues ask for: what is published later must find its way", async () => {
    const { store, commits } = createUnrulyStore();
    const world = await start({ store });
    const client = await world.connect("a");
    await client.submit({ number: 1, command: { type: "subscribe", topic: "news", subscription: "mail" } });
    await client.submit({ number: 2, command: { type: "unsubscribe", topic: "news", subscription: "mail" } });
    const of = (type: string) => commits.find(([record]) => record.changes.some((change) => change.type === type))?.[2];
    expect([of("subscribed"), of("unsubscribed")]).toEqual(["strict", "strict"]);
  });

  test("that finds no room refuses what stores bodies, and still settles", async () => {
    const { store, onCommit } = createUnrulyStore();
    const world = await start({ store });
    const client = await world.connect("a");
    await client.submit(sendOf(1, "kept"));
    const handOut = await client.link.call<HandOut>(receive);
    onCommit((_, batches) => {
      if (batches.length > 0) throw new StoreError("quota", "no room");
    });
    const settlements = [{ grant: handOut.grant, seqs: handOut.seqs, verdict: { type: "ack" } as const }];
    const { outcomes } = await client.submit(sendOf(2, "refused"), {
      number: 3,
      command: { type: "settle", settlements },
    });
    expect(outcomes).toMatchObject([
      { ok: false, code: "quota-exceeded" },
      { ok: true, value: { lost: [] } },
    ]);
    expect(await client.link.call({ op: "stats", queue: "q" })).toMatchObject({
      ready: 0,
      leased: 0,
      totals: { accepted: 1, acked: 1 },
    });
  });

  test("that is refused leaves nothing behind: the next one starts from what is stored", async () => {
    const { store, onCommit } = createUnrulyStore();
    const world = await start({ store });
    const client = await world.connect("a");
    onCommit(() => {
      throw new StoreError("failed", "the disk is on fire");
    });
    const { outcomes } = await client.submit(sendOf(1, "refused"));
    expect(outcomes).toMatchObject([
      { ok: false, code: "storage-failed", message: expect.stringContaining("on fire") },
    ]);
    onCommit(() => {});
    await client.submit(sendOf(2, "accepted"));
    expect(await client.link.call<HandOut>(receive)).toMatchObject({ bodies: ["accepted"] });
  });

  test("refuses a body that the store cannot take alone", async () => {
    const world = await start();
    const client = await world.connect("a");
    const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    const { outcomes } = await client.submit(sendOf(1, "a"), sendOf(2, "x", { module }), sendOf(3, "b"));
    expect(outcomes).toMatchObject([
      { ok: true },
      { ok: false, code: "not-cloneable", detail: { index: 1 } },
      { ok: true },
    ]);
    expect(await client.link.call<HandOut>(receive)).toMatchObject({ bodies: ["a", "b"] });
  });

  test("by a host that was deposed ends the host, and every call with host-lost", async () => {
    const disk = createMemoryDisk();
    const first = await startHost({ store: createMemoryStore({ disk }) });
    const client = await first.connect("a");
    await client.submit(sendOf(1, "before"));
    const second = await start({ store: createMemoryStore({ disk }) });
    const [ended, answer] = await Promise.allSettled([first.host.ended, client.submit(sendOf(2, "to the deposed"))]);
    expect(ended).toMatchObject({ status: "rejected", reason: { code: "host-lost" } });
    expect(answer).toMatchObject({ status: "rejected", reason: { code: "host-lost" } });
    const other = await second.connect("b");
    expect(await other.link.call<HandOut>(receive)).toMatchObject({ bodies: ["before"] });
  });
});

describe("a numbered command", () => {
  test("sent twice is decided once, and answered with the same outcome", async () => {
    const world = await start();
    const client = await world.connect("a");
    const [first] = (await client.submit(sendOf(1, "once"))).outcomes;
    const [again] = (await client.submit(sendOf(1, "once"))).outcomes;
    expect(again).toEqual(first);
    expect(await client.link.call({ op: "stats", queue: "q" })).toMatchObject({ ready: 1 });
  });

  test("sent again to the next host is answered from what the first one stored", async () => {
    const disk = createMemoryDisk();
    const first = await startHost({ store: createMemoryStore({ disk }) });
    const before = await (await first.connect("a")).submit(sendOf(1, "once"));
    await first.host.close();
    const second = await start({ store: createMemoryStore({ disk }) });
    const after = await (await second.connect("a")).submit(sendOf(1, "once"));
    expect(after).toEqual(before);
  });
});

describe("the next host", () => {
  test("keeps what a client still holds, and takes back what never reached it", async () => {
    const disk = createMemoryDisk();
    const first = await startHost({ store: createMemoryStore({ disk }) });
    const client = await first.connect("a");
    await client.submit(sendOf(1, "held", "lost on the way"));
    const { grant, seqs } = await client.link.call<HandOut>({ ...receive, max: 2 });
    await first.host.close();
    const second = await start({ store: createMemoryStore({ disk }) });
    const back = await second.connect("a", { held: [{ grant, seqs: [seqs[0] as number, 1] }] });
    const { outcomes } = await back.submit({
      number: 2,
      command: { type: "settle", settlements: [{ grant, seqs: [seqs[0] as number, 1], verdict: { type: "ack" } }] },
    });
    expect(outcomes).toEqual([{ ok: true, value: { lost: [] } }]);
    expect(await back.link.call<HandOut>(receive)).toMatchObject({ bodies: ["lost on the way"], attempts: 1 });
  });

  test("gives a new message an id that no message of the last host had", async () => {
    const ids = async () => {
      const world = await start();
      const { outcomes } = await (await world.connect("a")).submit(sendOf(1, "x"));
      return (outcomes[0] as { value: { term: string; seq: number } }).value;
    };
    const [one, other] = [await ids(), await ids()];
    expect(one.seq).toBe(other.seq);
    expect(one.term).not.toBe(other.term);
    expect(one.term).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("a host whose database cannot be opened", () => {
  test.each([
    ["format-too-new", "format-too-new"],
    ["lost", "storage-failed"],
    ["quota", "quota-exceeded"],
  ] as const)("says so: %s is %s", async (reason, code) => {
    const store = createMemoryStore({ disk: createMemoryDisk() });
    const broken: LogStore = { ...store, takeOver: () => Promise.reject(new StoreError(reason, "no")) };
    await expect(startHost({ store: broken })).rejects.toMatchObject({ name: "QueueError", code });
  });
});

describe("in the background", () => {
  test("batches that nobody references are deleted, the journal is replaced by a checkpoint, and nothing is lost", async () => {
    const disk = createMemoryDisk();
    const store = createMemoryStore({ disk });
    let checkpoints = 0;
    const world = await start({
      store: {
        ...store,
        checkpoint: async (...args) => {
          checkpoints++;
          await store.checkpoint(...args);
        },
      },
    });
    const client = await world.connect("a");
    let number = 0;
    for (let round = 0; round < 1_100; round++) {
      await client.submit(sendOf(++number, `keep ${round}`, `ack ${round}`));
      const { grant, seqs } = await client.link.call<HandOut>({ ...receive, max: 2 });
      const [first, , last] = seqs.length === 2 ? [seqs[0], 0, (seqs[0] as number) + 1] : [seqs[0], 0, seqs[2]];
      await client.submit({
        number: ++number,
        command: {
          type: "settle",
          settlements: [
            { grant, seqs: [first as number, 1], verdict: { type: "release", delayMs: 3_600_000 } },
            { grant, seqs: [last as number, 1], verdict: { type: "ack" } },
          ],
        },
      });
    }
    await expect.poll(() => checkpoints).toBeGreaterThan(0);
    const { batches } = await client.link.call<{ batches: number }>({ op: "diagnostics" });
    // 1,100 batches of two, one of each live, were joined into few.
    expect(batches).toBeLessThan(600);
    await world.host.close();
    const again = await start({ store: createMemoryStore({ disk }) });
    const reader = await again.connect("b");
    const kept = await reader.link.call<{ body: string }[]>({
      op: "peek",
      queue: "q",
      max: 2_000,
      states: ["delayed"],
    });
    expect(kept.map(({ body }) => body)).toEqual(Array.from({ length: 1_100 }, (_, i) => `keep ${i}`));
  });
});
