// Writes a checkpoint. Invariant: until one strict transaction flips the pointer, a reader sees the former checkpoint whole;
// after it, whoever finds the new one damaged, too, with the journal between the two.

import type { Lsn } from "../../core/log/journal.js";
import { type CheckpointPointer, nextGeneration, pointerAfter } from "../format.js";
import type { CheckpointChunk } from "../log-store.js";
import type { Access } from "./access.js";
import { readPointer } from "./schema.js";

const CHUNKS_PER_WRITE = 4;

export async function writeCheckpoint(
  access: Access,
  chunks: Iterable<CheckpointChunk> | AsyncIterable<CheckpointChunk>,
  uptoLsn: Lsn,
  isAlone = false,
): Promise<void> {
  access.step("checkpoint:begin");
  const former = await access.read(["meta"], readPointer);
  const generation = nextGeneration(former, uptoLsn);
  let written = 0;
  for await (const piece of inPieces(chunks)) {
    await writeChunks(access, generation, written, piece);
    written += piece.length;
  }
  const checkpoint = { generation, uptoLsn, chunks: written };
  await flip(access, isAlone ? checkpoint : pointerAfter(former, checkpoint));
}

/** Strict, because the journal that they replace is gone before long once the pointer flips. */
function writeChunks(
  access: Access,
  generation: number,
  from: number,
  chunks: readonly CheckpointChunk[],
): Promise<void> {
  return access.write({
    name: "checkpoint-chunks",
    stores: ["checkpoint"],
    durability: "strict",
    issue: function* (tx) {
      const store = tx.objectStore("checkpoint");
      for (const [at, chunk] of chunks.entries()) yield store.put(chunk, [generation, from + at]);
    },
  });
}

function flip(access: Access, pointer: CheckpointPointer): Promise<void> {
  const oldest = pointer.former ?? pointer;
  return access.write({
    name: "checkpoint-flip",
    stores: ["journal", "checkpoint"],
    durability: "strict",
    issue: function* (tx) {
      yield tx.objectStore("meta").put(pointer, "checkpoint");
      yield tx.objectStore("journal").delete(IDBKeyRange.upperBound(oldest.uptoLsn));
      yield tx.objectStore("checkpoint").delete(IDBKeyRange.upperBound([oldest.generation], true));
      // An unfinished checkpoint of this very writer may have left more chunks under the same generation.
      yield tx.objectStore("checkpoint").delete(IDBKeyRange.lowerBound([pointer.generation, pointer.chunks]));
    },
  });
}

async function* inPieces(
  chunks: Iterable<CheckpointChunk> | AsyncIterable<CheckpointChunk>,
): AsyncGenerator<readonly CheckpointChunk[]> {
  let piece: CheckpointChunk[] = [];
  for await (const chunk of chunks) {
    piece.push(chunk);
    if (piece.length < CHUNKS_PER_WRITE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
