// The server that is fuzzed, in a process of its own: its memory is its own, and whatever ends it is seen.

import { type Authorize, serve } from "../../src/server.js";

/** By token. */
const GRANTS: Readonly<Record<string, ReturnType<Authorize>>> = {
  manager: { client: "manager", queues: { "*": ["send", "consume", "peek", "manage"] } },
  neighbour: { client: "neighbour", queues: { neighbours: ["send", "consume"] } },
  few: { client: "few", queues: { open: ["send", "consume"] }, limits: { consumers: 20, queues: 20 } },
};

const server = await serve({
  memory: true,
  port: 0,
  reconnectMs: 500,
  maxMessageBytes: 2 ** 20,
  perClient: { bytesInFlight: 2 ** 24 },
  maxBytesInFlight: 2 ** 26,
  authorize: ({ token = "" }) => (Object.hasOwn(GRANTS, token) ? GRANTS[token] : null),
  onError: (error) => process.send?.({ error: String(error) }),
});
process.on("message", async () => {
  const collect = (globalThis as { readonly gc?: () => void }).gc;
  let least = Number.POSITIVE_INFINITY;
  // What is finalized, or was under way, is garbage only a little later.
  for (let i = 0; i < 5; i++) {
    collect?.();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.send?.({ heapUsed: least });
});
process.send?.({ url: server.url });
