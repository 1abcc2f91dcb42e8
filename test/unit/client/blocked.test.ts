// `overflow: "block"`: sends wait in their client until the queue has room.

import { expect, test } from "vitest";
import { startHosts } from "./client-fixture.js";

const bodiesIn = async (queue: { peek(options: { max: number }): Promise<{ body: string }[]> }) =>
  (await queue.peek({ max: 100 })).map(({ body }) => body);

async function fullQueue(options: { maxMessages?: number; maxBytes?: number } = { maxMessages: 2 }) {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  const queue = await connection.openQueue<string>("q", { ...options, overflow: "block" });
  const sent: string[] = [];
  const send = (body: string, signal?: AbortSignal) => {
    const receipt = queue.send(body, signal && { signal });
    receipt.then(() => sent.push(body)).catch(() => {});
    return receipt;
  };
  return { hosts, queue, send, sent };
}

test("sends wait for room, and are accepted in the order in which they were called", async () => {
  const { hosts, queue, send, sent } = await fullQueue();
  const first = ["1", "2", "3", "4"].map((body) => send(body));
  await Promise.all(first.slice(0, 2));
  const batch = queue.sendBatch([{ body: "5" }, { body: "6" }]);
  const last = send("7");
  await queue.stats();
  expect(sent).toEqual(["1", "2"]);
  expect(await bodiesIn(queue)).toEqual(["1", "2"]);
  const handled: string[] = [];
  queue.consume(({ body }) => void handled.push(body));
  await Promise.all([...first, batch, last]);
  await queue.whenIdle();
  expect(handled).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  await hosts.close();
});

test("a send that is aborted while it waits is never stored, and those behind it go on", async () => {
  const { hosts, queue, send } = await fullQueue({ maxMessages: 1 });
  await send("1");
  const aborting = new AbortController();
  const given = send("2", aborting.signal);
  const kept = send("3");
  await queue.stats();
  aborting.abort(new Error("no longer needed"));
  await expect(given).rejects.toThrow("no longer needed");
  await queue.purge();
  await kept;
  expect(await bodiesIn(queue)).toEqual(["3"]);
  await hosts.close();
});

test("what can never fit is refused at once", async () => {
  const { hosts, queue, send } = await fullQueue({ maxMessages: 2, maxBytes: 100 });
  const three = ["1", "2", "3"].map((body) => ({ body }));
  await expect(queue.sendBatch(three)).rejects.toMatchObject({ code: "full" });
  await expect(send("x".repeat(200))).rejects.toMatchObject({ code: "full" });
  await expect(send("fits")).resolves.toMatchObject({ duplicate: false });
  await hosts.close();
});

test("a send goes on waiting under the next host, and closing ends it", async () => {
  const { hosts, queue, send } = await fullQueue({ maxMessages: 1 });
  await send("1");
  const waiting = send("2");
  await queue.stats();
  await hosts.change();
  await queue.purge();
  await waiting;
  const never = expect(send("3")).rejects.toMatchObject({ code: "closed" });
  await queue.stats();
  await hosts.close();
  await never;
});
