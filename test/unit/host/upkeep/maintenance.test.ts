import { expect, test } from "vitest";
import { createMemoryStore } from "../../../../src/store/memory/memory.js";
import { createMemoryDisk } from "../../../../src/store/memory/memory-disk.js";
import { sendOf, startHost } from "../world.js";

test("what nobody refers to any more while others are being deleted is deleted next, though nothing more happens", async () => {
  const store = createMemoryStore({ disk: createMemoryDisk() });
  let deletes = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = {
    ...store,
    async deleteBatches(ranges: readonly number[]) {
      if (deletes++ === 0) await released;
      await store.deleteBatches(ranges);
    },
  };
  const { host, connect } = await startHost({ store: slow });
  const client = await connect("a");
  const receive = async (waiter: string) => {
    const asked = { op: "receive", waiter, queue: "q", max: 1, waitMs: 0, mode: "receive" } as const;
    return client.link.call<{ readonly grant: string; readonly seqs: readonly number[] }>(asked);
  };
  const ack = async (number: number, waiter: string) => {
    const { grant, seqs } = await receive(waiter);
    await client.submit({
      number,
      command: { type: "settle", settlements: [{ grant, seqs, verdict: { type: "ack" } }] },
    });
  };
  await client.submit(sendOf(1, "first"));
  await client.submit(sendOf(2, "second"));
  await ack(3, "w1");
  await expect.poll(() => deletes).toBe(1);
  await ack(4, "w2");
  release();
  await expect.poll(() => deletes).toBe(2);
  await host.close();
});
