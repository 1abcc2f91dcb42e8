// The server of OriginMQ, in a process of its own.

import { getHeapSpaceStatistics } from "node:v8";
import { type Server, serve } from "../../../src/server.js";
import { answer } from "./answer.js";

let server: Server | undefined;

/**
 * As the process has it once it is at rest, in bytes. `young` is what V8 keeps for what is new, up to a bound, and does not give
 * back: it follows from how fast things come, not from how many there are.
 */
async function memory() {
  for (let times = 0; times < 3; times++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const { rss, heapUsed } = process.memoryUsage();
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.physical_space_size ?? 0;
  return { rss, heapUsed, young };
}

/** The part of a core that it needs, over so many milliseconds. */
async function load({ ms }: { ms: number }) {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / ms;
}

answer({
  async start(storage: { directory: string } | { memory: true }) {
    server = await serve({ ...storage, port: 0 });
    return server.url;
  },
  memory,
  load,
  close: () => server?.close(),
});
