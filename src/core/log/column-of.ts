// A column of bodies, made of them: see bodies.ts.

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
