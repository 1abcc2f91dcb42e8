import { expect, test } from "vitest";
import type { HandOut, HeldReply } from "../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { sendOf, startHost } from "./world.js";

test("a host that was followed by another before it had read the log ends as any that is deposed", async () => {
  const disk = createMemoryDisk();
  const store = createMemoryStore({ disk });
  const { host, connect } = await startHost({
    store: {
      ...store,
      async takeOver(build) {
        const own = await store.takeOver(build);
        await createMemoryStore({ disk }).takeOver(build);
        return own;
      },
    },
  });
  const ended = host.ended.catch((error) => error);
  const client = await connect("a");
  await expect(client.submit(sendOf(1, "too late"))).rejects.toMatchObject({ code: "host-lost" });
  expect(await ended).toMatchObject({ code: "host-lost" });
  expect(disk.bodies.size).toBe(0);
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
