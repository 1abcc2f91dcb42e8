// A value as text, near to JSON, for readers and for searches. Invariant: it ends, and soon, whatever it is given: a circle, an
// array of a hundred million holes, nests deeper than a stack.

import { bytes } from "./format.js";

const DEPTH_MAX = 64;
const PREVIEW_MAX = 120;

/** The first characters of it. What JSON cannot say stands by its kind. */
export function textOf(value: unknown, max: number): string {
  let text = "";
  /** Whether there is room for more. */
  const put = (part: string): boolean => {
    text += part;
    return text.length < max;
  };
  const quoted = (part: string) => put(JSON.stringify(part.slice(0, max)));
  const write = (value: unknown, depth: number): boolean => {
    if (typeof value === "string") return quoted(value);
    if (typeof value === "bigint") return put(`${value}n`);
    if (typeof value !== "object" || value === null) return put(String(value));
    const inside = insideOf(value);
    if (inside === undefined) return put(leafOf(value));
    if (depth === DEPTH_MAX) return put("…");
    const isList = Array.isArray(value) || value instanceof Set;
    let before = isList ? "[" : "{";
    for (const [name, one] of inside) {
      if (!put(before) || (!isList && !(quoted(name) && put(":"))) || !write(one, depth + 1)) return false;
      before = ",";
    }
    return put(`${before === "," ? "" : before}${isList ? "]" : "}"}`);
  };
  write(value, 0);
  return text.slice(0, max);
}

/** Its beginning, for a line; a text without its quotes. */
export function preview(body: unknown): string {
  const text = typeof body === "string" ? body : textOf(body, PREVIEW_MAX + 1);
  return text.length > PREVIEW_MAX ? `${text.slice(0, PREVIEW_MAX)}…` : text;
}

/** What it holds, one after the other; `undefined` where it holds nothing. */
function insideOf(value: object): Iterable<readonly [name: string, value: unknown]> | undefined {
  if (Array.isArray(value)) return numbered(value);
  if (value instanceof Set) return numbered([...value]);
  if (value instanceof Map) return named(value);
  return kindOf(value) === "Object" ? Object.entries(value) : undefined;
}

function* numbered(values: readonly unknown[]) {
  for (let i = 0; i < values.length; i++) yield [String(i), values[i]] as const;
}

function* named(values: ReadonlyMap<unknown, unknown>) {
  for (const [key, value] of values) yield [typeof key === "string" ? key : preview(key), value] as const;
}

const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

function leafOf(value: object): string {
  if (value instanceof Date) return `"${Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()}"`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Blob) {
    const words = [(value as Partial<File>).name, value.type, bytes(value.size)].filter(Boolean);
    return `‹${words.join(", ")}›`;
  }
  const size = value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? `, ${bytes(value.byteLength)}` : "";
  return `‹${kindOf(value)}${size}›`;
}
