// The one queue of the demo, and the connection it hangs on: to this browser's host, or to the server that devices share.

import { type Connection, type ConnectOptions, connect, type Queue } from "../src/index.js";
import { DATABASE } from "./lab/words.js";
import type { Entry } from "./shared/entry.js";

export type DemoQueue = Queue<unknown>;

export interface Session {
  readonly connection: Connection;
  readonly queue: DemoQueue;
  /** Stores how many messages the queue takes, for all tabs. */
  setRoom(maxMessages: number): Promise<void>;
  readonly room: number;
}

const NAME = "work";
const ROOM_KEY = "originmq-demo:room";
const ROOM = 1_000_000;

const storedRoom = () => Number(localStorage.getItem(ROOM_KEY)) || ROOM;

/** The host's worker is one of the demo, so that the crash lab can make it fail. */
const hosting: ConnectOptions =
  typeof SharedWorker === "undefined"
    ? {}
    : {
        worker: () =>
          new SharedWorker(new URL("./lab/shared-worker.ts", import.meta.url), { type: "module", name: DATABASE }),
      };

/** `entry`: to the server, in place of this browser. */
export async function openSession(entry: Entry | undefined): Promise<Session> {
  const connection = await connect({
    label: `${document.title}, ${location.pathname}`,
    ...(entry ? { url: entry.url, token: entry.token } : { database: DATABASE, ...hosting }),
  });
  const open = (maxMessages: number) =>
    connection.openQueue(NAME, {
      maxMessages,
      maxDeliveries: 3,
      backoff: { type: "exponential", baseMs: 500, maxMs: 5_000, jitter: "full" },
      durability: "relaxed",
    });
  const queue = await open(storedRoom());
  return {
    connection,
    queue,
    async setRoom(maxMessages) {
      // Options given to `openQueue` are stored with the queue; the last one to give them wins.
      const again = await open(maxMessages);
      await again.close();
      localStorage.setItem(ROOM_KEY, String(maxMessages));
    },
    get room() {
      return storedRoom();
    },
  };
}
