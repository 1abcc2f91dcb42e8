// Bodies as JSON text and back: what structured clone keeps and JSON does not is tagged, `{ "$": type, "v": … }`.
// Invariant: what was written once is read by every later version. Objects are numbered as they are met, parents first,
// so that one met again, in a cycle too, is written as its number.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
interface Tagged {
  readonly $: string;
  readonly v?: unknown;
}

const TYPED_ARRAYS = [
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
  ...["Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "DataView"],
];

/** A value that can be stored but not written as text; its line is skipped on import. */
export class UnwritableError extends Error {
  override readonly name = "UnwritableError";
}

export async function encode(value: unknown, seen = new Map<object, number>()): Promise<Json> {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tag("number", Object.is(value, -0) ? "-0" : `${value}`);
    case "bigint":
      return tag("bigint", `${value}`);
    case "undefined":
      return { $: "undefined" };
    case "object":
      return value === null ? null : encodeObject(value, seen);
    default:
      return tag("unwritable", typeof value);
  }
}

const tag = (type: string, v: Json): Json => ({ $: type, v });

/** The names of elements come first: where the last one stands where it should, there is no hole, and nothing else. */
function isList(array: readonly unknown[]): boolean {
  const names = Object.keys(array);
  return names.length === array.length && (array.length === 0 || names[array.length - 1] === `${array.length - 1}`);
}

async function encodeObject(value: object, seen: Map<object, number>): Promise<Json> {
  const known = seen.get(value);
  if (known !== undefined) return tag("again", known);
  seen.set(value, seen.size);
  const each = async (items: Iterable<unknown>): Promise<Json[]> => {
    const encoded: Json[] = [];
    for (const item of items) encoded.push(await encode(item, seen));
    return encoded;
  };
  if (Array.isArray(value)) {
    // With holes, or members beside its elements, it is written by their names.
    return isList(value) ? each(value) : tag("Array", [value.length, ...(await each(Object.entries(value).flat()))]);
  }
  const type = Object.prototype.toString.call(value).slice(8, -1);
  if (value instanceof Date) return tag("Date", value.getTime());
  if (value instanceof RegExp) return tag("RegExp", [value.source, value.flags]);
  if (value instanceof Map) return tag("Map", await each([...value].flat()));
  if (value instanceof Set) return tag("Set", await each(value));
  if (value instanceof Error) return tag("Error", [value.name, value.message]);
  if (value instanceof ArrayBuffer) return tag("ArrayBuffer", toBase64(new Uint8Array(value)));
  if (ArrayBuffer.isView(value) && TYPED_ARRAYS.includes(type)) {
    return tag(type, toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)));
  }
  if (value instanceof Blob) {
    const file = typeof File !== "undefined" && value instanceof File ? [value.name, value.lastModified] : [];
    return tag("Blob", [toBase64(new Uint8Array(await value.arrayBuffer())), value.type, ...file]);
  }
  if (type !== "Object") return tag("unwritable", type);
  const entries = Object.entries(value);
  if (Object.hasOwn(value, "$") || Object.hasOwn(value, "__proto__")) return tag("Object", await each(entries.flat()));
  const encoded: Record<string, Json> = {};
  for (const [key, item] of entries) encoded[key] = await encode(item, seen);
  return encoded;
}

/** Throws an `UnwritableError` where the value could not be written, and a `TypeError` where the text is no such value. */
export function decode(json: unknown, seen: object[] = []): unknown {
  if (typeof json !== "object" || json === null) return json;
  const meet = <T extends object>(value: T): T => {
    seen.push(value);
    return value;
  };
  if (Array.isArray(json)) {
    const array = meet<unknown[]>([]);
    for (const item of json) array.push(decode(item, seen));
    return array;
  }
  if (Object.hasOwn(json, "$")) return decodeTagged(json as Tagged, seen, meet);
  const object = meet<Record<string, unknown>>({});
  for (const [key, item] of Object.entries(json)) object[key] = decode(item, seen);
  return object;
}

