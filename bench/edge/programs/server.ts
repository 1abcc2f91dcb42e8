// The server of OriginMQ, in a process of its own.

import { type Server, serve } from "../../../src/server.js";
import { answer } from "./answer.js";

let server: Server | undefined;

/** As the process has it after a collection, in bytes. */
function memory() {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

answer({
  async start(storage: { directory: string } | { memory: true }) {
    server = await serve({ ...storage, port: 0 });
    return server.url;
  },
  memory,
  close: () => server?.close(),
});
