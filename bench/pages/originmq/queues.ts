// The queues of OriginMQ that all rounds use: one a durability, in one database that lives as long as the run, so that
// what it does in the background is part of what is measured.

import { type Connection, connect, type Queue } from "../../../src/index.js";
import type { Durability } from "../case.js";
import { deleteDatabase } from "../databases.js";
import type { Order } from "../message.js";

const DATABASE = "bench-originmq";

let connection: Promise<Connection> | undefined;
const queues = new Map<Durability, Promise<Queue<Order>>>();

export function queueOf(durability: Durability): Promise<Queue<Order>> {
  connection ??= connect({ database: DATABASE });
  const known = queues.get(durability) ?? open(connection, durability);
  queues.set(durability, known);
  return known;
}

const open = async (connected: Promise<Connection>, durability: Durability): Promise<Queue<Order>> =>
  (await connected).openQueue<Order>(durability, { durability, maxMessages: 1_000_000 });

export async function closeQueues(): Promise<void> {
  await (await connection)?.close();
}

export const deleteQueues = (): Promise<void> => deleteDatabase(DATABASE);
