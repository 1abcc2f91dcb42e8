// Sockets of those who do not keep to what a client does: each costs a bounded time and memory, and nobody else notices.

import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encode } from "../../../src/codec/codec.js";
import { framesOf, KIND } from "../../../src/link/socket/frames.js";
import type { ServeOptions, Server } from "../../../src/server.js";
import { atEnd, join, startServer } from "./world.js";

// The server's clock; sockets go on by themselves.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const later = () => new Promise<void>((resolve) => setImmediate(resolve));
/** Until something is so, without a clock. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200_000 && !isSo(); i++) await later();
  expect(isSo()).toBe(true);
}

interface Raw {
  readonly socket: Socket;
  /** Bytes that have arrived after the answer to the upgrade. */
  readonly arrived: Buffer;
  readonly isClosed: boolean;
}

const UPGRADE = (host: string, origin: string) =>
  [
    ...["GET /mq/shop HTTP/1.1", `host: ${host}`, `origin: ${origin}`, "connection: upgrade", "upgrade: websocket"],
    ...[
      "sec-websocket-version: 13",
      "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
      "sec-websocket-protocol: originmq.1",
    ],
    ...["", ""],
  ].join("\r\n");

/** A TCP connection that has asked for a WebSocket, if it should, and got it; as a page of the server's own, unless said. */
async function open(server: Server, asks: boolean | string = true): Promise<Raw> {
  const { hostname, port, host } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let received = Buffer.alloc(0);
  let isClosed = false;
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
  });
  atEnd(async () => void socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  const head = () => received.indexOf("\r\n\r\n");
  if (asks) {
    socket.write(UPGRADE(host, asks === true ? `http://${host}` : asks));
    await until(() => head() > 0 || isClosed);
  }
  return {
    socket,
    get arrived() {
      return received.subarray(asks ? head() + 4 : 0);
    },
    get isClosed() {
      return isClosed;
    },
  };
}

/** A binary frame as a client masks it, with zeroes. */
function masked(payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 6 : 8);
  head[0] = 0x82;
  if (length < 126) head[1] = 0x80 | length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  }
  return Buffer.concat([head, payload]);
}

const message = (value: unknown) => Buffer.concat([...framesOf(encode(value))].map(masked));
const call = (id: string, value: unknown) =>
  message({ id, type: "APPLY", path: [], argumentList: [{ type: "RAW", value }] });
const GREETING = message({ type: "originmq:greet", token: "t" });

const start = (options: ServeOptions = {}) => startServer({ reconnectMs: 0, ...options });

async function works(server: Server): Promise<void> {
  const queue = await (await join(`${server.url}/mq/shop`)).openQueue("q");
  await queue.send(1);
  expect(await queue.receive()).toHaveLength(1);
}

test("thousands of sockets that say nothing are few at a time, and none after ten seconds", async () => {
  const server = await start({ maxConnections: 20 });
  const raws: Raw[] = [];
  for (let i = 0; i < 100; i++) raws.push(await open(server, i % 2 === 0));
  await vi.advanceTimersByTimeAsync(2_500);
  await until(() => raws.filter(({ isClosed }) => !isClosed).length <= 20);
  // Those that were silent for longest have to go.
  expect(raws.slice(0, 80).every(({ isClosed }) => isClosed)).toBe(true);
  await works(server);
  const asked = raws.filter((_, i) => i % 2 === 0);
  await vi.advanceTimersByTimeAsync(12_500);
  await until(() => asked.every(({ isClosed }) => isClosed));
});

test("strangers take no place from those who are let in, however long it takes to find out who they are", async () => {
  const gone: AbortSignal[] = [];
  const answers: ((isKnown: boolean) => void)[] = [];
  const server = await start({
    maxConnections: 2,
    async authorize({ token, signal }) {
      gone.push(signal);
      const isKnown = token === "known" || (await new Promise((answer) => answers.push(answer)));
      return isKnown ? { client: "till", queues: { "*": ["send"] } } : null;
    },
  });
  let tokens = 0;
  const token = () => {
    tokens++;
    return "known";
  };
  const known = [await join(`${server.url}/mq/shop`, { token })];
  const strangers: Raw[] = [];
  for (let i = 0; i < 2; i++) {
    const stranger = await open(server);
    stranger.socket.write(GREETING);
    await until(() => answers.length === i + 1);
    strangers.push(stranger);
  }
  const [, first, second] = gone;
  known.push(await join(`${server.url}/mq/shop`, { token }));
  expect(tokens).toBe(2);
  // Of more than two who wait at once, the one that has waited for longest goes. Who says nothing sends none of them away.
  for (let i = 0; i < 3; i++) await open(server);
  expect([first?.aborted, second?.aborted]).toEqual([true, false]);
  answers[1]?.(true);
  await until(() => strangers[1]?.arrived.includes("maxConnections") === true);
  await Promise.all(known.map((connection) => connection.close({ force: true })));
});

