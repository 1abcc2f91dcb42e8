// Estimates how many bytes a body takes when it is stored. Used to cut batches and to bound what travels together, where being
// off by a factor of two does no harm; never to decide whether something fits a quota. Invariant: it ends, and soon, whatever the
// value refers to: deep, shared or round.

import { isSparse } from "./plain.js";

const SCALAR_BYTES = 9;
/** A body nested deeper, or with more objects, may be round or a knot: each of its objects is counted once then. */
const ESTIMATED_DEPTH = 64;
const ESTIMATED_OBJECTS = 1_000_000;

export function estimateBytes(value: unknown): number {
  objects = 0;
  const bytes = estimate(value, 0);
  return Number.isNaN(bytes) ? estimateOnce(value) : bytes;
}

let objects = 0;

/** `NaN`: it is too deep, or too much. `later`: takes the objects in it, which then are not counted here. */
function estimate(value: unknown, depth: number, later?: object[]): number {
  switch (typeof value) {
    case "string":
      return 4 + value.length;
    case "number":
      return SCALAR_BYTES;
    case "bigint":
      return value === BigInt.asIntN(64, value) ? 16 : 16 + value.toString(16).length / 2;
    case "object":
      if (value === null) return 1;
      if (later) return later.push(value) && 0;
      return depth > ESTIMATED_DEPTH || objects++ > ESTIMATED_OBJECTS ? Number.NaN : estimateObject(value, depth + 1);
    default:
      return 1;
  }
}

/** Without recursion, and every object once, as structured clone writes it; referred to again, it costs one byte. */
function estimateOnce(value: unknown): number {
  const later: object[] = [];
  const seen = new Set<object>();
  let bytes = estimate(value, 0, later);
  for (let next = later.pop(); next; next = later.pop()) {
    bytes += seen.has(next) ? 1 : estimateObject(next, 0, later);
    seen.add(next);
  }
  return bytes;
}

function estimateObject(value: object, depth: number, later?: object[]): number {
  if (Array.isArray(value))
    return isSparse(value) ? 8 + estimatePlain(value, depth, later) : estimateAll(value, depth, later);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return estimatePlain(value, depth, later);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 16 + value.byteLength;
  if (value instanceof Map) return estimateAll(value.keys(), depth, later) + estimateAll(value.values(), depth, later);
  if (value instanceof Set) return estimateAll(value, depth, later);
  if (value instanceof Error) {
    const { name, message, stack, cause, errors } = value as Error & { readonly errors?: unknown };
    return estimateAll([name, message, stack, cause, errors], depth, later);
  }
  if (value instanceof RegExp) return 16 + value.source.length;
  if (value instanceof String || value instanceof BigInt) return estimate(value.valueOf(), depth);
  // Blob and File, without naming types that not every runtime has.
  const size: unknown = Reflect.get(value, "size");
  return 64 + (typeof size === "number" && Number.isFinite(size) ? size : 0);
}

function estimateAll(items: Iterable<unknown>, depth: number, later?: object[]): number {
  let bytes = 8;
  for (const item of items) {
    bytes += estimate(item, depth, later);
    if (Number.isNaN(bytes)) break;
  }
  return bytes;
}

function estimatePlain(value: object, depth: number, later?: object[]): number {
  let bytes = 4;
  for (const key in value) {
    bytes += 2 + key.length + estimate((value as Record<string, unknown>)[key], depth, later);
    if (Number.isNaN(bytes)) break;
  }
  return bytes;
}
