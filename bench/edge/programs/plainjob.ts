// plainjob, in Bun, in one process, as its own benchmark has it: it is synchronous, and two processes on one file wait for
// each other. Its worker takes one job after the other.

import { Database } from "bun:sqlite";
import { bun, defineQueue, defineWorker, type Queue } from "plainjob";
import { batchesOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

const NAME = "bench";
const BATCH_SIZE = 1_000;
const PENDING = 0;
const PROCESSING = 1;
const QUIET = { error: console.error, warn() {}, info() {}, debug() {} };

let queue: Queue;

answer({
  open({ file }: { file: string }) {
    queue = defineQueue({ connection: bun(new Database(file, { strict: true })), logger: QUIET });
  },
  async endToEnd({ batches }: { batches: number }) {
    const count = BATCH_SIZE * batches;
    const work = batchesOf(count, BATCH_SIZE);
    const handled = new Set<number>();
    let completed = 0;
    const from = nowMs();
    for (const bodies of work) queue.addMany(NAME, bodies);
    await new Promise<void>((resolve, reject) => {
      const worker = defineWorker(NAME, ({ data }) => void handled.add(JSON.parse(data).n), {
        queue,
        logger: QUIET,
        onCompleted() {
          if (++completed < count) return;
          worker.stop().catch(reject);
          resolve();
        },
      });
      worker.start().catch(reject);
    });
    const ms = nowMs() - from;
    const left = queue.countJobs({ status: PENDING }) + queue.countJobs({ status: PROCESSING });
    if (handled.size !== count || left > 0) throw new Error(`${handled.size} handled, ${left} left`);
    queue.removeDoneJobs(-1);
    return { us: ms / batches };
  },
  close: () => queue.close(),
});
