// Copies a value as a database would, without one. Invariant: what comes out shares nothing with what went in, and
// what IndexedDB would refuse is refused here too, although `structuredClone` alone would take it.

import { StoreError } from "../log-store.js";

/** What may cross between threads of one process but not onto a disk, by the name that `toString` shows. */
const NOT_FOR_STORAGE: ReadonlySet<string> = new Set([
  "WebAssembly.Module",
  "WebAssembly.Memory",
  "SharedArrayBuffer",
  "VideoFrame",
  "AudioData",
  "EncodedVideoChunk",
  "EncodedAudioChunk",
]);

/** A deep copy. Throws `not-cloneable` for what cannot be stored. (Node copies a File into a Blob.) */
export function cloneForStorage<T>(value: T): T {
  const copy = cloneOrRefuse(value);
  const refused = findNotStorable(copy, new Set());
  if (refused !== undefined) throw new StoreError("not-cloneable", `a ${refused} cannot be stored`);
  return copy;
}

function cloneOrRefuse<T>(value: T): T {
  try {
    return structuredClone(value);
  } catch (cause) {
    throw new StoreError("not-cloneable", cause instanceof Error ? cause.message : "a value cannot be cloned", {
      cause,
    });
  }
}

/** Walks the copy rather than the original, whose getters would run twice. */
function findNotStorable(value: unknown, seen: Set<object>): string | undefined {
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (NOT_FOR_STORAGE.has(kind)) return kind;
  for (const part of partsOf(value)) {
    const found = findNotStorable(part, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function partsOf(value: object): Iterable<unknown> {
  if (ArrayBuffer.isView(value)) return [value.buffer];
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return value;
  return Object.values(value);
}
