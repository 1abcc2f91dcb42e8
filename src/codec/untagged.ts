// Values out of the JSON that `tagged.ts` makes of them. Invariant: what it could not have written is refused with a
// `CodecError`, and never comes back as something else; whoever wrote it may be hostile.

import type { AsciiLines } from "../core/log/columns.js";
import { DEPTH_MAX } from "../core/spec/limits.js";
import { CodecError } from "./codec-error.js";
import { DECIMAL_DIGITS_MAX, ERRORS, VIEWS } from "./tagged.js";

/** A stretch of a buffer. */
export interface Stretch {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Reads what a sink has written. Throws a `CodecError` for what it could not have. */
export interface Source {
  buffer(v: unknown): ArrayBuffer;
  view(v: unknown): Stretch;
  /** Bytes that nothing else shares. */
  blob(v: unknown): Uint8Array<ArrayBuffer>;
  text(v: unknown): string | AsciiLines;
  refused(v: unknown): never;
}

interface Decoding {
  readonly source: Source;
  readonly seen: object[];
  depth: number;
}

/** Takes the JSON for itself: arrays and objects in it become those of the value. */
export function decodeTagged(json: unknown, source: Source): unknown {
  try {
    return decode(json, { source, seen: [], depth: 0 });
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    // A constructor that took what it was given for wrong: a pattern, a length, an offset.
    throw new CodecError(`this is no encoded value: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function decode(json: unknown, decoding: Decoding): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (++decoding.depth > 2 * DEPTH_MAX) throw new CodecError("this is no encoded value: it is nested too deep");
  const value = decodeObject(json, decoding);
  decoding.depth--;
  return value;
}

function decodeObject(json: object, decoding: Decoding): object {
  if (Array.isArray(json)) {
    decoding.seen.push(json);
    for (let i = 0; i < json.length; i++) {
      if (typeof json[i] === "object") json[i] = decode(json[i], decoding);
    }
    return json;
  }
  const object = json as Record<string, unknown>;
  if (Object.hasOwn(object, "$")) return decodeType(object.$, object.v, decoding) as object;
  if (Object.hasOwn(object, "__proto__")) throw new CodecError("this is no encoded value: it names a prototype");
  decoding.seen.push(object);
  for (const name of Object.keys(object)) {
    const member = object[name];
    if (typeof member === "object") object[name] = decode(member, decoding);
  }
  return object;
}

function decodeType(type: unknown, v: unknown, decoding: Decoding): unknown {
  const { seen, source } = decoding;
  const meet = <T extends object>(value: T): T => {
    seen.push(value);
    return value;
  };
  const wrong = () => new CodecError(`this is no ${type}: ${JSON.stringify(v)?.slice(0, 200)}`);
  if (typeof type !== "string" || !isWritten(type, v, seen)) throw wrong();
  const list = v as unknown[];
  switch (type) {
    case "undefined":
      return undefined;
    case "number":
      return Number(v);
    case "bigint":
      return BigInt(v as string);
    case "hex":
      return (v as string).startsWith("-") ? -BigInt(`0x${(v as string).slice(1)}`) : BigInt(`0x${v}`);
    case "text":
      return source.text(v);
    case "again":
      return seen[v as number];
    case "Date":
      return meet(new Date(v === null ? Number.NaN : (v as number)));
    case "RegExp":
      return meet(new RegExp(list[0] as string, list[1] as string));
    case "Error":
      return decodeError(list, decoding);
    case "DOMException":
      return meet(new DOMException(list[0] as string, list[1] as string));
    case "Boxed":
      return decodeBoxed(v, decoding) ?? raise(wrong());
    case "ArrayBuffer":
      return meet(source.buffer(v));
    case "Blob":
      return meet(decodeBlob(list, source));
    case "Map":
      return decodeMap(list, meet(new Map()), decoding);
    case "Set": {
      const set = meet(new Set());
      for (const item of list) set.add(decode(item, decoding));
      return set;
    }
    case "Object":
      return define(meet({}), list, decoding, 0);
    case "Array":
      return define(meet(arrayOf(list)), list, decoding, 1);
    case "unwritable":
      return source.refused(v);
  }
  return meet(decodeView(type, v, source));
}

function decodeMap(list: readonly unknown[], map: Map<unknown, unknown>, decoding: Decoding): Map<unknown, unknown> {
  for (let i = 0; i < list.length; i += 2) {
    // Keys first: they were numbered first.
    const key = decode(list[i], decoding);
    map.set(key, decode(list[i + 1], decoding));
  }
  return map;
}

/**
 * V8 takes 8 bytes, and time, for each place of an array of up to 2²⁵; where it was longer before, only for those that are there. So it
 * begins where most of it is holes: who sends thirty bytes is not to take 256 MiB.
 */
function arrayOf(list: readonly unknown[]): unknown[] {
  const array: unknown[] = [];
  const length = list[0] as number;
  if (list.length < length) array.length = LENGTH_MAX;
  array.length = length;
  return array;
}

/** Defined, not assigned: a member named __proto__ must not become the prototype. */
function define(object: object, list: readonly unknown[], decoding: Decoding, from: number): object {
  for (let i = from; i < list.length; i += 2) {
    const value = decode(list[i + 1], decoding);
    Object.defineProperty(object, list[i] as string, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** The name of a class of its own is kept, although the class is not. */
function decodeError(list: readonly unknown[], decoding: Decoding): Error {
  const [name, message, stack, ...members] = list as [string, string, (string | null)?, ...unknown[]];
  const error = newError(name, message);
  decoding.seen.push(error);
  const hidden = (member: string, value: unknown) =>
    Object.defineProperty(error, member, { value, configurable: true, writable: true });
  if (error.name !== name) hidden("name", name);
  if (typeof stack === "string") hidden("stack", stack);
  for (let i = 0; i < members.length; i += 2) {
    const member = members[i];
    if (member !== "cause" && member !== "errors") throw new CodecError("this is no Error: it has a further member");
    hidden(member, decode(members[i + 1], decoding));
  }
  return error;
}

function newError(name: string, message: string): Error {
  if (name === "AggregateError") return new AggregateError([], message);
  const Class: unknown = ERRORS.includes(name) ? Reflect.get(globalThis, name) : Error;
  return new (Class as ErrorConstructor)(message);
}

function decodeBlob(list: readonly unknown[], source: Source): Blob {
  const [v, type, name, lastModified] = list as [unknown, string, string?, number?];
  const bytes = source.blob(v);
  if (name === undefined) return new Blob([bytes], { type });
  return new File([bytes], name, { type, ...(lastModified !== undefined && { lastModified }) });
}

function decodeBoxed(v: unknown, decoding: Decoding): object | undefined {
  const value = decode(v, decoding);
  if (typeof value === "object" || value === undefined) return undefined;
  const boxed: object = Object(value);
  decoding.seen.push(boxed);
  return boxed;
}

function decodeView(type: string, v: unknown, source: Source): object {
  const View: unknown = VIEWS.includes(type) ? Reflect.get(globalThis, type) : undefined;
  if (typeof View !== "function") throw new CodecError(`there is no way to read a "${type}" here`);
  const { buffer, byteOffset, byteLength } = source.view(v);
  const size = Reflect.get(View, "BYTES_PER_ELEMENT") as number | undefined;
  const length = byteLength / (size ?? 1);
  if (!Number.isInteger(length)) throw new CodecError(`this is no ${type}: a part of an element is missing`);
  return Reflect.construct(View, [buffer, byteOffset, length]) as object;
}

const isString = (value: unknown) => typeof value === "string";
const areStrings = (list: readonly unknown[]) => list.length === 2 && list.every(isString);

const LISTS: Readonly<Record<string, (list: readonly unknown[]) => boolean>> = {
  RegExp: areStrings,
  DOMException: areStrings,
  Error: (list) => (list.length === 2 || list.length % 2 === 1) && list.slice(0, 2).every(isString) && list.length > 1,
  Blob: (list) => list.length >= 2 && list.length <= 4 && isString(list[1]) && (list.length === 2 || isString(list[2])),
  Map: (list) => list.length % 2 === 0,
  Object: (list) => list.length % 2 === 0 && list.every((name, i) => i % 2 === 1 || isString(name)),
  Array: (list) => list.length % 2 === 1 && isLength(list[0]) && list.every((name, i) => i % 2 === 0 || isString(name)),
  Set: () => true,
};

const INTEGER = /^-?\d+$/;
const HEX = /^-?[\da-f]+$/;
const NUMBERS: readonly unknown[] = ["NaN", "Infinity", "-Infinity", "-0"];

/** Whether it could have been written: what could not must not come back as something else. */
function isWritten(type: string, v: unknown, seen: readonly object[]): boolean {
  const fits = Object.hasOwn(LISTS, type) ? LISTS[type] : undefined;
  if (fits) return Array.isArray(v) && fits(v);
  switch (type) {
    case "number":
      return NUMBERS.includes(v);
    case "bigint":
      return typeof v === "string" && v.length <= 10 * DECIMAL_DIGITS_MAX && INTEGER.test(v);
    case "hex":
      return typeof v === "string" && HEX.test(v);
    case "again":
      return typeof v === "number" && seen[v] !== undefined;
    case "Date":
      return v === null || typeof v === "number";
    default:
      return true;
  }
}

const LENGTH_MAX = 2 ** 32 - 1;
const isLength = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LENGTH_MAX;

function raise(error: Error): never {
  throw error;
}
