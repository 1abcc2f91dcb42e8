import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replyQueueOf } from "../../../src/link/rpc/names.js";
import { type Hosts, startHosts } from "./client-fixture.js";

describe("a request", () => {
  let hosts: Hosts;
  beforeEach(async () => {
    hosts = await startHosts();
  });
  afterEach(() => hosts.close());
  const open = async (hurry?: number) => {
    const connected = hosts.connect(hurry);
    return { ...connected, queue: await connected.connection.openQueue<string>("q", { maxDeliveries: 1 }) };
  };

  test("is answered under the next host, wherever the change falls", async () => {
    const { queue } = await open();
    const worker = await open();
    let finish = () => {};
    let runs = 0;
    worker.queue.consume(async ({ body }) => {
      runs++;
      await new Promise<void>((resolve) => (finish = resolve));
      return `did ${body}`;
    });
    const before = queue.request("early", { timeoutMs: 10_000 });
    await expect.poll(() => runs).toBe(1);
    await hosts.change();
    finish();
    expect(await before).toBe("did early");

    const between = queue.request("late", { timeoutMs: 10_000 });
    await expect.poll(() => runs).toBe(2);
    finish();
    await hosts.change();
    expect(await between).toBe("did late");
  });

  test("survives the sleep of its page", async () => {
    const { queue, page } = await open();
    const worker = await open();
    const answered = queue.request("asleep", { timeoutMs: 10_000 });
    await expect.poll(async () => (await worker.queue.stats()).ready).toBe(1);
    page.suspend();
    await worker.queue.consumeUntilEmpty(({ body }) => body.toUpperCase());
    page.resume();
    expect(await answered).toBe("ASLEEP");
  });

  test("is rejected when its message was purged", async () => {
    const { queue } = await open(100);
    const purged = queue.request("purged");
    await expect.poll(async () => (await queue.stats()).ready).toBe(1);
    await queue.purge();
    await expect(purged).rejects.toMatchObject({ code: "dead", detail: { reason: "gone" } });
  });

  test("is not answered by a handler that gave the message back, and is by one that acknowledged it first", async () => {
    const { queue } = await open();
    let isFirst = true;
    queue.consume(async ({ release, ack }) => {
      if (isFirst) {
        isFirst = false;
        await release();
        return "too early";
      }
      await ack();
      return "right";
    });
    expect(await queue.request("x", { timeoutMs: 10_000 })).toBe("right");
  });

  test("whose answer cannot be sent dies with that reason", async () => {
    const { queue } = await open();
    queue.consume(() => () => {});
    await expect(queue.request("x")).rejects.toMatchObject({ code: "dead", detail: { error: { name: "QueueError" } } });
  });

  test("leaves nothing behind once its client is gone, and an answer that comes then is dropped", async () => {
    const asking = await open();
    const worker = await open();
    let finish = () => {};
    let runs = 0;
    worker.queue.consume(async () => {
      runs++;
      await new Promise<void>((resolve) => (finish = resolve));
      return "nobody hears this";
    });
    const unanswered = asking.queue.request("x");
    unanswered.catch(() => {});
    await expect.poll(() => runs).toBe(1);
    await asking.connection.close();
    await expect(unanswered).rejects.toMatchObject({ code: "closed" });
    finish();
    await worker.queue.whenIdle();
    expect(await worker.queue.stats()).toMatchObject({ totals: { acked: 1 }, dead: 0 });
    const raw = await hosts.current.connect("raw");
    expect(await raw.link.call({ op: "stats", queue: replyQueueOf(asking.name) })).toMatchObject({
      totals: { accepted: 0 },
    });
  });

  test("does nothing on progress where nobody waits", async () => {
    const { queue } = await open();
    await queue.send("plain");
    const [delivery] = await queue.receive();
    await delivery?.progress("lost");
    await delivery?.ack();
  });

  test("cannot be confused with a queue of the caller's own", async () => {
    const { connection } = await open();
    await expect(connection.openQueue(replyQueueOf("x"))).rejects.toMatchObject({ code: "invalid-argument" });
  });
});
