// Values as JSON: what structured clone keeps and JSON does not is tagged, `{ "$": type, "v": … }`. Bytes and long texts go
// where the sink puts them. Invariants: what was written once is read by every later version; objects are numbered as they
// are met, parents first, so that one met again, in a cycle too, is written as its number; what cannot be carried is
// refused by name, never left out or changed.

import { AsciiLines } from "../core/log/columns.js";
import { kindOf } from "../core/log/plain.js";
import { DEPTH_MAX } from "../core/spec/limits.js";
import { CodecError } from "./codec-error.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Where bytes go, and what becomes of what cannot be carried. What it throws is a `CodecError`. */
export interface Sink {
  buffer(buffer: ArrayBuffer): Json;
  view(view: ArrayBufferView): Json;
  /** The bytes of a Blob, which only an asynchronous read gives: whoever encodes has them already. */
  blob(blob: Blob): Json;
  /** `undefined` leaves the text where it stands. */
  text(text: string | AsciiLines): Json | undefined;
  /** What is written in its place, if it does not throw. `cause`: what its getter or its class threw. */
  refuse(what: string, path: string, cause?: unknown): Json;
}

export const VIEWS: readonly string[] = [
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
  ...["Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "DataView"],
];

/** Those that come back as what they are; others come back as an Error with their name, as far as that is a string. */
export const ERRORS: readonly string[] = [
  ...["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError", "AggregateError"],
];

/** To read more decimal digits takes time that grows with their square. */
export const DECIMAL_DIGITS_MAX = 1_000;

interface Encoding {
  readonly sink: Sink;
  readonly seen: Map<object, number>;
  readonly path: (string | number)[];
}

export const encodeTagged = (value: unknown, sink: Sink): Json => encode(value, { sink, seen: new Map(), path: [] });

const tag = (type: string, v: Json): Json => ({ $: type, v });

function encode(value: unknown, encoding: Encoding): Json {
  switch (typeof value) {
    case "string":
      return encoding.sink.text(value) ?? value;
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return Object.is(value, -0) ? tag("number", "-0") : value;
      return tag("number", `${value}`);
    case "bigint":
      return encodeBigInt(value);
    case "undefined":
      return { $: "undefined" };
    case "object":
      if (value === null) return null;
      return value instanceof AsciiLines ? encodeLines(value, encoding) : encodeObject(value, encoding);
    default:
      return refuse(typeof value === "function" ? "function" : "symbol", encoding);
  }
}

/** They are a text, whoever reads them. */
const encodeLines = (lines: AsciiLines, { sink }: Encoding): Json => sink.text(lines) as Json;

function encodeBigInt(value: bigint): Json {
  const hex = value.toString(16);
  return hex.length > DECIMAL_DIGITS_MAX / 2 ? tag("hex", hex) : tag("bigint", `${value}`);
}

function encodeObject(value: object, encoding: Encoding): Json {
  const { seen } = encoding;
  const known = seen.get(value);
  if (known !== undefined) return tag("again", known);
  seen.set(value, seen.size);
  if (encoding.path.length > DEPTH_MAX) return refuse(`value nested more than ${DEPTH_MAX} deep`, encoding);
  let type = "proxy";
  try {
    const kind = kindOf(value);
    if (kind === "array") return encodeArray(value as unknown[], encoding);
    if (kind === "object") return encodeMembers(value as Record<string, unknown>, encoding);
    if (kind === "map")
      return tag("Map", encodeList([...(value as Iterable<[unknown, unknown]>)].flat(), encoding, 0.5));
    if (kind === "set") return tag("Set", encodeList([...(value as Iterable<unknown>)], encoding));
    type = Object.prototype.toString.call(value).slice(8, -1);
    return encodeSlotted(value, type, encoding) ?? refuse(type, encoding);
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    // What calls itself an object and is none of the plain ones is a proxy of something that keeps itself in slots.
    return refuse(`${type === "Object" ? "proxy" : type} that cannot be read`, encoding, cause);
  }
}

/** What its class keeps in slots; a proxy of one, or what was transferred, throws. */
function encodeSlotted(value: object, type: string, encoding: Encoding): Json | undefined {
  const { sink } = encoding;
  if (value instanceof Date) return tag("Date", Date.prototype.getTime.call(value));
  if (value instanceof RegExp) return tag("RegExp", [value.source, value.flags]);
  if (typeof DOMException !== "undefined" && value instanceof DOMException)
    return tag("DOMException", [value.message, value.name]);
  if (value instanceof Error) return encodeError(value, encoding);
  if (value instanceof ArrayBuffer) return isFixed(value) ? tag("ArrayBuffer", sink.buffer(value)) : undefined;
  if (ArrayBuffer.isView(value) && VIEWS.includes(type)) {
    if (!(value.buffer instanceof ArrayBuffer)) return refuse(`${type} on shared memory`, encoding);
    return isFixed(value.buffer) ? tag(type, sink.view(value)) : undefined;
  }
  if (typeof Blob !== "undefined" && value instanceof Blob) {
    const file = typeof File !== "undefined" && value instanceof File ? [value.name, value.lastModified] : [];
    return tag("Blob", [sink.blob(value), value.type, ...file]);
  }
  const boxed = BOXES[type]?.(value);
  return boxed === undefined ? undefined : tag("Boxed", encode(boxed, encoding));
}

const BOXES: Readonly<Record<string, (value: object) => unknown>> = {
  Number: (value) => Number.prototype.valueOf.call(value),
  String: (value) => String.prototype.valueOf.call(value),
  Boolean: (value) => Boolean.prototype.valueOf.call(value),
  BigInt: (value) => BigInt.prototype.valueOf.call(value),
};

/** Its length can neither change nor is it gone: what was transferred has none to be read. */
function isFixed(buffer: ArrayBuffer): boolean {
  new Uint8Array(buffer);
  return Reflect.get(buffer, "resizable") !== true;
}

function encodeError(error: Error, encoding: Encoding): Json {
  const members: Json[] = [];
  for (const name of ["cause", "errors"]) {
    if (Object.hasOwn(error, name)) members.push(name, encodeAt(name, Reflect.get(error, name), encoding));
  }
  const stack = typeof error.stack === "string" ? error.stack : null;
  return tag("Error", [String(error.name), String(error.message), stack, ...members]);
}

function encodeArray(array: readonly unknown[], encoding: Encoding): Json {
  if (isList(array)) return encodeList(array, encoding);
  // With holes, or members beside its elements, it is written by their names.
  const members: Json[] = [array.length];
  for (const [name, item] of Object.entries(array)) members.push(name, encodeAt(name, item, encoding));
  return tag("Array", members);
}

/** The names of elements come first: where the last one stands where it should, there is no hole, and nothing else. */
function isList(array: readonly unknown[]): boolean {
  const names = Object.keys(array);
  return names.length === array.length && (array.length === 0 || names[array.length - 1] === `${array.length - 1}`);
}

/** `scale`: of the position in the list, for the one in the path. */
function encodeList(items: readonly unknown[], encoding: Encoding, scale = 1): Json[] {
  const encoded = new Array<Json>(items.length);
  for (let i = 0; i < items.length; i++) encoded[i] = encodeAt(Math.floor(i * scale), items[i], encoding);
  return encoded;
}

function encodeMembers(value: Record<string, unknown>, encoding: Encoding): Json {
  if (Object.hasOwn(value, "$") || Object.hasOwn(value, "__proto__")) {
    const members: Json[] = [];
    for (const name of Object.keys(value)) members.push(name, encodeMember(value, name, encoding));
    return tag("Object", members);
  }
  const encoded: Record<string, Json> = {};
  for (const name of Object.keys(value)) encoded[name] = encodeMember(value, name, encoding);
  return encoded;
}

function encodeMember(value: Record<string, unknown>, name: string, encoding: Encoding): Json {
  encoding.path.push(name);
  let encoded: Json;
  try {
    encoded = encode(value[name], encoding);
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    encoded = refuse("member whose getter throws", encoding, cause);
  }
  encoding.path.pop();
  return encoded;
}

function encodeAt(name: string | number, value: unknown, encoding: Encoding): Json {
  encoding.path.push(name);
  const encoded = encode(value, encoding);
  encoding.path.pop();
  return encoded;
}

const refuse = (what: string, { sink, path }: Encoding, cause?: unknown): Json =>
  sink.refuse(what, pathOf(path), cause);

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function pathOf(path: readonly (string | number)[]): string {
  let text = "";
  for (const name of path) {
    if (typeof name === "string" && IDENTIFIER.test(name)) text += text === "" ? name : `.${name}`;
    else text += `[${typeof name === "number" || /^\d+$/.test(name) ? name : JSON.stringify(name)}]`;
  }
  return text;
}
