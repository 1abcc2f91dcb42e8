// Estimates how many bytes a body takes when it is stored, and counts what fits into so many. Used to cut batches and to
// bound what travels together, where being off by a factor of two does no harm; never to decide whether something fits a
// quota.

import { isSparse } from "./plain.js";

const SCALAR_BYTES = 9;
/** A body nested deeper is judged by what was seen so far. */
const ESTIMATED_DEPTH = 64;

export function estimateBytes(value: unknown, depth = 0): number {
  switch (typeof value) {
    case "string":
      return 4 + value.length;
    case "number":
      return SCALAR_BYTES;
    case "bigint":
      return 16;
    case "object":
      return value === null || depth > ESTIMATED_DEPTH ? 1 : estimateObject(value, depth + 1);
    default:
      return 1;
  }
}

/** How many of these, from the front, have at most so many bytes together: one at least, where there is one. */
export function countWithin<T>(items: readonly T[], bytesMax: number, bytesOf: (item: T) => number): number {
  let bytes = 0;
  const tooMany = items.findIndex((item, i) => {
    bytes += bytesOf(item);
    return i > 0 && bytes > bytesMax;
  });
  return tooMany < 0 ? items.length : tooMany;
}

function estimateObject(value: object, depth: number): number {
  if (Array.isArray(value)) {
    let bytes = 8;
    if (isSparse(value)) return bytes + estimatePlain(value, depth);
    for (const item of value) bytes += estimateBytes(item, depth);
    return bytes;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return estimatePlain(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 16 + value.byteLength;
  if (value instanceof Map) {
    let bytes = 8;
    for (const [key, item] of value) bytes += estimateBytes(key, depth) + estimateBytes(item, depth);
    return bytes;
  }
  if (value instanceof Set) {
    let bytes = 8;
    for (const item of value) bytes += estimateBytes(item, depth);
    return bytes;
  }
  // Blob and File, without naming types that not every runtime has.
  const size: unknown = Reflect.get(value, "size");
  return 64 + (typeof size === "number" && Number.isFinite(size) ? size : 0);
}

function estimatePlain(value: object, depth: number): number {
  let bytes = 4;
  for (const key in value) bytes += 2 + key.length + estimateBytes((value as Record<string, unknown>)[key], depth);
  return bytes;
}
