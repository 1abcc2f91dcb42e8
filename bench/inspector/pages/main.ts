// The page of `npm run bench:inspector`: `?queue` opens the queue alone, `?inspector` opens the inspector with it, `?closed` has
// one that is closed, and none of them waits until it is told what to do.

import { type Connection, connect, type Queue } from "../../../src/index.js";
import { inFlight, timed } from "../../pages/case.js";
import type { Order } from "../../pages/message.js";
import { batchesOf } from "../../pages/scale/loads.js";

const DATABASE = "bench-inspector";
const SETTINGS = { durability: "relaxed", maxMessages: 100_000_000 } as const;
/** Of which so many wait, and that nobody works off. */
const DEEP = "deep";
const BUSY = "busy";
const ROWS_TIMEOUT_MS = 60_000;

export interface InspectorPage {
  /** Ms from the navigation's start to the queue's first answer, or, of `?inspector`, to the frame that shows its messages. */
  readonly ready: Promise<number>;
  fill(count: number): Promise<void>;
  /** Sends so many messages and handles them; microseconds for each. */
  work(count: number): Promise<{ readonly us: number }>;
  /** Shows the messages of the queue that `work` works on. */
  watch(): Promise<void>;
  /** Scrolls for so long, so many pixels a frame, or all of the list in that time. */
  scroll(ms: number, pixels: number | "all"): Promise<Frames>;
}

export interface Frames {
  readonly fps: number;
  /** Part of them that came later than one and a half times the frame before it should take at 60 a second. */
  readonly late: number;
}

declare global {
  var inspecting: InspectorPage;
}

const [way = ""] = [...new URLSearchParams(location.search).keys()];

async function open(): Promise<{ connection: Connection; deep: Queue<Order> }> {
  const connection = await connect({ database: DATABASE });
  const deep = await connection.openQueue<Order>(DEEP, SETTINGS);
  await deep.stats();
  return { connection, deep };
}
const opened = open();

async function show(queue: string, isOpen: boolean) {
  const [{ connection }] = await Promise.all([opened, import("../../../src/inspector.js")]);
  const inspector = document.createElement("originmq-inspector");
  inspector.setAttribute("queue", queue);
  inspector.connection = connection;
  inspector.open = isOpen;
  document.body.append(inspector);
  return inspector;
}

const frame = () => new Promise<number>(requestAnimationFrame);
const listOf = () => document.querySelector("originmq-inspector")?.shadowRoot?.querySelector<HTMLElement>(".vlist");

/** Resolves in the frame after the one in which the rows of messages are there. */
async function untilShown(): Promise<void> {
  const until = performance.now() + ROWS_TIMEOUT_MS;
  while (!listOf()?.querySelector(".vrow[data-index]:not(.unread)")) {
    if (performance.now() > until) throw new Error("the inspector shows no messages");
    await frame();
  }
  await frame();
}

async function becomeReady(): Promise<number> {
  if (way === "inspector") {
    await show(DEEP, true);
    await untilShown();
  } else {
    await opened;
    if (way === "closed") await show(DEEP, false);
  }
  return performance.now();
}

globalThis.inspecting = {
  ready: becomeReady(),
  async fill(count) {
    const { deep } = await opened;
    await inFlight(4, batchesOf({ kind: "plain", count }), (items) => deep.sendBatch(items));
  },
  async work(count) {
    const { connection } = await opened;
    const busy = await connection.openQueue<Order>(BUSY, SETTINGS);
    const consumer = busy.consume(() => {}, { concurrency: 1, prefetch: 1_000 });
    const measured = await timed(count, async () => {
      await inFlight(4, batchesOf({ kind: "plain", count }), (items) => busy.sendBatch(items));
      await busy.whenIdle();
    });
    await consumer.stop();
    await busy.close();
    return measured;
  },
  async watch() {
    document.querySelector("originmq-inspector")?.remove();
    await show(BUSY, true);
  },
  async scroll(ms, pixels) {
    const list = listOf();
    if (!list) throw new Error("the inspector shows no list");
    const height = list.scrollHeight - list.clientHeight;
    list.scrollTop = 0;
    for (let i = 0; i < 30; i++) await frame();
    const began = await frame();
    let last = began;
    let frames = 0;
    let late = 0;
    while (last - began < ms) {
      list.scrollTop = pixels === "all" ? (height * (last - began)) / ms : list.scrollTop + pixels;
      const now = await frame();
      frames++;
      if (now - last > 25) late++;
      last = now;
    }
    return { fps: (frames * 1_000) / (last - began), late: late / frames };
  },
};
