// Servers that die without a word, under load, and come back on what they had stored: a process over SQLite, and workerd with
// a Durable Object. The history checker judges what became of each message.

import { describe, expect, test } from "vitest";
import { startWorkerd } from "../../scripts/workerd.mjs";
import type { ConnectOptions } from "../../src/index.js";
import { createRecorder, joinAs, judge, until } from "./recorder.js";
import { hasServer, startServerProcess } from "./server-process.js";

interface Mortal {
  readonly url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** Kills it so often under the load of three clients. */
async function killUnderLoad(server: Mortal, kills: number, token?: () => string): Promise<void> {
  const recorder = createRecorder();
  const options: ConnectOptions = { url: `${server.url}/mq/death`, ...(token && { token }) };
  const names = ["till", "phone", "office"];
  const devices = await Promise.all(names.map((name) => joinAs(name, recorder, options)));
  for (const device of devices) device.start({ everyMs: 20, handlerMs: 5, slowMs: 600 });
  const progress = async () => {
    const before = recorder.count("settled");
    await until("40 more are handled", () => recorder.count("settled") > before + 40);
  };
  await progress();
  for (let i = 0; i < kills; i++) {
    await server.kill();
    await server.restart();
    await progress();
  }
  const { duplicated, attempted, sent } = await judge(recorder, devices, options);
  // Every client lived: what its handlers had, they kept, and what it sent was stored once.
  expect(duplicated).toEqual(Object.fromEntries(Object.keys(duplicated).map((cause) => [cause, 0])));
  expect(sent).toBe(attempted);
  expect(recorder.epoch).toBe(kills + 1);
}

describe("a server that dies", () => {
  test.skipIf(!hasServer)("over SQLite loses nothing, and delivers nothing twice to clients that live", async () => {
    const server = await startServerProcess();
    await killUnderLoad(server, 3);
    await server.close();
  });

  test("in workerd loses nothing, and delivers nothing twice to clients that live", async () => {
    const workerd = await startWorkerd("test/edge/worker.ts");
    await killUnderLoad(workerd, 1, () => "letmein");
    await workerd.close();
  });
});
