import { expect, test } from "vitest";
import type { HandOut, HeldReply } from "../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { sendOf, startHost } from "./world.js";

test("a host that was followed by another before it had read the log is not opened, and whoever waits asks the next one", async () => {
  const disk = createMemoryDisk();
  const store = createMemoryStore({ disk });
  const opening = startHost({
    store: {
      ...store,
      async takeOver(build) {
        const own = await store.takeOver(build);
        await createMemoryStore({ disk }).takeOver(build);
        return own;
      },
    },
  });
  await expect(opening).rejects.toMatchObject({ code: "host-lost" });
});

test("a host that cannot take its first turn says so to who opens it, and serves nobody", async () => {
  const disk = createMemoryDisk();
  const first = await startHost({ store: createMemoryStore({ disk }) });
  const client = await first.connect("a");
  await client.submit(sendOf(1, "body"));
  await client.link.call({ op: "receive", waiter: "w", mode: "receive", queue: "q", max: 1, waitMs: 0 });
  await first.host.close();
  const platform = {
    now: () => Date.now() + 60_000,
    random(): number {
      throw new Error("what follows from a lease that has ended");
    },
  };
  const opening = startHost({ store: createMemoryStore({ disk }), platform });
  await expect(opening).rejects.toThrow("what follows from a lease that has ended");
  const next = await startHost({ store: createMemoryStore({ disk }) });
  await next.host.close();
});

test("what a client gave back before its host was told to end is not held by it when the next one begins", async () => {
  const disk = createMemoryDisk();
  const store = createMemoryStore({ disk });
  let isGated = false;
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = await startHost({
    store: {
      ...store,
      async commit(record, batches, durability) {
        if (isGated) await gate;
        return store.commit(record, batches, durability);
      },
    },
  });
  const leaving = await first.connect("a");
  await leaving.submit(sendOf(1, "body"));
  await leaving.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
  await expect.poll(() => leaving.pushed).toHaveLength(1);
  isGated = true;
  // Its commit is under way when the other one leaves.
  const other = await first.connect("b");
  const sent = other.submit(sendOf(1, "another"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  leaving.link.call({ op: "suspend" }).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  const closed = first.host.close();
  open();
  await Promise.all([sent, closed]);

  const second = await startHost({ store: createMemoryStore({ disk }) });
  const next = await second.connect("c");
  const stats = await next.link.call<{ ready: number; leased: number }>({ op: "stats", queue: "q" });
  expect(stats).toMatchObject({ ready: 2, leased: 0 });
  await second.host.close();
});

test("the next host asks at once how long the handlers of a client have been running", async () => {
  const disk = createMemoryDisk();
  const first = await startHost({ store: createMemoryStore({ disk }) });
  const client = await first.connect("a");
  await client.submit(sendOf(1, "endless"));
  await client.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
  await expect.poll(() => client.pushed).toHaveLength(1);
  const { grant, seqs } = client.pushed[0] as HandOut;
  await first.host.close();

  const second = await startHost({ store: createMemoryStore({ disk }) });
  const asked: number[] = [];
  const held = [{ grant, seqs }];
  const startedAt = performance.now();
  const back = await second.connect("a", {
    held,
    onHeld(): HeldReply {
      asked.push(performance.now() - startedAt);
      return { held, running: [{ grant, seq: seqs[0] as number, elapsedMs: 300_001 }] };
    },
  });
  // By its lease alone it would be asked after ten seconds.
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  await expect.poll(() => back.lost).toMatchObject([{ reason: "timeout", lost: [{ grant }] }]);
  await second.host.close();
});
