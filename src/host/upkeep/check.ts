// Reads all that is stored, and compares the books: what the log says with what the host has in memory, what messages refer to
// with what is there. Invariant: it changes nothing.

import { advance } from "../../core/commands/clock.js";
import { decodeBody } from "../../core/log/bodies.js";
import { idOf } from "../../core/log/ids.js";
import type { Seq } from "../../core/log/journal.js";
import type { Batch } from "../../core/state/batch-index.js";
import { isConserved, type QueueState, type State } from "../../core/state/state.js";
import { waitingRuns } from "../../core/state/waiting.js";
import type { CheckFault, CheckReport } from "../../link/rpc/inspection.js";
import type { BodyBatch, LogStore, StoredLog } from "../../store/log-store.js";
import { openBatch } from "../delivery/bodies.js";
import { decode, isDamage, loadState } from "../engine/load.js";
import { readable } from "../engine/readable.js";

export type Fault = Omit<CheckFault, "isRepaired"> & {
  /** Of a body: what refers to it. */
  readonly place?: "waiting" | "leased" | "dead" | "schedule";
  /** What the host has in memory is wrong: no storing it again mends that. */
  readonly isInMemory?: true;
  /** Of batches that nothing refers to. */
  readonly keys?: readonly Seq[];
};

export interface Checked extends Omit<CheckReport, "faults"> {
  readonly faults: readonly Fault[];
}

export const asFound = ({ place: _, keys: __, isInMemory: ___, ...fault }: Fault): CheckFault => ({
  ...fault,
  isRepaired: false,
});

/** Batches that are read at once. */
const BATCHES_AT_ONCE = 16;

/** `live`: the state of a host that does nothing else meanwhile; missing: what the log says. */
export async function checkStored(store: LogStore, live?: State): Promise<Checked> {
  const faults: Fault[] = [];
  const log = await store.open();
  const records = await checkLog(log, faults, live?.lsn);
  const stored = await unlessDamaged(async () => (await loadState(log)).state);
  const state = live ?? stored;
  if (state === undefined) return { faults, queues: 0, messages: 0, batches: 0, records };
  if (live && stored) faults.push(...differences(live, stored));
  const queues = [...state.queues.values()];
  for (const queue of queues) {
    if (isConserved(queue)) continue;
    const message = "its messages are not as many as its totals say";
    faults.push({ kind: "books", queue: queue.name, message, isInMemory: true });
  }
  faults.push(...(await checkBatches(store, state)));
  return {
    faults,
    queues: queues.length,
    messages: queues.reduce((sum, queue) => sum + countOf(queue), 0),
    batches: state.batches.size,
    records,
  };
}

const countOf = ({ readyCount, delayedCount, blockedCount, leased, dead }: QueueState): number =>
  readyCount + delayedCount + blockedCount + leased.size + dead.size;

/** Returns how many records could be read. `end`: the last one that there must be. */
async function checkLog(log: StoredLog, faults: Fault[], end = 0): Promise<number> {
  const former = await log.former();
  let lsn = 0;
  for (const [which, one] of [["last checkpoint", log] as const, ["checkpoint before", former] as const]) {
    if (one === undefined) continue;
    const decoded = await unlessDamaged(() => decode(one));
    lsn = Math.max(lsn, decoded?.state.lsn ?? 0);
    if (decoded?.addsUp) continue;
    faults.push({ kind: "checkpoint", message: `the ${which} ${decoded ? "does not add up" : "cannot be read"}` });
  }
  let records = 0;
  const isWhole = await unlessDamaged(async () => {
    for await (const record of (former ?? log).journal) {
      records++;
      lsn = Math.max(lsn, record.lsn);
    }
    return lsn >= end;
  });
  if (!isWhole) faults.push({ kind: "journal", message: `only ${records} records of the journal can be read` });
  return records;
}

async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return undefined;
  }
}

