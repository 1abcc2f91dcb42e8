// An edge host with a queue, and an example that forwards it, in a process of its own, to be killed.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/index.js";
import { serve } from "../../src/server.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Finds what the examples have installed. */
export const ofExamples = createRequire(fileURLToPath(new URL("../../examples/forward/package.json", import.meta.url)));

export interface Sent {
  readonly id: string;
  readonly groupId: string;
  readonly body: { readonly place: number };
}

const GROUPS = ["north", "south", "käse/1"];

/**
 * Sends so many messages to a queue that the example forwards, and kills the example meanwhile, so that some of what it sent is
 * sent again. Resolves with what was sent, once the queue is empty.
 */
export async function forwardAll(system: string, count: number, env: NodeJS.ProcessEnv): Promise<Sent[]> {
  const host = await serve({ port: 0, memory: true, reconnectMs: 200 });
  const url = `${host.url}/mq/forward`;
  const connection = await connect({ url });
  const orders = await connection.openQueue<Sent["body"]>("orders", { maxDeliveries: 1_000 });
  let child: ChildProcess | undefined;
  const start = () => {
    child = spawn(process.execPath, ["examples/run.mjs", "forward", system], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, ...env, ORIGINMQ_URL: url },
    });
  };
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    const ending = child;
    child = undefined;
    if (ending === undefined) return undefined;
    const ended = once(ending, "exit");
    ending.kill(signal);
    return (await ended)[0];
  };
  try {
    start();
    const sent: Sent[] = [];
    const send = async (from: number, to: number) => {
      for (let place = from; place < to; place++) {
        const groupId = GROUPS[place % GROUPS.length] as string;
        const { id } = await orders.send({ place }, { groupId, headers: { shop: "12" } });
        sent.push({ id, groupId, body: { place } });
      }
    };
    await send(0, count / 2);
    await until(async () => (await orders.stats()).totals.acked > count / 4);
    await Promise.all([send(count / 2, count), end("SIGKILL")]);
    start();
    await until(async () => (await orders.stats()).totals.acked === count);
    const code = await end("SIGTERM");
    if (code !== 0) throw new Error(`${system} has ended with ${code}`);
    return sent;
  } finally {
    await end("SIGKILL");
    await connection.close({ force: true });
    await host.close();
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("nothing was forwarded for a minute");
}

/** What a reader of the other side has: copies of one id, but for the first, are left out, as readers are told to. */
export interface Arrived {
  readonly id: string;
  readonly groupId: string;
  readonly place: number;
}

export function firstOfEach(arrived: readonly Arrived[]): Arrived[] {
  const seen = new Set<string>();
  return arrived.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** By group, in the order they arrived. */
export const byGroup = (messages: readonly (Arrived | Sent)[]) =>
  Object.fromEntries(
    GROUPS.map((group) => [
      group,
      messages
        .filter(({ groupId }) => groupId === group)
        .map((message) => ("place" in message ? message.place : message.body.place)),
    ]),
  );
