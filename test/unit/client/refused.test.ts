// Consumers that a host has no room for.

import { afterEach, expect, test } from "vitest";
import { ASKERS_PER_CLIENT_MAX } from "../../../src/core/spec/limits.js";
import { type Hosts, startHosts } from "./client-fixture.js";
import { through } from "./through.js";

let hosts: Hosts;
afterEach(() => hosts.close());

test("a client that waits for as much as it may still consumes", async () => {
  hosts = await startHosts();
  const { client, connection } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  const waiting = Array.from({ length: ASKERS_PER_CLIENT_MAX }, () =>
    client.ask({ op: "receive", waiter: client.nextWaiter(), queue: "other", max: 1, waitMs: 60_000, mode: "receive" }),
  );
  for (const one of waiting) one.catch(() => {});
  await queue.stats();
  const handled: number[] = [];
  queue.consume(({ body }) => void handled.push(body));
  await queue.send(1);
  await expect.poll(() => handled).toEqual([1]);
  await expect(queue.receive({ waitMs: 1 })).rejects.toMatchObject({ code: "full" });
});

test("a host that refuses a consumer, or a watcher, is told of it again until it takes it", async () => {
  hosts = await startHosts();
  let refusals = 4;
  // As for want of room: what the host gets is malformed.
  const refuse = (port: MessagePort) =>
    through(port, (request) => {
      const isAnnounced = request.op === "consume" || request.op === "watch";
      return isAnnounced && refusals-- > 0 ? ({ ...request, queue: "" } as typeof request) : request;
    });
  const { connection } = hosts.connect(100, refuse);
  const queue = await connection.openQueue<number>("q");
  const handled: number[] = [];
  const stats: number[] = [];
  queue.consume(({ body }) => void handled.push(body));
  queue.subscribeStats(({ ready }) => stats.push(ready));
  await queue.send(1);
  await expect.poll(() => handled).toEqual([1]);
  await expect.poll(() => stats.length).toBeGreaterThan(0);
  expect(refusals).toBeLessThan(0);
});

test("a consumer that was stopped is not told of again", async () => {
  hosts = await startHosts();
  let announced = 0;
  const refuse = (port: MessagePort) =>
    through(port, (request) => {
      if (request.op !== "consume") return request;
      announced++;
      return { ...request, queue: "" } as typeof request;
    });
  const { connection } = hosts.connect(100, refuse);
  const queue = await connection.openQueue<number>("q");
  const consumer = queue.consume(() => {});
  await expect.poll(() => announced).toBeGreaterThan(1);
  await consumer.stop();
  await queue.stats();
  const before = announced;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(announced).toBe(before);
});
