// Mutated frames against a real server over real sockets, and the verdict: it lives, its memory is what it was, its other
// clients notice nothing, and nobody has done or seen what was not granted.

import { decode, encode } from "../../src/codec/codec.js";
import { type Connection, connect, type Queue } from "../../src/index.js";
import { framesOf } from "../../src/link/socket/frames.js";
import { createRandom, type Random } from "../sim/random.js";
import { openLine } from "./line.js";
import { mutate, type Recorded } from "./mutate.js";
import type { PlantedFault } from "./planted-faults.js";
import { record } from "./record.js";
import { startServer } from "./server.js";

export interface FuzzOptions {
  readonly seed: number;
  /** Mutated ones, all together. */
  readonly frames: number;
  /** What is wrong with the server, to see that it is noticed. */
  readonly fault?: PlantedFault;
  /** Hears every few seconds how far it is. */
  progress?(line: string): void;
}

export interface Verdict {
  readonly frames: number;
  readonly connections: number;
  /** Round trips of clients that have nothing to do with it. */
  readonly neighbours: number;
  /** Bytes of the heap and beside it, after collecting garbage: after a twentieth of the frames, and after all. */
  readonly heapBefore: number | undefined;
  readonly heapAfter: number | undefined;
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
  const stopping = new AbortController();
  const run = async () => {
    for (let i = 0; !stopping.signal.aborted; i++) {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(ROUND_TRIP_MS_MAX)]);
      try {
        await queue.send(i, { signal } as object);
        const [delivery] = await queue.receive({ waitMs: ROUND_TRIP_MS_MAX, signal });
        if (delivery?.body !== i) throw new Error(`${delivery?.body} in place of ${i}`);
        await delivery.ack();
        onTrip();
      } catch (error) {
        if (stopping.signal.aborted) return;
        return onProblem(`a neighbour's round trip ${i} failed: ${error}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}

function changesOf<State extends object>(before: State, after: State): string[] {
  return Object.entries(before).flatMap(([what, was]) => {
    const [one, other] = [was, Reflect.get(after, what)].map((value) => JSON.stringify(value));
    return one === other ? [] : [`what nobody had a right to has changed: ${what} was ${one} and is ${other}`];
  });
}

export async function fuzz({ seed, frames, fault, progress = () => {} }: FuzzOptions): Promise<Verdict> {
  const random = createRandom(seed);
  const server = await startServer(fault);
  /** Of one that has ended nothing can be asked any more: then this is `undefined`. */
  const whileAlive = <T>(asked: Promise<T>): Promise<T | undefined> => Promise.race([asked, server.ended]);
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
    const setUp = async (queue: Queue<unknown>) => {
      const { settings, pausedBy } = await queue.stats();
      return { settings, isPaused: pausedBy === "caller", schedules: await queue.schedules.list() };
    };
    const state = async () => ({
      vault: (await vault.peek({ max: 1_000 })).map(({ id, body, attempts }) => `${id} ${body} ${attempts}`),
      totals: (await vault.stats()).totals,
      setUp: await Promise.all([vault, open].map(setUp)),
      queues: (await manager.queues())
        .map(({ name }) => name)
        .filter((name) => !name.startsWith("few-"))
        .sort(),
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
        while (sent < until && server.end === undefined && problems.length + leaks === 0) {
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
      await open.purge();
      await open.deadLetters.purge();
      for (const { name } of await manager.queues())
        if (name.startsWith("few-")) await (await manager.openQueue(name)).delete();
      return server.heap();
    };
    await work(frames / 20);
    const heapBefore = await whileAlive(heapAtRest());
    await work(frames);
    const heapAfter = await whileAlive(heapAtRest());
    await report(true);
    // What it has asked of a server that has ended waits for the next one.
    await whileAlive(stopNeighbour());
    const after = await whileAlive(state());
    if (server.end !== undefined) problems.push(server.end);
    if (after) problems.push(...changesOf(before, after));
    if (leaks > 0) problems.push(`${leaks} frames held what their receiver may not see`);
    if (trips === 0) problems.push("no neighbour got through");
    if (Number(heapAfter) - Number(heapBefore) > HEAP_GROWTH_MAX)
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
