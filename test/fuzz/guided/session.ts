// A session of the real client with a real server, in memory and over a socket that is none: what either side says, and
// what is stored at its end.

import { createClient } from "../../../src/client/connection/client.js";
import { type Connection, createPublicConnection } from "../../../src/client/connection/connection.js";
import { whole } from "../../../src/client/connection/whole.js";
import { runtime } from "../../../src/client/runtime/runtime.js";
import { decode } from "../../../src/codec/codec.js";
import { createSurroundings } from "../../../src/host/engine/platform.js";
import { createJoiner, KIND } from "../../../src/link/socket/frames.js";
import { greet } from "../../../src/link/socket/greeting.js";
import { openLine, type Socket } from "../../../src/link/socket/line.js";
import { type AdmissionOptions, admit } from "../../../src/server/admission.js";
import { createDatabases, type Databases } from "../../../src/server/databases.js";
import { createLimits } from "../../../src/server/limits.js";
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from "../../../src/store/memory/memory.js";

const EVERYTHING = ["send", "consume", "peek", "manage"] as const;
const surroundings = createSurroundings();

/** One end of a socket. What is sent arrives at the other end in a later turn. */
export interface End extends Socket {
  /** As if the other end had sent it. */
  receive(data: unknown): void;
  hangUp(): void;
}

export function createEnd(onSent: (data: Uint8Array | string) => void, onClosed: () => void = () => {}): End {
  const listeners = new Map<string, Set<(event: { readonly data?: unknown }) => void>>();
  let isOpen = true;
  const dispatch = (type: string, event: object) => {
    for (const listener of listeners.get(type) ?? []) listener(event);
  };
  const hangUp = () => {
    if (!isOpen) return;
    isOpen = false;
    dispatch("close", { code: 1000 });
    onClosed();
  };
  return {
    binaryType: "arraybuffer",
    bufferedAmount: 0,
    send: (data) => isOpen && onSent(data),
    close: hangUp,
    addEventListener(type, listener) {
      listeners.set(type, (listeners.get(type) ?? new Set()).add(listener));
    },
    receive(data) {
      if (isOpen) dispatch("message", { data: data instanceof Uint8Array ? data.slice().buffer : data });
    },
    hangUp,
  };
}

export interface TestServer {
  readonly databases: Databases;
  readonly disk: MemoryDisk;
  /** What it reports. */
  readonly errors: unknown[];
  /** Serves whoever is at the other end. */
  admit(socket: Socket): void;
}

/** Tokens "all" and "few", which has two queues of its own. */
export function createServer(upkeep?: Parameters<typeof createDatabases>[0]["upkeep"]): TestServer {
  const disk = createMemoryDisk();
  const errors: unknown[] = [];
  const limits = createLimits("serve()", { maxMessageBytes: 2 ** 20 }, surroundings);
  const databases = createDatabases({
    openStore: async () => createMemoryStore({ disk }),
    reconnectMs: 0,
    limits: limits.perDatabase,
    report: (error) => errors.push(error),
    ...(upkeep && { upkeep }),
  });
  const options: AdmissionOptions = {
    ...{ limits, setTimer: surroundings.setTimer },
    authorize({ token }) {
      if (token === "all") return { client: "all", queues: { "*": EVERYTHING } };
      if (token !== "few") return null;
      return { client: "few", queues: { "few-1": EVERYTHING, "few-2": EVERYTHING } };
    },
    openDatabase: databases.open,
    report: (error) => errors.push(error),
  };
  return {
    ...{ databases, disk, errors },
    admit: (socket) => void admit(socket, { database: "d", origin: undefined, headers: {} }, options),
  };
}

