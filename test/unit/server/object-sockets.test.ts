import { expect, test } from "vitest";
import { encode } from "../../../src/codec/codec.js";
import { type Grant, VERBS } from "../../../src/host/clients/access.js";
import { setTimer } from "../../../src/link/rpc/timer.js";
import { framesOf } from "../../../src/link/socket/frames.js";
import { createDatabases, type Database } from "../../../src/server/databases.js";
import { createLimits } from "../../../src/server/limits.js";
import { type AcceptedSocket, createObjectSockets } from "../../../src/server/object-sockets.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { atEnd } from "./world.js";

const GRANT: Grant = { client: "till", queues: { "*": VERBS } };

/** The sockets of an object that was made anew, of which one has survived with this note. */
function survivor(note: object) {
  const closed: (number | undefined)[] = [];
  const sent: unknown[] = [];
  const notes: unknown[] = [];
  const socket: AcceptedSocket = {
    send: (data) => void sent.push(data),
    close: (code) => void closed.push(code),
    serializeAttachment: (noted) => void notes.push(noted),
    deserializeAttachment: () => note,
  };
  const limits = createLimits("limits", {}, { setTimer, monotonic: () => performance.now() });
  const sockets = createObjectSockets({ lineTimer: setTimer, setTimer, limits, known: [socket] });
  const speak = () => {
    const [frame] = framesOf(encode({ type: "a word" }));
    return sockets.hear(socket, frame?.slice().buffer);
  };
  return { sockets, socket, closed, sent, notes, speak };
}
const databaseOf = (connect: () => object) => {
  const host = { hasQueue: () => true, connect };
  return { host, hear: () => () => {} } as unknown as Database;
};

test("who speaks, and whose grant was too large to be kept, is sent to ask for it again", () => {
  const { speak, closed } = survivor({ database: "shop" });
  expect(speak()).toBe(false);
  expect(closed).toEqual([1012]);
});

test("one that a host which was ending could not serve is served by the next", () => {
  const { sockets, speak, sent } = survivor({ database: "shop", grant: GRANT, waits: true });
  expect(speak()).toBe(true);
  const ending = databaseOf(() => {
    throw new Error("the host was closed");
  });
  expect(() => sockets.opened(ending)).toThrow("the host was closed");
  sockets.opened(databaseOf(() => ({ hasSpoken: () => true, holds: () => false, waits: () => false })));
  expect(sent).toHaveLength(1);
});

test("one that cannot be served now is sent to come again", () => {
  const { sockets, socket, speak, closed } = survivor({ database: "shop", grant: GRANT, waits: true });
  expect(speak()).toBe(true);
  sockets.lose(socket);
  expect(closed).toEqual([1013]);
});

test("what one holds and waits for stays noted until it has said anew what that is, however long that takes", async () => {
  const { sockets, notes } = survivor({ database: "shop", grant: GRANT, holds: true, waits: true });
  const databases = createDatabases({
    openStore: async () => createMemoryStore({ disk: createMemoryDisk() }),
    reconnectMs: 0,
    report: () => {},
  });
  atEnd(() => databases.close());
  sockets.opened(await databases.open("shop"));
  sockets.rest();
  expect(notes).toEqual([]);
});
