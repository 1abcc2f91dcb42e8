// bunqueue, embedded in Bun, with `durable`: without it a job is answered for before it is in the file.

import { Queue, Worker } from "bunqueue/client";
import { inFlight } from "../../pages/case.js";
import { batchesOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

const NAME = "bench";
const BATCH_SIZE = 1_000;
/** Of 1 and 1, 50 and 10, 100 and 100, 100 and 1,000, 1,000 and 1,000 the quickest. */
const WORKER = { concurrency: 100, batchSize: 100 };

let queue: Queue;
let handled = new Set<number>();
let completed = 0;
let onCompleted = () => {};

answer({
  open({ file }: { file: string }) {
    const options = { embedded: true, dataPath: file } as const;
    queue = new Queue(NAME, options);
    const worker = new Worker(NAME, async ({ data }) => void handled.add(data.n), {
      ...options,
      ...WORKER,
      removeOnComplete: true,
    });
    worker.on("error", (error) => console.error(error));
    worker.on("completed", () => {
      completed++;
      onCompleted();
    });
  },
  async endToEnd({ batches, limit }: { batches: number; limit: number }) {
    const count = BATCH_SIZE * batches;
    const opts = { durable: true, removeOnComplete: true };
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
