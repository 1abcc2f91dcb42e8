// What tests of bridges have in common: queues to forward from, and to.

import { expect } from "vitest";
import type { Bridge } from "../../src/bridge.js";
import { type Connection, connect, type Queue, type QueueOptions } from "../../src/index.js";

/** Queues and bridges of one test, closed together. */
export function createScene() {
  const connections: Connection[] = [];
  const bridges: Bridge[] = [];
  let count = 0;
  const scene = {
    async open<Body>(options: QueueOptions = {}, database = `scene-${Date.now()}-${++count}`): Promise<Queue<Body>> {
      const connection = await connect({ storage: "memory", database });
      connections.push(connection);
      return connection.openQueue<Body>("orders", options);
    },
    with(bridge: Bridge): Bridge {
      bridges.push(bridge);
      return bridge;
    },
    async close() {
      await Promise.all(bridges.splice(0).map((one) => one.close({ waitMs: 0 })));
      await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
    },
  };
  return scene;
}

export const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Nothing waits, nothing is in work. */
export const drained = (queue: Queue) =>
  expect.poll(() => queue.stats(), { timeout: 30_000 }).toMatchObject({ ready: 0, leased: 0, delayed: 0, blocked: 0 });
