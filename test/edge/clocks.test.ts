// Devices whose clocks are hours ahead and behind: what lasts a while lasts that long by the server's clock, and what has an
// instant means that instant of the server's.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connection, connect } from "../../src/index.js";
import type { Device } from "./device.js";
import { type DeviceProcess, startDevice } from "./device-process.js";
import { QUEUE } from "./names.js";
import { createRecorder, judgeHistory, noteEnd, until } from "./recorder.js";
import { folderFor, hasServer, type ServerProcess, startServerProcess } from "./server-process.js";

const HOUR_MS = 3_600_000;
const SHIFTS = { ahead: 5 * HOUR_MS, behind: -5 * HOUR_MS } as const;

describe.skipIf(!hasServer)("devices whose clocks are wrong by hours", () => {
  const folder = folderFor("clocks");
  const recorder = createRecorder();
  let server: ServerProcess;
  let here: Connection;
  let wrong: readonly DeviceProcess[];
  beforeAll(async () => {
    server = await startServerProcess({}, folder);
    const url = `${server.url}/mq/clocks`;
    here = await connect({ url });
    // Shorter than its longest handlers take, so that leases are renewed.
    await here.openQueue(QUEUE, { leaseMs: 1_500 });
    wrong = await Promise.all(
      Object.entries(SHIFTS).map(([name, shiftMs]) => startDevice(recorder, { name, url, shiftMs }, folder)),
    );
  });
  afterAll(async () => {
    await Promise.all([...(wrong ?? []).map((device) => device.kill()), here?.close()]);
    await server?.close();
  });
  /** In both at once. */
  const each = <T>(run: (device: Device) => T | Promise<T>): Promise<T[]> =>
    Promise.all(wrong.map((device) => device.evaluate(run)));

  test("they are what they are taken for", async () => {
    const [ahead = 0, behind = 0] = await each(() => Date.now());
    expect(Math.round((ahead - Date.now()) / HOUR_MS)).toBe(5);
    expect(Math.round((behind - Date.now()) / HOUR_MS)).toBe(-5);
  });

  test("send and handle under load: nothing early, nothing late for ever, no lease that ends too soon", async () => {
    await each((device) => device.start({ everyMs: 25, handlerMs: 5, slowMs: 2_000, concurrency: 8 }));
    await until("200 are handled", () => recorder.count("settled") > 200);
    await each((device) => device.stopProducing());
    const queue = await here.openQueue<string>(QUEUE);
    await queue.whenIdle();
    await until("all is handled", async () => (await queue.stats()).totals.accepted === recorder.count("settled"));
    await each((device) => device.stopConsuming());
    await noteEnd(recorder, here);
    const { duplicated } = judgeHistory(recorder);
    expect(duplicated).toEqual(Object.fromEntries(Object.keys(duplicated).map((cause) => [cause, 0])));
  });

  test("an instant is one of the server's clock, wherever it was reckoned", async () => {
    const instants = await each(async ({ connection }) => {
      const queue = await connection.openQueue("instants");
      const deliverAt = Date.now() + 60_000;
      await queue.send(deliverAt, { deliverAt });
      return deliverAt;
    });
    const queue = await here.openQueue<number>("instants");
    const seen = await queue.peek();
    expect(new Map(seen.map(({ body, state }) => [body, state]))).toEqual(
      new Map([
        [instants[0], "delayed"],
        [instants[1], "ready"],
      ]),
    );
    expect(seen.find(({ state }) => state === "delayed")).toMatchObject({ deliverAt: instants[0] });
  });

  test("a time to live is as long as it says, and times that are told are the server's", async () => {
    await each(async ({ connection }) => {
      const queue = await connection.openQueue("expiring", { ttlMs: 60_000 });
      await queue.send("lives");
      await queue.send("is gone", { ttlMs: 1 });
    });
    const queue = await here.openQueue<string>("expiring");
    await until("the short ones are gone", async () => (await queue.stats()).ready === 2);
    const told = await each(async ({ connection }) => {
      const queue = await connection.openQueue("expiring");
      const [delivery] = await queue.receive({ leaseMs: 60_000 });
      await delivery?.ack();
      return delivery && { sentAt: delivery.sentAt, leaseExpiresAt: delivery.leaseExpiresAt };
    });
    for (const one of told) {
      expect(Math.abs((one?.sentAt ?? 0) - Date.now())).toBeLessThan(HOUR_MS);
      expect(Math.abs((one?.leaseExpiresAt ?? 0) - Date.now())).toBeLessThan(HOUR_MS);
    }
  });

  test("schedules tick by the server's clock, and dead letters go back at a rate, whoever asks", async () => {
    await each(async ({ connection, name }) => {
      const queue = await connection.openQueue<string>("ticks", { maxDeliveries: 1 });
      await queue.schedules.upsert(name, { everyMs: 200 }, name);
    });
    const queue = await here.openQueue<string>("ticks");
    const ticks: string[] = [];
    const consumer = queue.consume(async (delivery) => {
      ticks.push(delivery.body);
      await delivery.deadLetter("for the next part");
    });
    await until("both tick", () =>
      Object.keys(SHIFTS).every((name) => ticks.filter((tick) => tick === name).length > 1),
    );
    for (const name of Object.keys(SHIFTS)) await queue.schedules.remove(name);
    await queue.whenIdle();
    await consumer.stop();
    const { dead } = await queue.stats();
    const [, behind] = wrong as [DeviceProcess, DeviceProcess];
    const redriven = await behind.evaluate(async ({ connection }) => {
      const queue = await connection.openQueue("ticks");
      return (await queue.deadLetters.redrive({ rate: 1_000 })).redriven;
    });
    expect(redriven).toBe(dead);
  });
});
