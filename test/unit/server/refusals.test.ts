// What a client hears that may not do what it asks for, or may no more.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openQueue, type QueueError } from "../../../src/index.js";
import type { Grant, Verb } from "../../../src/server.js";
import { atEnd, join, startServer } from "./world.js";

const withRights = async (...may: Verb[]) => {
  const server = await startServer({ authorize: () => ({ client: "till", queues: { orders: may } }) });
  return (await join(`${server.url}/mq/shop`)).openQueue<number>("orders");
};
const denied = (verb: Verb) => expect.objectContaining({ code: "denied", detail: { verb, queue: "orders" } });
const once = (target: EventTarget, type: string) =>
  new Promise<Event>((resolve) => target.addEventListener(type, resolve, { once: true }));

let onConsole: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  onConsole = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

describe("without the right to it", () => {
  test("consume ends, and says why on the console where nobody asks", async () => {
    const queue = await withRights("send");
    queue.consume(() => {});
    await expect.poll(() => onConsole.mock.calls).toEqual([[expect.stringContaining("orders"), denied("consume")]]);
  });

  test("consume ends, and its promise says why, once", async () => {
    const queue = await withRights("send");
    const consumer = queue.consume(() => {});
    await expect(consumer.closed).rejects.toEqual(denied("consume"));
    await consumer.stop();
    await queue.close();
    expect(onConsole).not.toHaveBeenCalled();
  });

  test("a loop and a stream fail", async () => {
    const queue = await withRights("send");
    await expect(queue.deliveries().next()).rejects.toEqual(denied("consume"));
    await expect(queue.readable().getReader().read()).rejects.toEqual(denied("consume"));
  });

  test("a subscription to statistics ends, and says why", async () => {
    const queue = await withRights("send");
    const reasons: QueueError[] = [];
    queue.subscribeStats(() => {}, { onEnded: (reason) => reasons.push(reason) });
    queue.subscribeStats(() => {});
    await expect.poll(() => reasons).toEqual([denied("peek")]);
    await expect.poll(() => onConsole.mock.calls).toEqual([[expect.stringContaining("orders"), denied("peek")]]);
  });

  test("a consumer that is stopped says nothing", async () => {
    const queue = await withRights("send", "consume");
    const consumer = queue.consume(() => {});
    await consumer.stop();
    await expect(consumer.closed).resolves.toBeUndefined();
    expect(onConsole).not.toHaveBeenCalled();
  });
});

test("who may consume works a queue off, and is told how many are left", async () => {
  const queue = await withRights("send", "consume");
  await queue.sendBatch([1, 2, 3].map((body) => ({ body })));
  const handled: number[] = [];
  const result = await queue.consumeUntilEmpty(({ body }) => void handled.push(body));
  expect({ ...result, handled }).toEqual({ handled: [1, 2, 3], remaining: 0 });
});

describe("a right that is not renewed", () => {
  const start = async () => {
    let isIn = true;
    const rights: Pick<Grant, "client" | "queues"> = { client: "till", queues: { "*": ["send", "consume"] } };
    const server = await startServer({
      authorize: () => (isIn ? { ...rights, expiresAt: Date.now() + 300 } : null),
    });
    const setIn = (now: boolean) => {
      isIn = now;
    };
    return { url: `${server.url}/mq/shop`, token: () => "of this session", setIn };
  };

  test("ends consumers and their connection, which say why", async () => {
    const { url, token, setIn } = await start();
    const connection = await join(url, { token });
    const queue = await connection.openQueue("orders");
    const consumer = queue.consume(() => {});
    const heard = [once(connection as unknown as EventTarget, "ended"), once(queue as unknown as EventTarget, "ended")];
    setIn(false);
    await expect(consumer.closed).rejects.toMatchObject({ code: "denied" });
    for (const event of await Promise.all(heard))
      expect((event as CustomEvent).detail.reason).toMatchObject({ code: "denied" });
    expect(() => queue.consume(() => {})).toThrow(expect.objectContaining({ code: "denied" }));
  });

  test("leaves its connection to nobody who opens a queue after it", async () => {
    const { url, token, setIn } = await start();
    const old = await openQueue("orders", { url, token });
    const ended = once(old as unknown as EventTarget, "ended");
    setIn(false);
    await ended;
    setIn(true);
    const anew = await openQueue("orders", { url, token });
    atEnd(() => anew.close());
    await anew.send(1);
    await old.close();
    const shared = await openQueue("orders", { url, token });
    await shared.close();
    await anew.send(2);
  });
});

test("a connection whose line is lost says so, and that it is back", async () => {
  const server = await startServer();
  const { port } = new URL(server.url);
  const connection = await join(`${server.url}/mq/shop`);
  const queue = await connection.openQueue("orders");
  const heard: string[] = [];
  for (const type of ["disconnected", "connected"] as const) {
    connection.addEventListener(type, () => heard.push(`${type}, ${connection.host ? "a host" : "none"}`));
    queue.addEventListener(type, () => heard.push(`queue: ${type}`));
  }
  await server.close();
  await expect.poll(() => [...heard].sort()).toEqual(["disconnected, none", "queue: disconnected"]);
  await startServer({ port: Number(port) });
  await expect.poll(() => heard.slice(2).sort()).toEqual(["connected, a host", "queue: connected"]);
});

describe("a refusal names what is wanted", () => {
  test("of options, the right that storing them takes", async () => {
    const server = await startServer({ authorize: () => ({ client: "till", queues: { orders: ["send"] } }) });
    const connection = await join(`${server.url}/mq/shop`);
    await expect(connection.openQueue("orders", { maxDeliveries: 3 })).rejects.toMatchObject({
      code: "denied",
      message: expect.stringMatching(/options of openQueue.*"manage"/),
    });
  });

  test("of a grant, that it has expired", async () => {
    const authorize = () => ({ client: "till", queues: {}, expiresAt: Date.now() - 1 });
    const server = await startServer({ authorize });
    await expect(join(`${server.url}/mq/shop`)).rejects.toMatchObject({ message: expect.stringContaining("expired") });
  });

  test("of a message, the limit that it is over", async () => {
    const server = await startServer({ maxMessageBytes: 100_000 });
    const queue = await (await join(`${server.url}/mq/shop`)).openQueue<string>("orders");
    await expect(queue.send("x".repeat(200_000))).rejects.toMatchObject({
      message: expect.stringContaining("maxMessageBytes"),
      detail: { limit: "maxMessageBytes", max: 100_000 },
    });
  });
});

test("all queues are those of which a client may know how much is in them", async () => {
  const may = (client: string): Grant => ({
    client,
    queues: { sent: ["send"], taken: ["consume"], read: ["peek"], managed: ["manage"] },
  });
  const server = await startServer({
    authorize: ({ token }) => (token ? may(token) : { client: "a", queues: { "*": ["manage"] } }),
  });
  const url = `${server.url}/mq/shop`;
  const owner = await join(url);
  for (const name of ["sent", "taken", "read", "managed"]) await owner.openQueue(name, { maxDeliveries: 3 });
  const till = await join(url, { token: () => "till" });
  expect((await till.queues()).map(({ name }) => name).sort()).toEqual(["managed", "read", "taken"]);
});
