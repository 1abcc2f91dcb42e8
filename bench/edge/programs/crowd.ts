// Many clients, each with a socket of its own, that send one message at a time.

import { type Connection, connect, type Queue } from "../../../src/index.js";
import { percentiles } from "../../pages/case.js";
import { type Order, orderOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

const AT_ONCE = 50;
let connections: Connection[] = [];
let queues: Queue<Order>[] = [];

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Each sends, and waits for the answer and for `gapOf` after that, until the time is over; as many as were answered then. */
async function send(ms: number, gapOf: (startedAt: number) => number, firstGapMs: number) {
  const until = nowMs() + ms;
  const samples: number[] = [];
  const sendOn = async (queue: Queue<Order>, n: number) => {
    await sleep(firstGapMs * Math.random());
    while (nowMs() < until) {
      const from = nowMs();
      await queue.send(orderOf(n));
      if (nowMs() < until) samples.push(nowMs() - from);
      const gapMs = gapOf(from);
      if (gapMs > 0) await sleep(gapMs);
    }
  };
  await Promise.all(queues.map(sendOn));
  return { sent: samples.length, ...percentiles(samples) };
}

answer({
  async open({ url, token, count }: { url: string; token: string; count: number }) {
    for (let at = 0; at < count; at += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, () => connect({ url, token: () => token }));
      connections.push(...(await Promise.all(some)));
    }
    queues = await Promise.all(connections.map((one) => one.openQueue<Order>("crowd", { maxMessages: 10_000_000 })));
  },
  /** One message each `everyMs`, each client at a moment of its own. */
  paced: ({ ms, everyMs }: { ms: number; everyMs: number }) =>
    send(ms, (startedAt) => startedAt + everyMs - nowMs(), everyMs),
  /** The next as soon as the last was answered. */
  flatOut: ({ ms }: { ms: number }) => send(ms, () => 0, 0),
  async close() {
    await Promise.all(connections.map((one) => one.close()));
    connections = [];
    queues = [];
  },
});
