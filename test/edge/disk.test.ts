// A server whose disk is full: sends are refused as such and are not stored, what is there is handled, and with room it goes
// on. On a real small disk where a process may have one; elsewhere the system's own answer says that there is no room.

import { expect, test } from "vitest";
import type { Device } from "./device.js";
import { createRecorder, joinAs, judge, type Recorder, until } from "./recorder.js";
import { canMount, hasServer, type ServerProcess, startServerProcess } from "./server-process.js";

const DISK_BYTES = 64 * 1024 * 1024;
const BODY_BYTES = 20_000;

async function fullAndFree(server: ServerProcess, fill: () => Promise<void>, empty: () => Promise<void>) {
  const recorder = createRecorder();
  const options = { url: `${server.url}/mq/disk` };
  const [sender, worker] = (await Promise.all(["sender", "worker"].map((name) => joinAs(name, recorder, options)))) as [
    Device,
    Device,
  ];
  expect(await sender.send(50, BODY_BYTES)).toEqual([]);
  await fill();
  await until("sends are refused", async () => (await sender.send(1, BODY_BYTES)).length === 1);
  const refused = await sender.send(10, BODY_BYTES);
  expect(refused).toEqual(Array.from({ length: 10 }, () => "quota-exceeded"));
  const { sent, handled } = await drain(recorder, worker);
  expect(handled).toBe(sent);
  await empty();
  // Room that was lent to settlements is asked for again after a second.
  await until("sends are taken again", async () => (await sender.send(1)).length === 0);
  expect(await sender.send(20, BODY_BYTES)).toEqual([]);
  const { refused: refusals } = await judge(recorder, [sender, worker], options);
  expect(refusals).toBeGreaterThanOrEqual(10);
}

/** All that was stored is handled and acknowledged, while there is no room. */
async function drain(recorder: Recorder, worker: Device): Promise<{ sent: number; handled: number }> {
  const sent = recorder.count("sent");
  worker.consume({ concurrency: 8 });
  await until("the queue is drained", () => recorder.count("settled") === sent);
  return { sent, handled: recorder.count("settled") };
}

test.skipIf(!hasServer || !canMount)("a server whose small disk is filled by others", async () => {
  const server = await startServerProcess({ diskBytes: DISK_BYTES });
  await fullAndFree(
    server,
    // To the last byte: nothing is left but what the server has kept for settlements.
    () => server.tell("fill 0"),
    () => server.tell("free"),
  );
  await server.close();
});

test.skipIf(!hasServer)("a server whose system says that its disk is full", async () => {
  const server = await startServerProcess();
  await fullAndFree(
    server,
    () => server.tell("full"),
    () => server.tell("room"),
  );
  await server.close();
});
