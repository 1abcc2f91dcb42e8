// Many clients whose server ends and starts again: each holds a message, and all come back at once.

import { connect, type Delivery } from "../../src/index.js";
import { startServerProcess } from "./server-process.js";

export interface Returned {
  /** Different messages that were held when the server ended. */
  readonly held: number;
  readonly acked: number;
  /** Hand-outs, from the first to the last: as many as were held, if nobody lost one. */
  readonly deliveries: number;
  /** Milliseconds from the server's new start until each had its message acknowledged, the quickest first. */
  readonly backMs: readonly number[];
}

export async function returnAtOnce(clients: number): Promise<Returned> {
  const server = await startServerProcess();
  const url = `${server.url}/mq/crowd`;
  const connections = await Promise.all(Array.from({ length: clients }, () => connect({ url })));
  const queues = await Promise.all(connections.map((connection) => connection.openQueue<number>("work")));
  await queues[0]?.sendBatch(connections.map((_, body) => ({ body })));
  const taken = await Promise.all(queues.map((queue) => queue.receive({ leaseMs: 120_000, waitMs: 10_000 })));
  const held = taken.flat() as Delivery<number>[];
  await server.kill();
  // Long enough for all of them to have failed to come back.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await server.restart();
  const startedAt = performance.now();
  const backMs: number[] = [];
  await Promise.all(
    held.map(async (delivery) => {
      await delivery.ack();
      backMs.push(performance.now() - startedAt);
    }),
  );
  const { acked, deliveries } = (await queues[0]?.stats())?.totals ?? { acked: 0, deliveries: 0 };
  await Promise.all(connections.map((connection) => connection.close()));
  await server.close();
  return { held: new Set(held.map(({ body }) => body)).size, acked, deliveries, backMs };
}

/** For the log: how long it took is the machine's affair, and no test's. */
export function toldOf({ backMs }: Returned): string {
  const at = (part: number) => Math.round(backMs[Math.floor((backMs.length - 1) * part)] ?? Number.NaN);
  return `${backMs.length} clients back after a server's start: the first in ${at(0)} ms, half in ${at(0.5)}, the last in ${at(1)}`;
}
