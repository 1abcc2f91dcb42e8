// Bodies in the order of their messages, as they cross threads and lie in the store: values, or JSON texts, which
// nobody on the way opens. Invariant: a text has no line break of its own, so that texts can be joined as lines.

import { COLUMN_TEXT_MAX } from "../spec/limits.js";

/** Values, or, where each of them is plain JSON data, their texts, a line each. */
export type BodyColumn = readonly unknown[] | string;

/** "clone": a value. "json": the text of one. */
export type BodyEncoding = "clone" | "json";

export interface EncodedBody {
  readonly encoding: BodyEncoding;
  readonly body: unknown;
}

/** A column taken apart. */
export interface BodyList {
  readonly encoding: BodyEncoding;
  readonly entries: readonly unknown[];
}

export const listOf = (bodies: BodyColumn): BodyList =>
  typeof bodies === "string"
    ? { encoding: "json", entries: bodies.split("\n") }
    : { encoding: "clone", entries: bodies };

/** Texts that together are longer than a string may be go as the values they stand for. */
export function columnOf({ encoding, entries }: BodyList): BodyColumn {
  if (encoding !== "json") return entries;
  let length = entries.length;
  for (const text of entries as readonly string[]) length += text.length;
  return length <= COLUMN_TEXT_MAX ? entries.join("\n") : entries.map((body) => decodeBody({ encoding, body }));
}

/** `undefined` for a text that is no JSON: only a foreign client can have sent one. */
export function decodeBody({ encoding, body }: EncodedBody): unknown {
  if (encoding === "clone") return body;
  try {
    return JSON.parse(body as string);
  } catch {
    return undefined;
  }
}

export function valuesOf(bodies: BodyColumn): readonly unknown[] {
  const { encoding, entries } = listOf(bodies);
  return encoding === "clone" ? entries : entries.map((body) => decodeBody({ encoding, body }));
}

/** Bodies from here and there as one list: texts as long as all of them are. */
export function gather(bodies: readonly EncodedBody[]): BodyList {
  const isJson = bodies.length > 0 && bodies.every(({ encoding }) => encoding === "json");
  return isJson
    ? { encoding: "json", entries: bodies.map(({ body }) => body) }
    : { encoding: "clone", entries: bodies.map(decodeBody) };
}

/** Texts by name that travel beside a body. */
export type Headers = Readonly<Record<string, string>>;
/** One entry a message; missing when no message has any. */
export type HeadersColumn = readonly (Headers | undefined)[];
