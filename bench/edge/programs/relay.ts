// What a latency is held against: a bare socket server. It sends back what it gets, or sends it on to the other client, and
// commits before that if the first byte says so.

import { WebSocketServer } from "ws";
import { percentiles } from "../../pages/case.js";
import { answer, nowMs } from "./answer.js";
import { openSqlite } from "./open-sqlite.js";

/** First bytes: sent back; sent back after a commit; sent on after a commit. */
const ECHO = 0;
const COMMIT = 1;
const RELAY = 2;
const BODY_BYTES = 250;
const CLEARING_MS = 5;

let socket: WebSocket;
let onArrival = () => {};
const arrivals: number[] = [];

async function serve({ file }: { file: string }): Promise<string> {
  const driver = await openSqlite(file);
  const options = { host: "127.0.0.1", port: 0, perMessageDeflate: false };
  const server = new WebSocketServer(options as never) as unknown as import("node:events").EventEmitter & {
    clients: Set<{ send(data: Buffer): void }>;
    address(): { port: number };
  };
  let key = 0;
  server.on("connection", (one) => {
    one.on("message", (data: Buffer) => {
      if (data[0] !== ECHO) {
        key++;
        driver.transaction("strict", () => {
          driver.run("INSERT INTO batches VALUES (?, ?)", key, data);
          driver.run("INSERT INTO journal VALUES (?, ?)", key, data);
        });
      }
      if (data[0] !== RELAY) return one.send(data);
      for (const other of server.clients) if (other !== one) other.send(data);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `ws://127.0.0.1:${server.address().port}`;
}

const bodyOf = (first: number) => {
  const body = new Uint8Array(BODY_BYTES);
  body[0] = first;
  new DataView(body.buffer).setFloat64(8, nowMs());
  return body;
};

function roundTrip(first: number): Promise<void> {
  return new Promise((resolve) => {
    onArrival = resolve;
    socket.send(bodyOf(first));
  });
}

answer({
  serve,
  async connect({ url }: { url: string }) {
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      const view = new DataView(data as ArrayBuffer);
      if (view.getUint8(0) === RELAY) arrivals.push(nowMs() - view.getFloat64(8));
      onArrival();
    });
    await new Promise((resolve) => socket.addEventListener("open", resolve));
  },
  /** Two round trips, the first of which commits: how long, each time. */
  async twice({ count }: { count: number }) {
    const samples: number[] = [];
    for (let n = 0; n < count; n++) {
      const from = nowMs();
      await roundTrip(COMMIT);
      await roundTrip(ECHO);
      samples.push(nowMs() - from);
      await new Promise((resolve) => setTimeout(resolve, CLEARING_MS));
    }
    return percentiles(samples);
  },
  /** From here to the other client, a commit between. */
  async relay({ count }: { count: number }) {
    for (let n = 0; n < count; n++) {
      socket.send(bodyOf(RELAY));
      await new Promise((resolve) => setTimeout(resolve, CLEARING_MS));
    }
  },
  arrived: () => percentiles(arrivals.splice(0)),
});
