// `overflow: "block"`: sends wait in their client until the queue has room.

import { expect, test } from "vitest";
import { startHosts } from "./client-fixture.js";
import { through } from "./through.js";

const bodiesIn = async (queue: { peek(options: { max: number }): Promise<{ body: string }[]> }) =>
  (await queue.peek({ max: 100 })).map(({ body }) => body);

async function fullQueue(options: { maxMessages?: number; maxBytes?: number } = { maxMessages: 2 }) {
  const hosts = await startHosts();
  let asked = 0;
  const { connection } = hosts.connect(1, (port) =>
    through(port, (request) => {
      if (request.op === "room") asked++;
      return request;
    }),
  );
  /** A send has been told that it must wait. */
  const untilInLine = () => expect.poll(() => asked).toBeGreaterThan(0);
  const queue = await connection.openQueue<string>("q", { ...options, overflow: "block" });
  const sent: string[] = [];
  const send = (body: string, signal?: AbortSignal) => {
    const receipt = queue.send(body, signal && { signal });
    receipt.then(() => sent.push(body)).catch(() => {});
    return receipt;
  };
  return { hosts, queue, send, sent, untilInLine };
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

test("a send that is aborted while it waits no longer holds up a smaller one that fits", async () => {
  const { hosts, queue, send, untilInLine } = await fullQueue({ maxBytes: 100 });
  await send("x".repeat(58));
  const aborting = new AbortController();
  const large = send("x".repeat(88), aborting.signal);
  await untilInLine();
  const small = send("y");
  await queue.stats();
  aborting.abort(new Error("no longer needed"));
  await expect(large).rejects.toThrow("no longer needed");
  await small;
  expect(await bodiesIn(queue)).toEqual(["x".repeat(58), "y"]);
  await hosts.close();
});

test("a batch that is aborted while it waits is never stored, also when that was before it was told to wait", async () => {
  const { hosts, queue, send } = await fullQueue({ maxMessages: 2 });
  await Promise.all([send("1"), send("2")]);
  const [early, late] = [new AbortController(), new AbortController()];
  const batch = [{ body: "3" }, { body: "4" }];
  const given = [early, late].map(({ signal }) =>
    expect(queue.sendBatch(batch, { signal })).rejects.toThrow("no longer needed"),
  );
  const kept = send("5");
  early.abort(new Error("no longer needed"));
  await queue.stats();
  late.abort(new Error("no longer needed"));
  await Promise.all(given);
  await queue.purge();
  await kept;
  expect(await bodiesIn(queue)).toEqual(["5"]);
  await expect(queue.sendBatch(batch, { signal: early.signal })).rejects.toThrow("no longer needed");
  await expect(queue.sendBatch(batch, { sgnal: 5 } as never)).rejects.toMatchObject({ code: "invalid-argument" });
  await hosts.close();
});

test("a line whose only send is aborted ends, and what is sent then is sent at once", async () => {
  const { hosts, queue, send, untilInLine } = await fullQueue({ maxMessages: 1 });
  await send("1");
  const aborting = new AbortController();
  const waiting = send("2", aborting.signal);
  await untilInLine();
  aborting.abort(new Error("no longer needed"));
  await expect(waiting).rejects.toThrow("no longer needed");
  const next = send("3");
  await queue.stats();
  await queue.purge();
  await next;
  expect(await bodiesIn(queue)).toEqual(["3"]);
  await hosts.close();
});

test("what waits and can never fit any more, since the queue was made smaller, is refused, and the next one goes on", async () => {
  const { hosts, queue, send, untilInLine } = await fullQueue({ maxMessages: 10 });
  await send("1");
  const batch = queue.sendBatch(Array.from({ length: 10 }, (_, i) => ({ body: `${i}` })));
  const refused = expect(batch).rejects.toMatchObject({ code: "full" });
  await untilInLine();
  const small = send("2");
  await hosts.connect().connection.openQueue("q", { maxMessages: 5 });
  await refused;
  await small;
  expect(await bodiesIn(queue)).toEqual(["1", "2"]);
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
