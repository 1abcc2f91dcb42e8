// Records, batches and bodies for the contract suite of the log stores.

import type { JournalRecord, Lsn, Seq } from "../../src/core/log/journal.js";
import type { BodyBatch, CheckpointChunk, LogStore, LogTail } from "../../src/store/log-store.js";
import { agent, storesBlobs } from "../engines/this-engine.js";

export const takeOverRecord = ({ epoch, lsn }: LogTail): JournalRecord => ({
  v: 1,
  lsn,
  epoch,
  at: 1_000 + lsn,
  changes: [{ type: "took-over", term: "0123456789abcdef" }],
});

export const recordAt = (epoch: number, lsn: Lsn): JournalRecord => ({
  v: 1,
  lsn,
  epoch,
  at: 1_000 + lsn,
  changes: [{ type: "acked", queue: "orders", seqs: [lsn, 1] }],
});

export const batchOf = (firstSeq: Seq, bodies: readonly unknown[]): BodyBatch => ({
  v: 1,
  encoding: "clone",
  firstSeq,
  sentAt: 1_000,
  bodies,
});

export const chunksOf = (count: number, part: string): CheckpointChunk[] =>
  Array.from({ length: count }, (_, index) => ({ v: 1, part, index }));

/** Everything a reader can see, for comparing whole states. */
export interface Visible {
  readonly checkpoint: CheckpointChunk[];
  readonly journal: JournalRecord[];
  readonly batches: (BodyBatch | undefined)[];
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function readAll(store: LogStore): Promise<Visible> {
  const log = await store.open();
  return {
    checkpoint: await collect(log.checkpoint),
    journal: await collect(log.journal),
    batches: await store.readBatches((await collect(store.batchKeys())).flat()),
  };
}

/** A store that has taken over a disk with two batches under a checkpoint and one record behind it. */
export async function takeOverFilled(store: LogStore): Promise<LogTail> {
  await store.open();
  const { epoch, lsn } = await store.takeOver(takeOverRecord);
  await store.commit(recordAt(epoch, lsn + 1), [batchOf(1, ["a", "b"]), batchOf(3, ["c"])], "relaxed");
  await store.commit(recordAt(epoch, lsn + 2), [batchOf(4, ["d", "e", "f"])], "relaxed");
  await store.checkpoint(chunksOf(5, "first"), lsn + 1);
  return { epoch, lsn: lsn + 2 };
}

/** One of every kind that structured cloning keeps, by the name of the kind; `keys`: those that bytes cannot carry. */
export async function cloneableBodies(): Promise<{ keys: Record<string, unknown>; [kind: string]: unknown }> {
  const shared = { sku: "tea" };
  const cyclic: Record<string, unknown> = { name: "ring" };
  cyclic.self = cyclic;
  return {
    "a primitive of each type": [null, undefined, true, 0, -0, Number.NaN, Number.POSITIVE_INFINITY, "", "tea ☕"],
    "a BigInt": 2n ** 70n,
    "a Date": new Date(86_400_000),
    "a RegExp": /tea/giu,
    "a Map": new Map<unknown, unknown>([
      ["a", 1],
      [{ key: 1 }, new Map([[1, 2]])],
    ]),
    "a Set": new Set(["a", 1, new Date(0)]),
    "an ArrayBuffer": Uint8Array.of(1, 2, 3).buffer,
    "typed arrays": [Uint8Array.of(255), Float64Array.of(0.1), BigInt64Array.of(-1n), new DataView(new ArrayBuffer(4))],
    "an Error": new RangeError("too far"),
    "a sparse array": Object.assign([], { 3: "d" }),
    "one object twice": [shared, shared],
    "a cycle": cyclic,
    ...(storesBlobs && {
      "a Blob": new Blob(["hello ", "there"], { type: "text/plain" }),
      "a File": new File(["1,2"], "order.csv", { type: "text/csv", lastModified: 5 }),
    }),
    keys: {
      "a CryptoKey": await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt", "decrypt"]),
      "a CryptoKey that cannot be exported": await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, [
        "encrypt",
      ]),
    },
    "all of it nested": { list: [{ when: new Date(1), tags: new Set(["x"]), bytes: new Uint8Array(70_000).fill(7) }] },
  };
}

/** Bodies that are refused, by the name of the kind, as far as this platform has them. */
export function unstorableBodies(): Record<string, unknown> {
  return {
    "a function": { callback: () => {} },
    "a symbol": Symbol("s"),
    "a message port": { port: new MessageChannel().port1 },
    // workerd compiles none.
    ...(agent === "Cloudflare-Workers"
      ? {}
      : {
          "a compiled WebAssembly module": {
            module: new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
          },
        }),
    "a body whose getter throws": Object.defineProperty({}, "total", {
      enumerable: true,
      get() {
        throw new Error("no total");
      },
    }),
    ...(typeof SharedArrayBuffer === "undefined" ? {} : { "shared memory": { memory: new SharedArrayBuffer(8) } }),
  };
}