/** The real client, over whatever stands at the other end of the socket that is made for it. */
export function connectOver(openSocket: () => Socket): { connection: Connection; end(): Promise<void> } {
  const client = createClient({
    runtime,
    locks: undefined,
    presenceLock: String,
    rest: async () => whole,
    openNotices: () => undefined,
    async openPort() {
      const line = openLine(openSocket(), { setTimer: surroundings.setTimer, pings: false });
      const { messageBytesMax } = await greet(line.port, "all");
      line.limit(messageBytesMax);
      return { port: line.port, lock: undefined };
    },
  });
  const connection = createPublicConnection(client, { isLazy: false, persisted: undefined });
  return { connection, end: () => connection.close({ force: true }) };
}

export interface Session {
  /** What the client asks its host. */
  readonly requests: readonly unknown[];
  /** Frames in their order. */
  readonly said: readonly Uint8Array[];
  readonly answered: readonly Uint8Array[];
  readonly disk: MemoryDisk;
}

let recording: Promise<Session> | undefined;

/** Of each thread there is one. */
export function recordSession(): Promise<Session> {
  recording ??= record();
  return recording;
}

async function record(): Promise<Session> {
  const said: Uint8Array[] = [];
  const answered: Uint8Array[] = [];
  const server = createServer({ checkpointRecords: 20 });
  const { connection, end } = connectOver(() => {
    const here: End = createEnd((data) => {
      said.push((data as Uint8Array).slice());
      setImmediate(() => there.receive(data));
    });
    const there: End = createEnd((data) => {
      answered.push((data as Uint8Array).slice());
      setImmediate(() => here.receive(data));
    });
    server.admit(there);
    return here;
  });
  await play(connection);
  await end();
  await server.databases.close();
  return { said, answered, disk: server.disk, requests: requestsOf(said) };
}

/** Everything that a client can ask for. */
export async function play(connection: Connection): Promise<void> {
  const open = await connection.openQueue<unknown>("few-1", { maxDeliveries: 3, deduplicationWindowMs: 60_000 });
  const other = await connection.openQueue<unknown>("few-2");
  const topic = await connection.openTopic<unknown>("news");
  const subscription = await topic.subscription("all", { filter: { region: ["eu", "uk"] } });
  await topic.publish({ text: "news" }, { headers: { region: "eu" } });
  await open.send({ sku: "tea", quantity: 2 }, { priority: 9, headers: { a: "b" }, deduplicationId: "once" });
  await open.sendBatch([
    ...[
      { body: 1, groupId: "g" },
      { body: 2, groupId: "g" },
    ],
    { body: new Map([[1, new Date(0)]]) },
    { body: "later", delayMs: 60_000 },
    { body: "goes", ttlMs: 60_000 },
  ]);
  await other.send("x".repeat(1_500));
  const [one, two, three] = await open.receive({ max: 3, waitMs: 1_000 });
  await one?.extend(60_000);
  await two?.retry({ reason: "later", delayMs: 0 });
  await three?.deadLetter("no use");
  await one?.ack({ send: [{ queue: other, body: "moved" }] });
  await connection.transaction((tx) => {
    tx.send(open, 1);
    tx.send(other, 2);
  });
  await other.schedules.upsert("tick", { everyMs: 60_000 }, { body: "tick" });
  await Promise.all([open.peek({ max: 10 }), open.stats(), open.deadLetters.list(), connection.queues()]);
  await other.schedules.list();
  await open.deadLetters.redrive();
  const taken = await open.receive({ max: 2 });
  await other.pause();
  await other.resume();
  await other.purge({ filter: { priority: 4 } });
  for (let i = 0; i < 12; i++) await open.send({ i }, { groupId: `g${i % 2}` });
  await subscription.purge();
  await taken[0]?.ack();
}

function requestsOf(frames: readonly Uint8Array[]): readonly unknown[] {
  const joiner = createJoiner(() => Number.POSITIVE_INFINITY);
  return frames.flatMap((frame) => {
    if (frame[0] !== KIND.message && frame[0] !== KIND.piece) return [];
    const message = joiner.add(frame.subarray(1), frame[0] === KIND.message);
    const call = message && (decode(message) as { readonly argumentList?: readonly { readonly value: unknown }[] });
    return call?.argumentList?.map(({ value }) => value) ?? [];
  });
}
