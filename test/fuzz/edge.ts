// Mutated frames against a real server over real sockets, and the verdict: it lives, its memory is what it was, its other
// clients notice nothing, and nobody has done or seen what was not granted.

import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { WebSocket } from "ws";
import { decode, encode } from "../../src/codec/codec.js";
import { type Connection, connect, type Queue } from "../../src/index.js";
import { framesOf, KIND, PING } from "../../src/link/socket/frames.js";
import { SUBPROTOCOL } from "../../src/link/socket/greeting.js";
import { createRandom, type Random } from "../sim/random.js";
import { mutate, type Recorded } from "./mutate.js";
import { record } from "./record.js";

export interface FuzzOptions {
  readonly seed: number;
  /** Mutated ones, all together. */
  readonly frames: number;
  /** Hears every few seconds how far it is. */
  progress?(line: string): void;
}

export interface Verdict {
  readonly frames: number;
  readonly connections: number;
  /** Round trips of clients that have nothing to do with it. */
  readonly neighbours: number;
  /** Bytes of the heap and beside it, after collecting garbage: after a twentieth of the frames, and after all. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
}

/**
 * What may be there afterwards that was not before: a host keeps 8 MiB of bodies in memory (`CACHE_BYTES_MAX`); as much again
 * for the clients that the database remembers for a day, the part of its journal without a checkpoint, and compiled code.
 */
export const HEAP_GROWTH_MAX = 16 * 2 ** 20;

const SECRET = "the-secret-of-the-vault";
const SENTINELS = 50;
const LINES = 16;
const ROUND_TRIP_MS_MAX = 20_000;
const REPORT_MS = 5_000;

interface Server {
  readonly url: string;
  readonly child: ChildProcess;
  /** How it ended, if it has. */
  readonly end: string | undefined;
  readonly errors: readonly string[];
  heap(): Promise<number>;
  stop(): void;
}

async function startServer(): Promise<Server> {
  const results = fileURLToPath(new URL("../../test-results", import.meta.url));
  mkdirSync(results, { recursive: true });
  // Below this package, so that the process finds what it imports.
  const folder = mkdtempSync(join(results, "fuzz-"));
  const outfile = join(folder, "server.mjs");
  buildSync({
    entryPoints: [fileURLToPath(new URL("server-child.ts", import.meta.url))],
    ...{ bundle: true, platform: "node", format: "esm", external: ["better-sqlite3", "ws"], outfile },
  });
  const child = fork(outfile, [], { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "pipe", "ipc"] });
  const errors: string[] = [];
  let stderr = "";
  let end: string | undefined;
  let onHeap = (_: number) => {};
  child.stderr?.on("data", (chunk) => {
    stderr = `${stderr}${chunk}`.slice(-4_000);
  });
  child.once("exit", (code, signal) => {
    end = `the server has ended: ${signal ?? code}\n${stderr}`;
    onHeap(Number.NaN);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(end)));
    child.on("message", (message: { url?: string; heapUsed?: number; error?: string }) => {
      if (message.url !== undefined) resolve(message.url);
      if (message.heapUsed !== undefined) onHeap(message.heapUsed);
      if (message.error !== undefined) errors.push(message.error);
    });
  });
  return {
    url,
    child,
    errors,
    get end() {
      return end;
    },
    heap: () =>
      new Promise((resolve) => {
        onHeap = resolve;
        child.send("heap");
      }),
    stop() {
      child.removeAllListeners("exit");
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A client's raw end of a socket. */
interface Line {
  send(frame: Uint8Array | string): void;
  /** Resolves when the server has taken all that was sent, or has closed. */
  settled(): Promise<void>;
  /** Resolves with the next message; `undefined`: it was closed before. */
  next(): Promise<Uint8Array | undefined>;
  readonly isOpen: boolean;
  close(): void;
}

function openLine(url: string, onReceived: (data: Uint8Array) => void): Promise<Line | undefined> {
  const socket = new WebSocket(url, SUBPROTOCOL) as unknown as globalThis.WebSocket & { terminate(): void };
  socket.binaryType = "arraybuffer";
  let wake = () => {};
  let pongs = 0;
  let isOpen = false;
  const messages: Uint8Array[] = [];
  socket.addEventListener("message", ({ data }) => {
    const bytes = new Uint8Array(data);
    onReceived(bytes);
    if (bytes[0] === KIND.pong) pongs++;
    if (bytes[0] === KIND.message) messages.push(bytes.subarray(1));
    wake();
  });
  const until = async (isReached: () => boolean) => {
    while (isOpen && !isReached())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  const line: Line = {
    send: (frame) => socket.send(frame as Uint8Array<ArrayBuffer>),
    async settled() {
      const before = pongs;
      if (isOpen) socket.send(PING);
      await until(() => pongs > before);
    },
    async next() {
      await until(() => messages.length > 0);
      return messages.shift();
    },
    get isOpen() {
      return isOpen;
    },
    close: () => socket.terminate(),
  };
  return new Promise((resolve) => {
    socket.addEventListener("open", () => {
      isOpen = true;
      resolve(line);
    });
    const end = () => {
      isOpen = false;
      wake();
      resolve(undefined);
    };
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
  });
}

const messageFrames = (value: unknown) => [...framesOf(encode(value))];
const greeting = (token?: string) => messageFrames({ type: "originmq:greet", ...(token !== undefined && { token }) });

/** The recorded hello under another name. */
function helloAs(client: string, { message }: Recorded): readonly Uint8Array[] {
  const call = structuredClone(decode(message)) as { argumentList: { value: object }[] };
  Object.assign(call.argumentList[0]?.value ?? {}, { client, held: [] });
  return messageFrames(call);
}

/** Those that are let in are heard for longer. */
const HOW = [
  ...Array<"known">(8).fill("known"),
  "before-hello",
  "before-hello",
  "no-token",
  "wrong-token",
  "silent",
] as const;

/** One connection: what it says to come in, and then what it should not say. Returns how many of those it said. */
async function fuzzOnce(
  url: string,
  random: Random,
  client: string,
  recorded: readonly Recorded[],
  onReceived: (data: Uint8Array) => void,
): Promise<number> {
  const line = await openLine(url, onReceived);
  if (line === undefined) return 0;
  const how = random.pick(HOW);
  const say = (frames: readonly Uint8Array[]) => {
    for (const frame of frames) line.send(frame);
  };
  if (how === "no-token") say(greeting());
  if (how === "wrong-token") say(greeting("wrong"));
  if (how === "known" || how === "before-hello") {
    say(greeting("few"));
    await line.next();
  }
  if (how === "known") {
    say(helloAs(client, recorded[0] as Recorded));
    await line.next();
  }
  let sent = 0;
  for (let left = random.between(1, 120); left > 0 && line.isOpen; left--) {
    for (const frame of mutate(random, recorded)) {
      line.send(frame);
      sent++;
    }
    if (left % 20 === 0) await line.settled();
  }
  await line.settled();
  line.close();
  return sent;
}

/** Sends and takes again and again, for as long as it is not stopped. */
function startNeighbour(queue: Queue<number>, onTrip: () => void, onProblem: (problem: string) => void) {
  let isStopped = false;
  const run = async () => {
    for (let i = 0; !isStopped; i++) {
      const signal = AbortSignal.timeout(ROUND_TRIP_MS_MAX);
      try {
        await queue.send(i, { signal } as object);
        const [delivery] = await queue.receive({ waitMs: ROUND_TRIP_MS_MAX, signal });
        if (delivery?.body !== i) throw new Error(`${delivery?.body} in place of ${i}`);
        await delivery.ack();
        onTrip();
      } catch (error) {
        return onProblem(`a neighbour's round trip ${i} failed: ${error}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const running = run();
  return () => {
    isStopped = true;
    return running;
  };
}

export async function fuzz({ seed, frames, progress = () => {} }: FuzzOptions): Promise<Verdict> {
  const random = createRandom(seed);
  const server = await startServer();
  const connections: Connection[] = [];
  const join = async (token: string) => {
    const connection = await connect({ url: `${server.url}/mq/shop`, token: () => token });
    connections.push(connection);
    return connection;
  };
  try {
    const recorded = await record(`${server.url}/mq/recorded`, "manager", seed);
    const manager = await join("manager");
    const vault = await manager.openQueue<string>("vault");
    const open = await manager.openQueue("open", { maxMessages: 500, overflow: "drop-oldest", durability: "relaxed" });
    await vault.sendBatch(Array.from({ length: SENTINELS }, (_, i) => ({ body: `${SECRET} ${i}` })));
    const state = async () => ({
      vault: (await vault.peek({ max: 1_000 })).map(({ id, body, attempts }) => `${id} ${body} ${attempts}`),
      totals: (await vault.stats()).totals,
      settings: (await manager.queues()).map(({ name }) => name).sort(),
    });
    const neighbour = await (await join("neighbour")).openQueue<number>("neighbours");
    const problems: string[] = [];
    let trips = 0;
    const stopNeighbour = startNeighbour(
      neighbour,
      () => trips++,
      (problem) => problems.push(problem),
    );
    const before = await state();

    let sent = 0;
    let opened = 0;
    let leaks = 0;
    const secret = Buffer.from(SECRET);
    const onReceived = (data: Uint8Array) => {
      if (Buffer.from(data.buffer, data.byteOffset, data.length).includes(secret)) leaks++;
    };
    let reportedAt = performance.now();
    const report = async (isLast = false) => {
      if (!isLast && performance.now() - reportedAt < REPORT_MS) return;
      reportedAt = performance.now();
      const heap = Math.round((await server.heap()) / 2 ** 20);
      progress(`${sent} frames, ${opened} connections, ${trips} round trips of neighbours, ${heap} MiB`);
    };
    const work = async (until: number) => {
      const run = async (own: Random, client: string) => {
        while (sent < until && server.end === undefined && problems.length === 0) {
          opened++;
          const more = await fuzzOnce(`${server.url}/mq/shop`, own, client, recorded, onReceived);
          sent += more;
        }
      };
      const reporting = setInterval(() => void report(), 1_000);
      await Promise.all(
        Array.from({ length: LINES }, (_, i) => run(createRandom(random.between(0, 2 ** 31)), `client-${i}`)),
      );
      clearInterval(reporting);
    };
    /** As it is when nobody is there but who was there before. */
    const heapAtRest = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (server.end !== undefined) return Number.NaN;
      await open.purge();
      await open.deadLetters.purge();
      return server.heap();
    };
    await work(frames / 20);
    const heapBefore = await heapAtRest();
    await work(frames);
    const heapAfter = await heapAtRest();
    await report(true);
    await stopNeighbour();
    if (server.end !== undefined) problems.push(server.end);
    else {
      const after = await state();
      if (JSON.stringify(after) !== JSON.stringify(before))
        problems.push(`what nobody had a right to has changed: ${JSON.stringify({ before, after })}`);
      const { paused, maxMessages } = { ...(await open.stats()) } as unknown as {
        paused: boolean;
        maxMessages?: number;
      };
      if (paused || (maxMessages ?? 500) !== 500) problems.push("the open queue was set up by one who may not");
    }
    if (leaks > 0) problems.push(`${leaks} frames held what their receiver may not see`);
    if (trips === 0) problems.push("no neighbour got through");
    if (heapAfter - heapBefore > HEAP_GROWTH_MAX)
      problems.push(`the heap has grown from ${heapBefore} to ${heapAfter} bytes`);
    for (const error of new Set(server.errors)) problems.push(`the server reported: ${error}`);
    return { frames: sent, connections: opened, neighbours: trips, heapBefore, heapAfter, problems };
  } finally {
    await Promise.race([
      Promise.all(connections.map((connection) => connection.close({ force: true }).catch(() => {}))),
      new Promise((resolve) => setTimeout(resolve, 1_000)),
    ]);
    server.stop();
  }
}
