// What every page of the cold start offers: the first message, made durable, with nothing opened before.

import type { Durability } from "../../pages/case.js";

export interface Way {
  /** Opens, and stores one message. Called once a page. */
  first(durability: Durability): Promise<void>;
}

declare global {
  /** Milliseconds from the call until the first message is durable. */
  var measureFirst: (durability: Durability) => Promise<number>;
  /** Sends so many messages, and has one more sent and received before. Of OriginMQ's page. */
  var fillQueue: (messages: number) => Promise<void>;
  /** Of a page whose main thread is watched. */
  var longTasks: PerformanceEntry[];
  /** What was asked of the platform, in page and worker, in a build that notes it. */
  var stageNotes: () => Promise<[where: "page" | "worker", what: string, at: number][]>;
}

export function offer({ first }: Way): void {
  globalThis.measureFirst = async (durability) => {
    const began = performance.now();
    await first(durability);
    return performance.now() - began;
  };
}
