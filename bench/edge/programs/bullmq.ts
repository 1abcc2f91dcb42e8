// BullMQ, one process to add jobs and one to work them off, as its documentation says to do both quickly: `addBulk`, and a
// worker with a concurrency of 100. https://docs.bullmq.io/guide/queues/adding-bulks https://docs.bullmq.io/guide/workers/concurrency

import { Queue, Worker } from "bullmq";
import { inFlight } from "../../pages/case.js";
import { batchesOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

const NAME = "bench";
const BATCH_SIZE = 1_000;
const CONCURRENCY = 100;

let queue: Queue;
let worker: Worker;
let handled: number[] = [];
let completed = 0;
let onCompleted = () => {};

answer({
  produce({ port }: { port: number }) {
    queue = new Queue(NAME, { connection: { port }, defaultJobOptions: { removeOnComplete: true } });
  },
  work({ port }: { port: number }) {
    worker = new Worker(NAME, async ({ data }) => void handled.push(data.n), {
      connection: { port },
      concurrency: CONCURRENCY,
    });
    worker.on("error", (error) => console.error(error));
    worker.on("completed", () => {
      completed++;
      onCompleted();
    });
  },
  /** Resolves with when it began. */
  async add({ batches, limit }: { batches: number; limit: number }) {
    const work = batchesOf(BATCH_SIZE * batches, BATCH_SIZE).map((bodies) =>
      bodies.map((data) => ({ name: NAME, data })),
    );
    const from = nowMs();
    await inFlight(limit, work, (jobs) => queue.addBulk(jobs));
    return from;
  },
  /** Resolves with when so many jobs were completed, in Redis, each of which was handled once. */
  async until({ count }: { count: number }) {
    await new Promise<void>((resolve) => {
      onCompleted = () => void (completed >= count && resolve());
      onCompleted();
    });
    const at = nowMs();
    const distinct = new Set(handled).size;
    if (distinct !== count || completed !== count) throw new Error(`${distinct} handled, ${completed} completed`);
    handled = [];
    completed = 0;
    return at;
  },
  close: async () => {
    await queue?.close();
    await worker?.close();
  },
});
