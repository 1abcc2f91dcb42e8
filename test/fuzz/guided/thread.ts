// One target, fuzzed in a thread of its own: what hangs or grows is ended from outside. Inputs that reach a part of the
// code that none reached before join the pool that the next ones are made of.

import { parentPort, workerData } from "node:worker_threads";
import { createRandom } from "../../sim/random.js";
import { nextInput } from "./change.js";
import { type Coverage, openCoverage } from "./coverage.js";
import { HEAD_BYTES, type Job, type Report } from "./job.js";
import { planted } from "./targets/planted.js";
import { targets } from "./targets.js";
import { isSprung, setTraps, springs } from "./traps.js";

/** Inputs between two looks at what ran: a look takes as long as some dozens of them. */
const BATCH = 64;
const REPORT_MS = 1_000;
const MIB = 2 ** 20;
/** The heap may be so much larger at the end than when it was warm; the pool is in it. */
const GROWTH_MAX = 48 * MIB;
const WARM = 0.2;

const job = workerData as Job;
const random = createRandom(job.seed);
const tell = (report: Report) => parentPort?.postMessage(report);

const head = new Int32Array(job.shared, 0, 3);
const room = new Uint8Array(job.shared, HEAD_BYTES);
let messages = 0;
let inputs = 0;
let current: Uint8Array = new Uint8Array();

process.on("unhandledRejection", fault);
process.on("uncaughtException", fault);

function fault(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({ type: "fault", text, input: current });
}

const target = [...targets, planted].find(({ name }) => name === job.target);
if (target === undefined) throw new Error(`there is no target ${job.target}`);
const seeds = await target.seeds();
const take = await target.open();
setTraps();

/** Says first what is tried: of one that never returns nothing else is known. */
async function run(input: Uint8Array): Promise<void> {
  current = input;
  room.set(input);
  head[1] = input.length;
  Atomics.add(head, 0, 1);
  try {
    const taken = take(input.slice());
    messages += typeof taken === "number" ? taken : await taken;
  } catch (error) {
    fault(error);
  }
  if (isSprung()) for (const spring of springs()) fault(spring);
}

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

async function heapBytes(): Promise<number> {
  // What is finalized, or was under way, is garbage only a little later.
  await new Promise((resolve) => setTimeout(resolve, 100));
  (globalThis as { readonly gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

/** Inputs that each reached something that none before had. */
class Pool {
  readonly inputs: Uint8Array[] = [];
  constructor(readonly coverage: Coverage) {}

  /** Tries one, and takes it in if it reaches something. */
  async offer(input: Uint8Array): Promise<void> {
    await run(input);
    const ran = this.coverage.take();
    if (ran.isFresh() || this.inputs.length === 0) this.inputs.push(input);
    ran.learn();
  }

  /** What was found last leads on most of all. */
  pick(): Uint8Array {
    return random.chance(0.5) ? random.pick(this.inputs.slice(-16)) : random.pick(this.inputs);
  }

  /** The shortest that together reach all of it. */
  async smallest(): Promise<readonly Uint8Array[]> {
    this.coverage.reset();
    const again = new Pool(this.coverage);
    for (const input of [...this.inputs].sort((a, b) => a.length - b.length)) await again.offer(input);
    return again.inputs;
  }
}

/** To look at what ran takes as long as some dozens of inputs: only where a batch has reached something, each is tried again. */
async function tryAll(pool: Pool, batch: readonly Uint8Array[]): Promise<void> {
  for (const input of batch) await run(input);
  const ran = pool.coverage.take();
  if (!ran.isFresh()) return;
  for (const input of batch) await pool.offer(input);
  // What it takes several to reach.
  ran.learn();
}

async function fuzz(form: (typeof targets)[number]["form"]): Promise<void> {
  const pool = new Pool(openCoverage(import.meta.url));
  const progress = () => ({ messages, inputs, reached: pool.coverage.size(), pool: pool.inputs.length });
  for (const input of [...seeds, ...job.corpus]) await pool.offer(input);
  const startedAt = performance.now();
  const passedMs = () => performance.now() - startedAt;
  const source = { words: job.words, pick: () => pool.pick() };
  let warmBytes: number | undefined;
  let reportedAt = startedAt;
  while (passedMs() < job.ms && head[2] === 0) {
    const batch = Array.from({ length: BATCH }, () => nextInput(random, form, source));
    await tryAll(pool, batch);
    inputs += batch.length;
    if (performance.now() - reportedAt < REPORT_MS) continue;
    reportedAt = performance.now();
    if (warmBytes === undefined && passedMs() > WARM * job.ms) warmBytes = await heapBytes();
    // Ports, timers and rejections have their turn.
    await later();
    tell({ type: "progress", ...progress() });
  }
  const grown = (await heapBytes()) - (warmBytes ?? Number.POSITIVE_INFINITY);
  if (grown > GROWTH_MAX) fault(`the heap has grown by ${Math.round(grown / MIB)} MiB`);
  tell({ type: "done", ...progress(), kept: job.keeps ? await pool.smallest() : [] });
}

if (job.ms > 0) await fuzz(target.form);
else {
  for (const input of job.corpus) await run(input);
  for (const spring of springs()) fault(spring);
  await later();
  tell({ type: "done", messages, inputs: job.corpus.length, reached: 0, pool: 0, kept: [] });
}
