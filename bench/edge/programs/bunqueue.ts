// bunqueue, embedded in Bun, with `durable`: without it jobs are answered for before they are in the file, up to ten
// milliseconds. What is measured without it is printed, and not compared with.

import { Queue, Worker } from "bunqueue/client";
import { inFlight } from "../../pages/case.js";
import { batchesOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

const NAME = "bench";
const BATCH_SIZE = 1_000;

let queue: Queue;
let handled = new Set<number>();
let completed = 0;
let onCompleted = () => {};

answer({
  open({ file, concurrency = 100, batchSize = 1_000 }: { file: string; concurrency?: number; batchSize?: number }) {
    const options = { embedded: true, dataPath: file } as const;
    queue = new Queue(NAME, options);
    const worker = new Worker(NAME, async ({ data }) => void handled.add(data.n), {
      ...options,
      concurrency,
      batchSize,
      removeOnComplete: true,
    });
    worker.on("error", (error) => console.error(error));
    worker.on("completed", () => {
      completed++;
      onCompleted();
    });
  },
  async endToEnd({ batches, limit, durable }: { batches: number; limit: number; durable: boolean }) {
    const count = BATCH_SIZE * batches;
    const opts = { durable, removeOnComplete: true };
    const work = batchesOf(count, BATCH_SIZE).map((bodies) => bodies.map((data) => ({ name: NAME, data, opts })));
    handled = new Set();
    completed = 0;
    const from = nowMs();
    const done = new Promise<void>((resolve) => {
      onCompleted = () => void (completed >= count && resolve());
    });
    await inFlight(limit, work, (jobs) => queue.addBulk(jobs));
    await done;
    const ms = nowMs() - from;
    if (handled.size !== count) throw new Error(`${handled.size} handled`);
    return { us: ms / batches };
  },
});
