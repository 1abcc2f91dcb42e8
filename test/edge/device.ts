// A client under load, in a page or a process: it sends and handles messages, and reports what happens to each. Some belong
// to groups, some have a delay. Invariant: a report is made before the fact that it tells of can be lost.

import type { Connection, Queue } from "../../src/index.js";
import { codeOf, createHandler, type Unsigned } from "../faults/page/handling.js";
import type { ConsumeLoad, ProduceLoad, Report } from "../faults/page/lab.js";

export interface DeviceLoad extends ConsumeLoad, ProduceLoad {
  /** Every second message is of one of so many groups. Default 7; 0 is none. */
  readonly groups?: number;
  /** Every tenth is to be delivered so much later. Default 50. */
  readonly delayMs?: number;
  /** How many sends without an outcome it has at most before it waits for one. Default 2,000. */
  readonly openMax?: number;
}

export interface Device {
  readonly name: string;
  readonly connection: Connection;
  readonly queue: Queue<string>;
  /** Sends and handles until it is stopped. */
  start(load?: DeviceLoad): void;
  /** Only handles. */
  consume(load: DeviceLoad): void;
  /** Resolves when every send has its outcome. */
  stopProducing(): Promise<void>;
  /** Resolves when no handler runs. */
  stopConsuming(): Promise<void>;
  /** Sends so many at once, each with so many bytes; resolves with the codes of those that failed. */
  send(count: number, bytes?: number): Promise<string[]>;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function createDevice(
  name: string,
  connection: Connection,
  queue: Queue<string>,
  report: (event: Report) => Promise<void>,
): Device {
  let counter = 0;
  let isProducing = false;
  let producing: Promise<void> = Promise.resolve();
  let consumer: ReturnType<Queue<string>["consume"]> | undefined;

  const tell = (event: Unsigned) =>
    report({ ...event, epoch: connection.host?.epoch ?? 0, wroteAt: performance.timeOrigin + performance.now() });

  const sendOne = async (load: DeviceLoad, bytes = 0): Promise<string | undefined> => {
    const { groups = 7, delayMs = 50 } = load;
    const number = ++counter;
    const body = `${name}-${String(number).padStart(6, "0")}`;
    const options =
      number % 2 === 0 && groups > 0
        ? { groupId: `group-${(number / 2) % groups}` }
        : number % 10 === 5
          ? { delayMs }
          : undefined;
    await tell({ type: "sending", body, ...options });
    try {
      const { id } = await queue.send(bytes > 0 ? `${body}.${noise(bytes)}` : body, options);
      void tell({ type: "sent", body, id });
      return undefined;
    } catch (error) {
      void tell({ type: "refused", body, code: codeOf(error), message: String(error) });
      return codeOf(error);
    }
  };
  const produce = async (load: DeviceLoad) => {
    const { everyMs = 5, burst = 1, openMax = 2_000 } = load;
    const open = new Set<Promise<unknown>>();
    while (isProducing) {
      for (let i = 0; i < burst; i++) {
        const sent = sendOne(load).finally(() => open.delete(sent));
        open.add(sent);
      }
      await sleep(everyMs);
      // What a person or a sensor does goes on while the line is down, but not without end.
      if (open.size >= openMax) await Promise.race(open);
    }
    await Promise.all(open);
  };

  const consume = (load: DeviceLoad) => {
    const { concurrency = 4, prefetch = 16 } = load;
    consumer = queue.consume(createHandler(tell, load), { concurrency, prefetch });
  };

  return {
    name,
    connection,
    queue,
    consume,
    start(load = {}) {
      consume(load);
      isProducing = true;
      producing = produce(load);
    },
    async stopProducing() {
      isProducing = false;
      await producing;
    },
    async stopConsuming() {
      await consumer?.stop();
    },
    async send(count, bytes) {
      const codes = await Promise.all(Array.from({ length: count }, () => sendOne({ groups: 0, delayMs: 0 }, bytes)));
      return codes.filter((code) => code !== undefined);
    },
  };
}

const noise = (length: number) => {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.min(length, 60_000)));
  const text = Array.from(bytes, (byte) => String.fromCharCode(0x21 + (byte % 0x5d))).join("");
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
};
