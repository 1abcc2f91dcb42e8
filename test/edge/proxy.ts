// A line between clients and a server that a test breaks: it cuts, stalls, leaves one end or both untold, delays, and lets
// what an older connection had under way arrive after a newer one has begun. Invariant: of what one connection sends, what
// arrives is a beginning, in order; a line that was not broken for good delivers all of it once it is mended.

import { connect, createServer, type Socket } from "node:net";

/** `up`: from clients to the server. */
export type Direction = "up" | "down";
/** Who learns that a connection has ended. */
export type Told = "client" | "server" | "nobody";

export interface Delay {
  readonly ms: number;
  /** So much more, at random, for each chunk; those of one direction keep their order. */
  readonly jitterMs?: number;
}

export interface FaultyLine {
  /** `ws://127.0.0.1:PORT`. */
  readonly url: string;
  /** Connections that were made until now. */
  readonly count: number;
  /** Those that there are now. */
  readonly open: number;
  /** Ends all connections there are, at both ends. */
  cut(): void;
  /** Nothing more passes, of connections to come either, and nobody is told. What was under way passes after `mend`. */
  stall(direction?: Direction): void;
  /** All connections there are end; of their two ends, at most one is told. The other is never heard of again. */
  vanish(told: Told): void;
  /** From now on everything takes so long. */
  delay(delay: Delay): void;
  /**
   * What the clients send is held for `holdMs`; then their ends are cut, and the server gets it only once a newer connection
   * has sent `newerBytes`. Resolves when that has happened, for all connections there were.
   */
  overtake(holdMs: number, newerBytes?: number): Promise<void>;
  /** Ends stalling and delays. */
  mend(): void;
  close(): Promise<void>;
}

/** A greeting and a hello are longer. */
const NEWER_BYTES = 300;

interface Flow {
  /** What is delayed or held, in order. */
  readonly waiting: { readonly chunk: Buffer; readonly at: number }[];
  isHeld: boolean;
  isFull: boolean;
  isOver: boolean;
  bytes: number;
  pump(): void;
}

interface Pair {
  readonly number: number;
  readonly client: Socket;
  readonly upstream: Socket;
  readonly up: Flow;
  readonly down: Flow;
  isOver: boolean;
}

export async function startFaultyLine(serverUrl: string): Promise<FaultyLine> {
  const { port, hostname } = new URL(serverUrl);
  const pairs = new Set<Pair>();
  const lost = new Set<Socket>();
  const stalled = new Set<Direction>();
  const onUp = new Set<(pair: Pair) => void>();
  let delay: Delay = { ms: 0 };
  let count = 0;

  const isStalled = () => stalled.size > 0;
  const endPair = (pair: Pair) => {
    pairs.delete(pair);
    pair.isOver = true;
    for (const socket of [pair.client, pair.upstream]) socket.destroy();
  };

  const createFlow = (from: Socket, to: Socket, direction: Direction, passed: (bytes: number) => void): Flow => {
    let timer: NodeJS.Timeout | undefined;
    let lastAt = 0;
    const flow: Flow = {
      waiting: [],
      isHeld: false,
      isFull: false,
      isOver: false,
      bytes: 0,
      pump() {
        clearTimeout(timer);
        timer = undefined;
        for (let first = flow.waiting[0]; first && !flow.isHeld && !stalled.has(direction); first = flow.waiting[0]) {
          const leftMs = first.at - performance.now();
          if (leftMs > 0) {
            timer = setTimeout(flow.pump, leftMs);
            return;
          }
          flow.waiting.shift();
          passed(first.chunk.length);
          if (to.destroyed || to.write(first.chunk)) continue;
          // Whoever does not read is felt by the other side.
          flow.isFull = true;
          from.pause();
          to.once("drain", () => {
            flow.isFull = false;
            flow.pump();
          });
          return;
        }
        if (flow.waiting.length === 0 && !flow.isFull) from.resume();
        if (flow.isOver && flow.waiting.length === 0 && !to.destroyed) to.end();
      },
    };
    from.on("data", (chunk: Buffer) => {
      lastAt = Math.max(lastAt, performance.now() + delay.ms + Math.random() * (delay.jitterMs ?? 0));
      flow.waiting.push({ chunk, at: lastAt });
      if (flow.isHeld || stalled.has(direction)) from.pause();
      else if (!flow.isFull) flow.pump();
    });
    return flow;
  };

  const server = createServer((client) => {
    count++;
    const upstream = connect(Number(port), hostname);
    const passed = (bytes: number) => {
      pair.up.bytes += bytes;
      for (const hear of [...onUp]) hear(pair);
    };
    const pair: Pair = {
      ...{ number: count, client, upstream, isOver: false },
      up: createFlow(client, upstream, "up", passed),
      down: createFlow(upstream, client, "down", () => {}),
    };
    pairs.add(pair);
    for (const [from, flow] of [[client, pair.up] as const, [upstream, pair.down] as const]) {
      from.on("error", () => {});
      from.on("close", () => {
        if (pair.isOver) return;
        if (isStalled() || delay.ms > 0) {
          // The news of its end takes as long as everything else.
          flow.isOver = true;
          return flow.isFull ? undefined : flow.pump();
        }
        endPair(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: ownPort } = server.address() as { readonly port: number };

  const pumpAll = () => {
    for (const pair of [...pairs]) {
      pair.up.pump();
      pair.down.pump();
      if (pair.client.destroyed && pair.upstream.destroyed) endPair(pair);
    }
  };
  /** Resolves when a connection after this one has sent so much. */
  const overtaken = (pair: Pair, newerBytes: number) =>
    new Promise<void>((resolve) => {
      const hear = (other: Pair) => {
        if (other.number <= pair.number || other.up.bytes < newerBytes) return;
        onUp.delete(hear);
        resolve();
      };
      onUp.add(hear);
    });

  return {
    url: `ws://127.0.0.1:${ownPort}`,
    get count() {
      return count;
    },
    get open() {
      return pairs.size;
    },
    cut() {
      for (const pair of [...pairs]) endPair(pair);
    },
    stall(direction) {
      for (const one of direction === undefined ? (["up", "down"] as const) : [direction]) stalled.add(one);
    },
    vanish(told) {
      for (const pair of [...pairs]) {
        pairs.delete(pair);
        pair.isOver = true;
        pair.up.isHeld = true;
        pair.down.isHeld = true;
        for (const [socket, who] of [[pair.client, "client"] as const, [pair.upstream, "server"] as const]) {
          if (told === who) socket.destroy();
          else socket.pause();
        }
        lost.add(pair.client).add(pair.upstream);
      }
    },
    delay(next) {
      delay = next;
    },
    async overtake(holdMs, newerBytes = NEWER_BYTES) {
      const older = [...pairs];
      for (const { up } of older) up.isHeld = true;
      await new Promise((resolve) => setTimeout(resolve, holdMs));
      await Promise.all(
        older.map(async (pair) => {
          if (pair.isOver) return;
          const newer = overtaken(pair, newerBytes);
          pairs.delete(pair);
          pair.isOver = true;
          pair.client.destroy();
          lost.add(pair.upstream);
          await newer;
          pair.up.isHeld = false;
          pair.up.isOver = true;
          pair.up.pump();
        }),
      );
    },
    mend() {
      stalled.clear();
      delay = { ms: 0 };
      pumpAll();
    },
    close() {
      for (const pair of [...pairs]) endPair(pair);
      for (const socket of lost) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
