// A session of the real client, as it says it on its socket: everything that a client can ask for, messages in pieces and
// heartbeats included. Its ids are drawn from a seed, so that the same build records the same frames.

import { WebSocket } from "ws";
import { decode } from "../../src/codec/codec.js";
import { connect } from "../../src/index.js";
import { createJoiner, KIND, PING, PONG } from "../../src/link/socket/frames.js";
import { createRandom } from "../sim/random.js";
import type { Recorded } from "./mutate.js";

const BIG = 300_000;

const recordings = new Map<number, Promise<readonly Recorded[]>>();

/**
 * The messages of a session with all rights, the greeting apart, in their order; the first is its hello. Of each seed there is
 * one, on the first server that is given.
 */
export function record(url: string, token: string, seed: number): Promise<readonly Recorded[]> {
  const recording = recordings.get(seed) ?? recordOn(url, token, seed);
  recordings.set(seed, recording);
  return recording;
}

async function recordOn(url: string, token: string, seed: number): Promise<readonly Recorded[]> {
  const sent: Uint8Array[] = [];
  const random = createRandom(seed);
  const own = { WebSocket: globalThis.WebSocket, randomUUID: crypto.randomUUID };
  class Recording extends (WebSocket as unknown as typeof globalThis.WebSocket) {
    override send(bytes: Uint8Array<ArrayBuffer>) {
      sent.push(bytes.slice());
      super.send(bytes);
    }
  }
  Reflect.set(globalThis, "WebSocket", Recording);
  crypto.randomUUID = () => `${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)}`;
  try {
    await session(url, token);
  } finally {
    crypto.randomUUID = own.randomUUID;
    Reflect.set(globalThis, "WebSocket", own.WebSocket);
  }
  const [greeting, ...messages] = messagesOf(sent);
  if (!greeting || !Reflect.get(decode(greeting.message) as object, "token")) throw new Error("no greeting was said");
  const beats = [PING, PONG].map((frame) => ({ frames: [frame], message: messages[0]?.message ?? frame }));
  return [...messages, ...beats];
}

async function session(url: string, token: string): Promise<void> {
  const connection = await connect({ url, token: () => token });
  const open = await connection.openQueue<unknown>("open", { maxDeliveries: 3 });
  const vault = await connection.openQueue<unknown>("vault");
  const topic = await connection.openTopic<unknown>("news");
  const subscription = await topic.subscription("all", { filter: { region: ["eu", "uk"] } });
  await topic.publish({ text: "news" }, { headers: { region: "eu" } });
  await open.send({ sku: "tea", quantity: 2 }, { priority: 9, headers: { a: "b" }, deduplicationId: "once" });
  await open.sendBatch([
    { body: 1, groupId: "g" },
    { body: new Map([[1, new Date(0)]]) },
    { body: "later", delayMs: 60_000 },
  ]);
  await open.send(new Uint8Array(BIG));
  await vault.send("x".repeat(BIG));
  const [one, two] = await open.receive({ max: 2, waitMs: 1_000 });
  await one?.extend(60_000);
  await two?.retry({ reason: "later" });
  await one?.ack({ send: [{ queue: vault, body: "moved" }] });
  const consumer = vault.consume(({ body }) => {
    if (body === "moved") throw new Error("a failure");
  });
  await vault.send("handled");
  const answering = open.consume(() => "answer");
  await open.request("question", { timeoutMs: 5_000 }).catch(() => {});
  await Promise.all([consumer.stop(), answering.stop()]);
  await connection.transaction((tx) => {
    tx.send(open, 1);
    tx.send(vault, 2);
  });
  await vault.schedules.upsert("tick", { everyMs: 60_000 }, { body: "tick" });
  await vault.schedules.list();
  await vault.schedules.remove("tick");
  await Promise.all([vault.peek({ max: 10 }), vault.stats(), vault.deadLetters.list(), connection.queues()]);
  await vault.deadLetters.redrive();
  await vault.deadLetters.purge();
  await vault.pause();
  await vault.resume();
  await vault.purge({ filter: { priority: 4 } });
  await subscription.purge();
  await topic.unsubscribe("all");
  await vault.purge();
  await connection.close();
}

function messagesOf(sent: readonly Uint8Array[]): readonly Recorded[] {
  const joiner = createJoiner(() => Number.POSITIVE_INFINITY);
  const recorded: Recorded[] = [];
  let frames: Uint8Array[] = [];
  for (const frame of sent) {
    if (frame[0] !== KIND.message && frame[0] !== KIND.piece) continue;
    frames.push(frame);
    const message = joiner.add(frame.subarray(1), frame[0] === KIND.message);
    if (message === undefined) continue;
    recorded.push({ frames, message });
    frames = [];
  }
  return recorded;
}
