// A bridge to a real JetStream server while that is killed, paused and filled, the line fails, and the bridge's own process
// dies; `npm run torture:bridge` for longer.

import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { afterAll, expect, inject, test } from "vitest";
import { bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import type { HistoryEvent } from "../checker/history.js";
import { folderFor } from "../edge/server-process.js";
import { addStream, jsonOf, MINUTE_NS, readStream } from "./jetstream.js";
import { startNatsServer, usersConfig } from "./nats-server.js";
import { createScene, drained, numbers } from "./scene.js";
import { startJetStream } from "./torture/jetstream.js";
import { judge, torture } from "./torture/torture.js";

const { natsServer: binary } = inject("brokers");
const folder = folderFor("bridge");
const closing: (() => Promise<void>)[] = [];
const ascending = (a: unknown, b: unknown) => Number(a) - Number(b);
const SOON = { timeout: 20_000 };
afterAll(() => Promise.all(closing.map((close) => close())));

test.each(["SIGTERM", "SIGKILL"] as const)(
  "an id is remembered over a %s for as long as its message is stored, and no longer",
  async (signal) => {
    const server = await startNatsServer({ binary });
    closing.push(() => server.close());
    const limits = { max_age: 60 * MINUTE_NS, duplicate_window: 10 * MINUTE_NS };
    const publishAll = async () => {
      const client = jetstream(await server.connection());
      const kept = await client.publish("kept.a", "1", { msgID: "one" });
      const work = await client.publish("work.a", "1", { msgID: "one" });
      return [kept.duplicate, work.duplicate];
    };
    const nc = await server.connection();
    await addStream(nc, { ...limits, name: "kept" });
    await addStream(nc, { ...limits, name: "work", retention: "workqueue" });
    const manager = await jetstreamManager(nc);
    await manager.consumers.add("work", { durable_name: "worker", ack_policy: AckPolicy.Explicit });
    expect(await publishAll()).toEqual([false, false]);
    const message = await (await jetstream(nc).consumers.get("work", "worker")).next();
    await message?.ackAck();
    expect(await publishAll()).toEqual([true, true]);
    await server.kill(signal);
    await server.start();
    // Here is why a work queue is refused: it would be worked on again.
    expect(await publishAll()).toEqual([true, false]);
  },
);

test("over an application's own connection, which reconnects by itself, nothing is lost, twice there or out of order", async () => {
  const server = await startNatsServer({ binary });
  closing.push(() => server.close());
  await addStream(await server.connection(), {
    name: "own",
    max_age: 60 * MINUTE_NS,
    duplicate_window: 10 * MINUTE_NS,
  });
  const nc = await connectNats({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  closing.push(() => nc.close());
  const scene = createScene();
  closing.push(() => scene.close());
  const source = await scene.open<number>();
  const up = scene.with(bridge(source, toJetStream({ servers: nc, stream: "own", subject: "own.a" })));
  let sent = 0;
  const sending = (async () => {
    for (; sent < 5_000; sent += 50) await source.sendBatch(numbers(sent, sent + 50).map((body) => ({ body })));
  })();
  await expect.poll(() => up.stats().forwarded, SOON).toBeGreaterThan(500);
  await server.kill();
  await server.start();
  await sending;
  await drained(source);
  expect((await readStream(await server.connection(), "own")).map(jsonOf)).toEqual(numbers(0, 5_000));
});

test("an account that is revoked is waited for; a right that is withdrawn makes dead letters, which go through once it is back", async () => {
  const may = 'publish: ["own.>", "$JS.API.>"], subscribe: ["_INBOX.>"]';
  const withdrawn = 'publish: ["$JS.API.>"], subscribe: ["_INBOX.>"]';
  const server = await startNatsServer({ binary, config: usersConfig({ till: may }) });
  closing.push(() => server.close());
  const config = { name: "own", max_age: 60 * MINUTE_NS, duplicate_window: 10 * MINUTE_NS };
  await addStream(await server.connection(), config);
  const scene = createScene();
  closing.push(() => scene.close());
  const source = await scene.open<number>();
  const connection = { user: "till", pass: "till" };
  const up = scene.with(
    bridge(source, toJetStream({ servers: server.url, connection, stream: "own", subject: "own.a" })),
  );
  const send = (from: number, to: number) => source.sendBatch(numbers(from, to).map((body) => ({ body })));
  await send(0, 10);
  await drained(source);
  server.reload(usersConfig({}));
  await expect.poll(() => up.stats().state, SOON).toBe("stalled");
  await send(10, 20);
  // Whoever is not let in has not had a message refused.
  await expect.poll(() => up.stats().error?.message, SOON).toMatch(/[Aa]uthorization|[Aa]uthentication/);
  server.reload(usersConfig({ till: may }));
  await drained(source);
  expect(up.stats()).toMatchObject({ forwarded: 20, refused: 0 });
  server.reload(usersConfig({ till: withdrawn }));
  // The server reads that in its own time.
  let sent = 20;
  const dead = async () => (await source.stats()).dead;
  for (; (await dead()) === 0; sent++) {
    await send(sent, sent + 1);
    await drained(source);
  }
  await send(sent, sent + 9);
  await expect.poll(dead, SOON).toBe(10);
  for (const { reason } of await source.deadLetters.list()) expect(reason).toMatch(/[Pp]ermission/);
  server.reload(usersConfig({ till: may }));
  // As above: what is refused once more goes back once more.
  for (; (await dead()) > 0; await drained(source)) await source.deadLetters.redrive();
  expect((await readStream(await server.connection(), "own")).map(jsonOf).sort(ascending)).toEqual(
    numbers(0, sent + 9),
  );
});

test("what is lost, there twice or out of order is seen", () => {
  const history = (groupId?: string) =>
    ["a-0", "a-1", "a-2"].flatMap((body, at): HistoryEvent[] => [
      { type: "send", at, producer: "a", body, ...(groupId && { groupId }) },
      { type: "sent", at, body, id: `id-${at}` },
    ]);
  const arrived = (...places: number[]) => places.map((place) => ({ body: `a-${place}`, id: `id-${place}` }));
  for (const [isOrdered, sent] of [
    [true, history()],
    [false, history("a")],
  ] as const) {
    expect(judge(sent, arrived(0, 1, 2), isOrdered).problems).toEqual([]);
    expect(judge(sent, arrived(0, 2), isOrdered).problems).not.toEqual([]);
    expect(judge(sent, arrived(0, 1, 1, 2), isOrdered).problems).not.toEqual([]);
    expect(judge(sent, arrived(1, 0, 2), isOrdered).problems).not.toEqual([]);
  }
});

test("whatever fails, each message is in its stream once, and in order", { timeout: 120_000 }, async () => {
  const { reports, stored } = await torture({
    engine: await startJetStream(binary),
    folder,
    everyMs: 900,
    stillMs: 1_500,
  });
  expect(reports.grouped.problems).toEqual([]);
  expect(reports.plain.problems).toEqual([]);
  expect(Math.min(...Object.values(stored))).toBeGreaterThan(1_000);
});
