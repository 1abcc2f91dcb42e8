// What every page of these tests has: a queue that changes 10,000 times a second, what a component is shown of it, and a
// request that must reach a server.

import { openQueue, type QueueStats } from "originmq";
import { createQueueStore, type OutboxStore } from "originmq/store";

/** The host may tell every millisecond: only frames are in the way of a component. */
export const flooded = createQueueStore(() => openQueue<number>("flooded"), { everyMs: 1 });

export interface Flood {
  readonly frames: number;
  /** How often the component was rendered with another snapshot. */
  readonly commits: number;
  readonly elapsedMs: number;
  readonly shown: string;
}

declare global {
  interface Window {
    /** The component tells of each rendering. */
    committed(): void;
    flood(): Promise<Flood>;
    /** Posts a text by the outbox; resolves with the answer's status. */
    save(text: string): Promise<number>;
    /** Ends the application. */
    unmount(): void;
    /** Of a queue, as another tab sees it. */
    statsOf(name: string): Promise<QueueStats>;
  }
}

const COUNT = 10_000;
const STEPS = 100;

/** Only in browsers. */
export function prepare(saves?: OutboxStore): void {
  let commits = 0;
  window.committed = () => {
    commits++;
  };
  window.save = async (body) => {
    if (!saves) throw new Error("this page has no outbox");
    return (await saves.outbox().fetch("/api/saves", { method: "POST", body })).status;
  };
  window.statsOf = async (name) => {
    const queue = await openQueue(name);
    try {
      return await queue.stats();
    } finally {
      await queue.close();
    }
  };
  window.flood = async () => {
    const queue = await openQueue<number>("flooded");
    const text = () => document.querySelector("#flooded")?.textContent ?? "";
    let frames = 0;
    let isOver = false;
    const count = () => {
      if (isOver) return;
      frames++;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    const before = commits;
    const began = performance.now();
    const sends: Promise<unknown>[] = [];
    for (let step = 0; step < STEPS; step++) {
      for (let i = 0; i < COUNT / STEPS; i++) sends.push(queue.send(i));
      const dueMs = began + (step + 1) * (1_000 / STEPS) - performance.now();
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    }
    await Promise.all(sends);
    const { ready } = await queue.stats();
    while (text() !== `${ready}`) await new Promise((resolve) => setTimeout(resolve, 10));
    isOver = true;
    const elapsedMs = performance.now() - began;
    const result = { frames, commits: commits - before, elapsedMs, shown: text() };
    await queue.close();
    return result;
  };
}
