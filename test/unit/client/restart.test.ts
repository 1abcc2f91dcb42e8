import { expect, test } from "vitest";
import { startHosts } from "./client-fixture.js";

test("a paused queue stays paused under the next host, and hands out once it is resumed", async () => {
  const hosts = await startHosts();
  const queue = await hosts.connect().connection.openQueue<number>("q");
  await queue.pause();
  await queue.send(1);
  await hosts.change();
  const other = await hosts.connect().connection.openQueue<number>("q");
  expect(await other.stats()).toMatchObject({ paused: true, pausedBy: "caller", ready: 1 });
  const seen: number[] = [];
  other.consume(({ body }) => void seen.push(body));
  expect(await other.receive({ waitMs: 50 })).toEqual([]);
  await queue.resume();
  await expect.poll(() => seen).toEqual([1]);
  await hosts.change();
  expect(await other.stats()).toMatchObject({ paused: false });
  await hosts.close();
});

test("a deleted queue stays deleted under the next host, and what a filter left stays", async () => {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  const [gone, kept] = [await connection.openQueue<number>("gone"), await connection.openQueue<number>("kept")];
  await gone.sendBatch([{ body: 1 }, { body: 2 }]);
  await kept.sendBatch([{ body: 1 }, { body: 2, priority: 9 }, { body: 3 }, { body: 4, delayMs: 60_000 }]);
  await gone.delete();
  expect(await kept.purge({ filter: { priority: 4, state: "ready" } })).toEqual({ purged: 2 });
  await hosts.change();
  expect(await connection.queues()).toMatchObject([{ name: "kept", ready: 1, delayed: 1 }]);
  expect((await kept.peek()).map(({ body }) => body)).toEqual([2, 4]);
  await hosts.close();
});

test("a receive waits for as long as it was told, however often the host changes meanwhile", async () => {
  const asked: number[] = [];
  const hosts = await startHosts();
  // What the client asks of each host.
  const watched = (port: MessagePort): MessagePort => {
    const post = port.postMessage.bind(port);
    port.postMessage = (message: { argumentList?: { value?: { op?: string; waitMs?: number } }[] }) => {
      const request = message.argumentList?.[0]?.value;
      if (request?.op === "receive") asked.push(request.waitMs as number);
      post(message);
    };
    return port;
  };
  const queue = await hosts.connect(1, watched).connection.openQueue<number>("q");
  const received = queue.receive({ waitMs: 1_000 });
  await expect.poll(() => asked.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await hosts.change();
  await expect.poll(() => asked.length).toBe(2);
  expect(asked[0]).toBeLessThanOrEqual(1_000);
  expect(asked[1]).toBeLessThanOrEqual(750);
  expect(await received).toEqual([]);
  await hosts.close();
});

test("what is said of a queue's backoff leaves the rest of it as it is stored", async () => {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  await connection.openQueue("q", { backoff: { type: "fixed", baseMs: 50, jitter: "none" } });
  const queue = await connection.openQueue("q", { backoff: { baseMs: 70 } });
  const { backoff } = (await queue.stats()).settings;
  expect(backoff).toEqual({ type: "fixed", baseMs: 70, maxMs: 300_000, jitter: "none" });
  await hosts.close();
});

test("dead letters are listed behind one that has left, and not from the first one again", async () => {
  const hosts = await startHosts();
  const queue = await hosts.connect().connection.openQueue<number>("q");
  await queue.sendBatch([0, 1, 2, 3].map((body) => ({ body })));
  for (const delivery of await queue.receive({ max: 4 })) await delivery.deadLetter("no");
  const [, last] = await queue.deadLetters.list({ max: 2 });
  const after = last?.id as string;
  await queue.deadLetters.redrive({ filter: { ids: [after] } });
  expect((await queue.deadLetters.list({ after })).map(({ body }) => body)).toEqual([2, 3]);
  await hosts.change();
  expect((await queue.deadLetters.list({ after })).map(({ body }) => body)).toEqual([2, 3]);
  const refused = expect.objectContaining({ code: "invalid-argument" });
  await expect(queue.deadLetters.list({ after: `${after}0` })).rejects.toEqual(refused);
  await expect(queue.deadLetters.list({ after: "nonsense" })).rejects.toEqual(refused);
  await hosts.close();
});

test("a message whose consumer is not heard of any more comes back as delivered again, its attempt uncounted", async () => {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  await queue.send(1);
  const [first] = await queue.receive();
  expect(first).toMatchObject({ attempt: 1, redelivered: false });
  await first?.release();
  await hosts.change();
  expect(await queue.peek()).toMatchObject([{ attempts: 0, redelivered: true }]);
  const [second] = await queue.receive({ waitMs: 1_000 });
  expect(second).toMatchObject({ attempt: 1, redelivered: true });
  await hosts.close();
});

test("what a consumer had not started when it stopped is delivered for the first time after that", async () => {
  const hosts = await startHosts();
  const queue = await hosts.connect().connection.openQueue<number>("q");
  await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
  let end = () => {};
  const seen: number[] = [];
  const handler = ({ body }: { body: number }) => {
    seen.push(body);
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  };
  const consumer = queue.consume(handler, { prefetch: 3 });
  await expect.poll(() => seen).toEqual([1]);
  consumer.pause();
  await expect.poll(async () => (await queue.stats()).ready).toBe(2);
  end();
  await consumer.stop();
  const rest = await queue.receive({ max: 9, waitMs: 1_000 });
  expect(rest.map(({ body, redelivered }) => [body, redelivered])).toEqual([
    [2, false],
    [3, false],
  ]);
  await hosts.close();
});

test("a message may be delayed for longer than a timer can measure, and is not delivered before", async () => {
  const hosts = await startHosts();
  const queue = await hosts.connect().connection.openQueue<number>("q");
  const delayMs = 60 * 24 * 60 * 60 * 1_000;
  await queue.send(1, { delayMs });
  await queue.send(2);
  const views = await queue.peek();
  expect(views.map(({ state }) => state)).toEqual(["delayed", "ready"]);
  // The delay counts from the call, which was a little earlier.
  expect((views[0]?.deliverAt ?? 0) - (views[0]?.sentAt ?? 0)).toBeGreaterThan(delayMs - 60_000);
  expect((await queue.receive({ max: 2, waitMs: 50 })).map(({ body }) => body)).toEqual([2]);
  await hosts.close();
});
