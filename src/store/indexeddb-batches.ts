// Reads and deletes batches of bodies. Invariant: a batch that cannot be read is named, so that it never hides
// the others.

import type { Seq } from "../core/journal.js";
import type { Access } from "./access.js";
import type { ReadTransaction } from "./indexeddb-schema.js";
import { type BodyBatch, StoreError } from "./log-store.js";
import { isConnectionFailure } from "./transaction.js";

/** Below this many keys a request for each is cheaper than learning first which of them lie side by side. */
const KEYS_TO_GROUP = 8;
const KEYS_PER_PIECE = 1024;

export async function readBatches(access: Access, firstSeqs: readonly Seq[]): Promise<(BodyBatch | undefined)[]> {
  const first = firstSeqs[0];
  const last = firstSeqs.at(-1);
  if (first === undefined || last === undefined) return [];
  if (firstSeqs.length < KEYS_TO_GROUP) return readEach(access, firstSeqs);
  try {
    return await access.read(["bodies"], async (tx) => {
      const stored = await tx.objectStore("bodies").getAllKeys(IDBKeyRange.bound(first, last));
      return readStretches(tx, firstSeqs, stored);
    });
  } catch (cause) {
    // One bad record fails its whole stretch; one by one the others can still be had.
    if (cause instanceof StoreError && cause.reason === "unreadable") return readEach(access, firstSeqs);
    throw cause;
  }
}

/** One request for every stretch of wanted keys with no unwanted batch in between. */
async function readStretches(
  tx: ReadTransaction,
  wanted: readonly Seq[],
  stored: readonly Seq[],
): Promise<(BodyBatch | undefined)[]> {
  const wantedKeys = new Set(wanted);
  const found = new Map<Seq, BodyBatch>();
  const requests: Promise<void>[] = [];
  for (let from = 0; from < stored.length; from++) {
    let upto = from;
    while (upto < stored.length && wantedKeys.has(stored[upto] as Seq)) upto++;
    if (upto === from) continue;
    const keys = stored.slice(from, upto);
    const range = IDBKeyRange.bound(keys[0], keys.at(-1));
    requests.push(
      tx
        .objectStore("bodies")
        .getAll(range)
        .then((batches) => {
          for (const [at, batch] of batches.entries()) found.set(keys[at] as Seq, assertBatch(batch, keys[at] as Seq));
        }),
    );
    from = upto;
  }
  await Promise.all(requests);
  return wanted.map((firstSeq) => found.get(firstSeq));
}

async function readEach(access: Access, firstSeqs: readonly Seq[]): Promise<(BodyBatch | undefined)[]> {
  const results = await access.read(["bodies"], async (tx) => {
    const store = tx.objectStore("bodies");
    const all = await Promise.allSettled(firstSeqs.map((firstSeq) => store.get(firstSeq)));
    // Nothing at all: that is the connection rather than a record.
    const failed = all.filter((result) => result.status === "rejected");
    if (failed.length === all.length && isConnectionFailure(failed[0]?.reason)) throw failed[0]?.reason;
    return all;
  });
  const unreadable: Seq[] = [];
  let cause: unknown;
  const batches = results.map((result, at) => {
    if (result.status === "fulfilled" && result.value !== null) return result.value;
    if (result.status === "rejected") cause = result.reason;
    unreadable.push(firstSeqs[at] as Seq);
    return undefined;
  });
  if (unreadable.length === 0) return batches;
  throw new StoreError("unreadable", `batches ${unreadable.join(", ")} cannot be read`, {
    cause,
    firstSeqs: unreadable,
  });
}

/** Chromium hands out `null` for a record that it cannot deserialize. */
function assertBatch(batch: BodyBatch | null, firstSeq: Seq): BodyBatch {
  if (typeof batch !== "object" || batch === null)
    throw new StoreError("unreadable", `batch ${firstSeq} cannot be read`);
  return batch;
}

/** Relaxed: what comes back after a crash is deleted again, or swept as an orphan. */
export function deleteBatches(access: Access, ranges: readonly Seq[]): Promise<void> {
  return access.write({
    name: "delete-batches",
    stores: ["bodies"],
    durability: "relaxed",
    issue: function* (tx) {
      for (let at = 0; at + 1 < ranges.length; at += 2) {
        yield tx.objectStore("bodies").delete(IDBKeyRange.bound(ranges[at], ranges[at + 1]));
      }
    },
  });
}

export async function* batchKeys(access: Access): AsyncGenerator<readonly Seq[]> {
  let after: Seq | undefined;
  for (;;) {
    const range = after === undefined ? null : IDBKeyRange.lowerBound(after, true);
    const keys = await access.read(["bodies"], (tx) => tx.objectStore("bodies").getAllKeys(range, KEYS_PER_PIECE));
    if (keys.length > 0) yield keys;
    if (keys.length < KEYS_PER_PIECE) return;
    after = keys.at(-1);
  }
}
