// Devices that keep what they send until the server has it, while that dies and the lines break: two contexts of a till
// that share a queue, a phone, and an office without one. The history checker judges what became of each message.

import { expect, test } from "vitest";
import { type Connection, connect, type LocalFirstQueue, openQueue } from "../../src/index.js";
import type { HistoryEvent } from "../checker/history.js";
import { createDevice, type Device, type DeviceLoad } from "./device.js";
import { QUEUE } from "./names.js";
import { type FaultyLine, startFaultyLine } from "./proxy.js";
import { createRecorder, joinAs, judgeHistory, noteEnd, type Recorder, until } from "./recorder.js";
import { hasServer, startServerProcess } from "./server-process.js";

const LOAD: DeviceLoad = { everyMs: 20, handlerMs: 5, slowMs: 300 };
const GROUPS = 7;

interface LocalDevice extends Device {
  readonly queue: LocalFirstQueue<string>;
}

/** One context of the device. It knows no host of the server's: the epochs are told by the office. */
async function openDevice(name: string, device: string, recorder: Recorder, url: string): Promise<LocalDevice> {
  const options = { url, local: true, storage: "memory", database: device, token: () => name } as const;
  const queue = await openQueue<string>(QUEUE, options);
  // What a device asks of its connection.
  const connection = { host: undefined, close: () => queue.close() } as unknown as Connection;
  return { ...createDevice(name, connection, queue, async (report) => recorder.take(name, report)), queue };
}

/** A receipt has the id that the message has on its device; what the server calls it, its first delivery says. */
function underServerIds(history: readonly HistoryEvent[]): HistoryEvent[] {
  const ids = new Map<string, string>();
  for (const event of history) if (event.type === "delivered" && !ids.has(event.body)) ids.set(event.body, event.id);
  return history.map((event) => (event.type === "sent" ? { ...event, id: ids.get(event.body) ?? event.id } : event));
}

const counterOf = (body: string) => Number(body.slice(-6));

/** Of each line of a device, which its contexts fill by turns, those of one context: as the server has accepted them. */
function linesOf(history: readonly HistoryEvent[], producer: string): number[][] {
  const lines = new Map<string, { seq: number; counter: number }[]>();
  const known = new Set<string>();
  for (const event of history) {
    if (event.type !== "delivered" || !event.body.startsWith(`${producer}-`) || known.has(event.body)) continue;
    known.add(event.body);
    const counter = counterOf(event.body);
    const line = counter % 2 === 0 ? `group-${(counter / 2) % GROUPS}` : "";
    const seq = Number.parseInt(event.id.slice(event.id.lastIndexOf("-") + 1), 36);
    lines.set(line, [...(lines.get(line) ?? []), { seq, counter }]);
  }
  return [...lines.values()].map((line) => line.sort((a, b) => a.seq - b.seq).map(({ counter }) => counter));
}

test.skipIf(!hasServer)(
  "each message is handled once, in the order of its device's line, whatever breaks between it and the server",
  async () => {
    const server = await startServerProcess();
    const line: FaultyLine = await startFaultyLine(server.url);
    const recorder = createRecorder();
    const url = `${line.url}/mq/local-first`;
    const office = await joinAs("office", recorder, { url: `${server.url}/mq/local-first` });
    const locals = [
      await openDevice("till", "till", recorder, url),
      await openDevice("kitchen", "till", recorder, url),
      await openDevice("phone", "phone", recorder, url),
    ];
    const devices: Device[] = [office, ...locals];
    for (const device of devices) device.start(LOAD);
    const progress = async () => {
      const before = recorder.count("settled");
      await until("60 more are handled", () => recorder.count("settled") > before + 60);
    };
    await progress();
    line.cut();
    await progress();
    await server.kill();
    // What is sent now is safe at once, and nowhere but here.
    const sent = recorder.count("sent");
    await until("40 more are sent", () => recorder.count("sent") > sent + 40);
    await server.restart();
    await progress();
    line.vanish("client");
    await progress();

    await Promise.all(devices.map((device) => device.stopProducing()));
    await Promise.all(locals.map(({ queue }) => queue.whenIdle()));
    const direct = await connect({ url: `${server.url}/mq/local-first` });
    const queue = await direct.openQueue<string>(QUEUE);
    await queue.whenIdle();
    await until("none is delayed", async () => (await queue.stats()).delayed === 0);
    await queue.whenIdle();
    await Promise.all(devices.map((device) => device.stopConsuming()));
    await noteEnd(recorder, direct);
    for (const { queue } of locals) expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0, dead: 0 });
    await Promise.all([direct.close(), ...devices.map(({ connection }) => connection.close())]);
    await line.close();
    await server.close();

    const history = underServerIds(recorder.history);
    const { sent: confirmed, attempted } = judgeHistory({ history });
    expect(confirmed).toBe(attempted);
    for (const { name } of locals) {
      const lines = linesOf(history, name);
      expect(lines.length).toBe(GROUPS + 1);
      for (const line of lines) expect(line).toEqual([...line].sort((a, b) => a - b));
    }
  },
);
