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
process.on("message", () => {
  const collect = (globalThis as { readonly gc?: () => void }).gc;
  collect?.();
  // What finalizers let go is garbage only then.
  setTimeout(() => {
    collect?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    process.send?.({ heapUsed: heapUsed + external, rss });
  }, 50);
});
process.send?.({ url: server.url });