function decodeTagged({ $: type, v }: Tagged, seen: object[], meet: <T extends object>(value: T) => T): unknown {
  const list = Array.isArray(v) ? (v as unknown[]) : [];
  if (!isWritten(type, v, seen)) throw new TypeError(`this is no ${type}: ${JSON.stringify(v)}`);
  const pairs = function* (from = 0): Generator<[unknown, unknown]> {
    for (let i = from; i < list.length; i += 2) yield [decode(list[i], seen), decode(list[i + 1], seen)];
  };
  switch (type) {
    case "undefined":
      return undefined;
    case "number":
      return Number(v);
    case "bigint":
      return BigInt(v as string);
    case "again":
      return seen[v as number];
    case "Date":
      return meet(new Date(v === null ? Number.NaN : (v as number)));
    case "RegExp":
      return meet(new RegExp(list[0] as string, list[1] as string));
    case "Error":
      return meet(Object.assign(new Error(list[1] as string), { name: list[0] }));
    case "ArrayBuffer":
      return meet(fromBase64(v as string).buffer);
    case "Blob": {
      const [text, type, name, lastModified] = list as [string, string, string?, number?];
      const bytes = fromBase64(text);
      return meet(
        name === undefined
          ? new Blob([bytes], { type })
          : new File([bytes], name, { type, ...(lastModified !== undefined && { lastModified }) }),
      );
    }
    case "Map": {
      const map = meet(new Map());
      for (const [key, item] of pairs()) map.set(key, item);
      return map;
    }
    case "Set": {
      const set = meet(new Set());
      for (const item of list) set.add(decode(item, seen));
      return set;
    }
    case "Object":
      return define(meet({}), pairs());
    case "Array":
      return define(meet(new Array(list[0] as number)), pairs(1));
    case "unwritable":
      throw new UnwritableError(`a ${v} cannot be written as text`);
  }
  const View: unknown = TYPED_ARRAYS.includes(type) ? Reflect.get(globalThis, type) : undefined;
  if (typeof View !== "function") throw new TypeError(`there is no way to read a "${type}" here`);
  return meet(Reflect.construct(View, [fromBase64(v as string).buffer]) as object);
}

/** Defined, not assigned: a member named __proto__ must not become the prototype. */
function define(object: object, members: Iterable<[unknown, unknown]>): object {
  for (const [key, value] of members)
    Object.defineProperty(object, key as string, { value, enumerable: true, configurable: true, writable: true });
  return object;
}

const LISTS: Readonly<Record<string, (length: number) => boolean>> = {
  RegExp: (length) => length === 2,
  Error: (length) => length === 2,
  Blob: (length) => length >= 2,
  Map: (length) => length % 2 === 0,
  Object: (length) => length % 2 === 0,
  Set: () => true,
};

/** Whether `encode` could have written this: what it could not must not come back as something else. */
function isWritten(type: string, v: unknown, seen: readonly object[]): boolean {
  if (type === "Array") return Array.isArray(v) && v.length % 2 === 1 && isLength(v[0]);
  const isLong = LISTS[type];
  if (isLong) return Array.isArray(v) && isLong(v.length);
  switch (type) {
    case "number":
      return v === "NaN" || v === "Infinity" || v === "-Infinity" || v === "-0";
    case "bigint":
      return typeof v === "string" && /^-?\d+$/.test(v);
    case "again":
      return typeof v === "number" && seen[v] !== undefined;
    case "Date":
      return v === null || typeof v === "number";
    case "undefined":
      return true;
    default:
      return typeof v === "string";
  }
}

const LENGTH_MAX = 2 ** 32 - 1;
const isLength = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LENGTH_MAX;

/** Text is made of stretches of bytes: all of them at once are too many arguments. */
const CHUNK_BYTES = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES)
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK_BYTES));
  return btoa(text);
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
