// The way to the server that came with this page: a queue that is local first. What is sent is safe on this device at once,
// and goes to the server when that can be reached.

import { openQueue } from "../../src/index.js";
import { DATABASE } from "../lab/words.js";
import type { Entry } from "../shared/entry.js";
import type { Way } from "./way.js";

export async function openServer({ url, token }: Entry): Promise<Way> {
  const queue = await openQueue("from-devices", { url, token, local: true, database: DATABASE });
  let sent = 0;
  return {
    send: (n) => queue.sendBatch(Array.from({ length: n }, () => ({ body: { order: ++sent } }))),
    async figures() {
      const { ready, leased, delayed, blocked, bridge, remote } = await queue.stats();
      return { waiting: ready + leased + delayed + blocked, bridge, there: remote?.ready ?? null };
    },
    close: () => queue.close(),
  };
}
