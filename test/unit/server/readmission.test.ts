// A server that has forgotten its lines, as an object does that was made anew, and clients that stayed on their sockets.

import { expect, test } from "vitest";
import { createClient } from "../../../src/client/connection/client.js";
import { createPublicConnection } from "../../../src/client/connection/connection.js";
import { whole } from "../../../src/client/connection/whole.js";
import { runtime } from "../../../src/client/runtime/runtime.js";
import { type Grant, VERBS } from "../../../src/host/clients/access.js";
import { setTimer } from "../../../src/link/rpc/timer.js";
import { greet } from "../../../src/link/socket/greeting.js";
import { openLine, type Socket } from "../../../src/link/socket/line.js";
import { admit, readmit } from "../../../src/server/admission.js";
import { createDatabases } from "../../../src/server/databases.js";
import { createLimits, type ServerLimits } from "../../../src/server/limits.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { type FakeSocket, settle, socketPair } from "../link/socket/pair.js";

const GRANT: Grant = { client: "till", queues: { "*": VERBS } };

/** A socket as one life of the server has it, which says nothing any more when that is over. */
const asOf = (life: Life, socket: FakeSocket): Socket => ({
  binaryType: "arraybuffer",
  send: (data) => void (life.isOver || socket.send(data)),
  close: (code) => void (life.isOver || socket.close(code)),
  addEventListener: (type, listener) =>
    socket.addEventListener(type, (event) => {
      if (!life.isOver) listener(event);
    }),
});

/** Lives of a server on one disk. */
function startServer(bounds: ServerLimits = {}) {
  const disk = createMemoryDisk();
  return () => {
    const databases = createDatabases({
      openStore: async () => createMemoryStore({ disk }),
      reconnectMs: 15_000,
      report: () => {},
    });
    const limits = createLimits("limits", bounds, { setTimer, monotonic: () => performance.now() });
    return { limits, open: () => databases.open("shop"), isOver: false };
  };
}
type Life = ReturnType<ReturnType<typeof startServer>>;

function join([server, socket]: readonly [FakeSocket, FakeSocket], life: Life) {
  const asker = { database: "shop", origin: undefined, headers: {} };
  const { limits, open: openDatabase } = life;
  admit(asOf(life, server), asker, { setTimer, limits, openDatabase, authorize: () => GRANT, report: () => {} });
  const line = openLine(socket, { setTimer, pings: false });
  const client = createClient({
    runtime,
    locks: undefined,
    presenceLock: String,
    rest: async () => whole,
    openNotices: () => undefined,
    async openPort() {
      const next = line.takeNextPort();
      if (next === undefined) line.limit((await greet(line.port, undefined)).messageBytesMax);
      return { port: next ?? line.port, lock: undefined };
    },
  });
  return createPublicConnection(client, { isLazy: false, persisted: undefined });
}

async function takeUp(server: FakeSocket, life: Life) {
  const readmitted = readmit(asOf(life, server), GRANT, {
    setTimer,
    limits: life.limits,
    database: "shop",
    hasListener: false,
  });
  const database = await life.open();
  readmitted?.hear(database);
  if (readmitted && !readmitted.line.isOver()) readmitted.serve(database);
  return database;
}

test("what was stored and not answered before the server forgot is answered after, and stored once", async () => {
  const start = startServer();
  const sockets = socketPair();
  const first = start();
  const queue = await join(sockets, first).openQueue<number>("q");
  await queue.send(1);
  const [server] = sockets;
  const { send } = server;
  server.send = () => {};
  const unanswered = queue.send(2);
  const { host } = await first.open();
  const accepted = async () => (await host.figures()).queues[0]?.stats.totals.accepted;
  await expect.poll(accepted).toBe(2);
  first.isOver = true;
  server.send = send;
  await takeUp(server, start());
  await unanswered;
  await queue.send(3);
  await expect(queue.stats()).resolves.toMatchObject({ ready: 3, totals: { accepted: 3 } });
  expect(sockets.map(({ closedWith }) => closedWith)).toEqual([[], []]);
});

test("a client keeps what it holds, its consumers and calls that wait, on the socket that it had", async () => {
  const start = startServer();
  const sockets = socketPair();
  const first = start();
  const connection = join(sockets, first);
  const [queue, other] = [await connection.openQueue<number>("q"), await connection.openQueue<number>("other")];
  await queue.send(1);
  const [held] = await queue.receive();
  const waiting = queue.receive({ waitMs: 20_000 });
  const handled: number[] = [];
  other.consume(({ body }) => void handled.push(body));
  await settle();
  first.isOver = true;
  await takeUp(sockets[0], start());
  await held?.ack();
  await Promise.all([queue.send(2), other.send(3)]);
  await expect(waiting).resolves.toMatchObject([{ body: 2 }]);
  await expect.poll(() => handled).toEqual([3]);
  await expect(queue.stats()).resolves.toMatchObject({ totals: { acked: 1 } });
  expect(sockets.map(({ closedWith }) => closedWith)).toEqual([[], []]);
});

test("those who stayed count: who is one too many is closed, and may come again", async () => {
  const start = startServer({ perClient: { connections: 1 } });
  const life = start();
  const [stayed, another] = [socketPair(), socketPair()];
  await takeUp(stayed[0], life);
  await takeUp(another[0], life);
  expect([stayed[0].closedWith, another[0].closedWith]).toEqual([[], [1013]]);
});

test("a grant that has ended meanwhile is none: the socket is closed", () => {
  const { limits } = startServer()();
  const [server] = socketPair();
  const expired: Grant = { ...GRANT, expiresAt: Date.now() - 1 };
  expect(readmit(server, expired, { setTimer, limits, database: "shop", hasListener: false })).toBe(undefined);
  expect(server.closedWith).toEqual([1000]);
});