/** Queues of which the log says something else than the memory. */
function differences(live: State, stored: State): Fault[] {
  advance(stored, live.now);
  const names = new Set([...live.queues.keys(), ...stored.queues.keys()]);
  return [...names].flatMap((name): Fault[] => {
    const [mine, its] = [live.queues.get(name), stored.queues.get(name)].map((queue) => queue && figuresOf(queue));
    if (mine === its) return [];
    return [{ kind: "books", queue: name, message: "what is stored is not what the host has in memory" }];
  });
}

const figuresOf = ({ readyCount, delayedCount, blockedCount, leased, dead, bytes, counters }: QueueState): string =>
  JSON.stringify([
    ...[readyCount, delayedCount, blockedCount, leased.size, dead.size, bytes],
    ...Object.entries(counters).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

async function checkBatches(store: LogStore, state: State): Promise<Fault[]> {
  const keys: Seq[] = [];
  for await (const piece of store.batchKeys()) keys.push(...piece);
  const orphans = keys.filter((key) => state.batches.find(key)?.firstSeq !== key);
  const missing = new Set<Seq>();
  const batches = state.batches.all();
  for (let i = 0; i < batches.length; i += BATCHES_AT_ONCE) {
    const some = batches.slice(i, i + BATCHES_AT_ONCE);
    const byKey = await readTwice(
      store,
      some.map(({ firstSeq }) => firstSeq),
    );
    for (const batch of some) for (const seq of missingIn(state, batch, byKey.get(batch.firstSeq))) missing.add(seq);
  }
  const faults = missing.size > 0 ? ownersOf(state, missing) : [];
  if (orphans.length > 0) {
    const message = `${orphans.length} stored batches belong to no message`;
    faults.push({ kind: "orphan", message, keys: orphans });
  }
  return faults;
}

/** By their keys. What was not read with the others is tried alone: nobody is to lose what can be read. */
async function readTwice(store: LogStore, keys: readonly Seq[]): Promise<Map<Seq, BodyBatch>> {
  const byKey = new Map<Seq, BodyBatch>();
  const read = async (some: readonly Seq[]) => {
    for (const batch of await readable(store, some)) if (batch) byKey.set(batch.firstSeq, batch);
  };
  await read(keys);
  for (const key of keys) if (!byKey.has(key)) await read([key]);
  return byKey;
}

function missingIn(state: State, batch: Batch, stored: BodyBatch | undefined): Seq[] {
  const live = state.batches.liveSeqs(batch);
  if (stored === undefined) return live;
  const opened = openBatch(stored);
  return live.filter((seq) => {
    const message = opened(seq);
    return message === undefined || (message.encoding === "json" && decodeBody(message) === undefined);
  });
}

/** What refers to these bodies, by queue and place. */
function ownersOf(state: State, bodies: ReadonlySet<Seq>): Fault[] {
  const faults: Fault[] = [];
  for (const queue of state.queues.values()) {
    const add = (place: NonNullable<Fault["place"]>, ids: readonly string[]) => {
      if (ids.length === 0) return;
      const message = `the bodies of ${ids.length} ${WORDS[place]} cannot be read`;
      faults.push({ kind: "body", queue: queue.name, ids, place, message });
    };
    const of = (messages: Iterable<{ readonly seq: Seq; readonly bodySeq: Seq }>) =>
      Array.from(messages).flatMap(({ seq, bodySeq }) => (bodies.has(bodySeq) ? [idOf(state, seq)] : []));
    const waiting = [...waitingRuns(queue)].flatMap(({ seq, bodySeq, count }) =>
      Array.from({ length: count }, (_, i) => ({ seq: seq + i, bodySeq: bodySeq + i })),
    );
    add("waiting", of(waiting));
    add("leased", of(queue.leased.values()));
    add("dead", of(queue.dead.values()));
    add(
      "schedule",
      [...queue.schedules.values()].flatMap(({ id, bodySeq }) => (bodies.has(bodySeq) ? [id] : [])),
    );
  }
  return faults;
}

const WORDS = {
  waiting: "messages that wait",
  leased: "messages in work",
  dead: "dead letters",
  schedule: "schedules",
} as const;