test("a server that ends waits for nobody longer than for those it has let in: not for who was refused either", async () => {
  const server = await start();
  const raw = await open(server, "https://evil.example");
  let isClosed = false;
  void server.close().then(() => {
    isClosed = true;
  });
  for (let i = 0; i < 20; i++) await later();
  await vi.advanceTimersByTimeAsync(2_500);
  await until(() => isClosed);
  await until(() => raw.isClosed);
});

test("a greeting that comes byte by byte is not waited for longer than ten seconds", async () => {
  const server = await start();
  const raw = await open(server);
  for (let at = 0; at < 9; at++) {
    raw.socket.write(GREETING.subarray(at, at + 1));
    await vi.advanceTimersByTimeAsync(1_000);
    await later();
  }
  expect(raw.isClosed).toBe(false);
  await vi.advanceTimersByTimeAsync(3_500);
  await until(() => raw.isClosed);
  await works(server);
});

test("a client that sends half a frame and stops is let go after ten seconds, and its database with it", async () => {
  const server = await start({ metricsPort: 0 });
  const raw = await open(server);
  raw.socket.write(GREETING);
  await until(() => raw.arrived.includes("originmq:greeted"));
  raw.socket.write(call("1", { op: "hello", wire: [1, 3], client: "raw", held: [] }));
  await until(() => raw.arrived.includes("epoch"));
  const clients = async () =>
    /^originmq_clients.* (\d+)$/m.exec(await (await fetch(`${server.metricsUrl}/metrics`)).text())?.[1];
  expect(await clients()).toBe("1");
  raw.socket.write(masked(new Uint8Array(60_000)).subarray(0, 30_000));
  await vi.advanceTimersByTimeAsync(12_500);
  await until(() => raw.isClosed);
  expect(await clients()).toBe("0");
});

test("a client that never reads is let go before it has filled the memory, and what waits for it with it", async () => {
  const maxMessageBytes = 100_000;
  const server = await start({ maxMessageBytes, perClient: { bytesInFlight: 8 * maxMessageBytes } });
  const queue = await (await join(`${server.url}/mq/shop`)).openQueue<string>("big");
  await queue.send("x".repeat(90_000));
  const raw = await open(server);
  raw.socket.write(GREETING);
  await until(() => raw.arrived.includes("originmq:greeted"));
  raw.socket.write(call("1", { op: "hello", wire: [1, 3], client: "raw", held: [] }));
  await until(() => raw.arrived.includes("epoch"));
  raw.socket.pause();
  let isEnded = false;
  raw.socket.on("error", () => {
    isEnded = true;
  });
  // More than the system's own buffers hold.
  for (let i = 0; i < 400 && !isEnded; i++) {
    raw.socket.write(call(`p${i}`, { op: "peek", queue: "big", max: 1, states: ["ready"] }));
    await later();
  }
  await later();
  await vi.advanceTimersByTimeAsync(2_500);
  // It hears of that once it reads, or writes.
  raw.socket.resume();
  await until(() => raw.isClosed);
  expect(raw.arrived.length).toBeLessThan(400 * 90_000);
  await works(server);
});

test("pieces that are smaller than they need be, and kinds that there are not, end the line at once", async () => {
  const server = await start();
  for (const frame of [Uint8Array.of(KIND.piece, 1), Uint8Array.of(200, 1)]) {
    const raw = await open(server);
    raw.socket.write(masked(frame));
    await until(() => raw.isClosed || raw.arrived.length > 0);
    // A closing frame of the server's.
    expect(raw.arrived[0]).toBe(0x88);
  }
});

test("who asks for no database and does not hang up holds nothing up", async () => {
  vi.useRealTimers();
  const server = await startServer();
  const { port, hostname } = new URL(server.url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const answered = new Promise((resolve) => socket.once("end", resolve));
  socket
    .resume()
    .write(
      "GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n",
    );
  await answered;
  await server.close();
  socket.destroy();
});
