// Bodies in the order of their messages, as they cross threads and lie in the store: values, or JSON texts, which
// nobody on the way opens. Invariant: a text has no line break of its own, so that texts can be joined as lines.

import { type BodyColumn, type BodyList, decodeBody, type EncodedBody } from "./column-of.js";

export {
  type BodyColumn,
  type BodyEncoding,
  type BodyList,
  columnOf,
  decodeBody,
  type EncodedBody,
} from "./column-of.js";

export const listOf = (bodies: BodyColumn): BodyList =>
  typeof bodies === "string"
    ? { encoding: "json", entries: bodies.split("\n") }
    : { encoding: "clone", entries: bodies };

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
