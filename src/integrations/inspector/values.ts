// What a reader writes, read as what a queue takes: JSON, headers a line each, numbers. What is wrong is said in words.

import { textOf } from "../elements/text-of.js";

/** Characters of a body that somebody may write. */
const WRITTEN_MAX = 1_000_000;

/** A body as text that `parseBody` reads; `undefined` where it is more than JSON can say, or anybody would read. */
export function writeBody(body: unknown): string | undefined {
  if (textOf(body, WRITTEN_MAX).length === WRITTEN_MAX) return undefined;
  try {
    const text = JSON.stringify(body, undefined, 2);
    return text !== undefined && isSame(JSON.parse(text), body) ? text : undefined;
  } catch {
    return undefined;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [keysA, keysB] = [Object.keys(a), Object.keys(b)];
  return (
    keysA.length === keysB.length && keysA.every((key) => isSame(a[key as keyof typeof a], b[key as keyof typeof b]))
  );
}

export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`The body is no JSON: ${(cause as Error).message}`, { cause });
  }
}

const NAME_AS_IT_IS = /^[^\s":]([^\r\n:]*[^\s:])?$/;
const VALUE_AS_IT_IS = /^([^\s"]([^\r\n]*\S)?)?$/;
const written = (value: string) => (VALUE_AS_IT_IS.test(value) ? value : JSON.stringify(value));

export const HEADERS_HINT = "name: value; in quotes, as JSON has them, where they are of two lines";

/** One that reads otherwise as it is, as of two lines, stands in quotes, as JSON has it. */
export const writeHeaders = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${NAME_AS_IT_IS.test(name) ? name : JSON.stringify(name)}: ${written(value)}`)
    .join("\n");

const HEADER = /^("(?:[^"\\]|\\.)*"|[^:]+?)\s*:\s*(.*)$/s;

function read(part: string, line: string): string {
  if (!part.startsWith('"')) return part;
  try {
    return JSON.parse(part);
  } catch (cause) {
    throw new Error(`In the header “${line.trim()}” something in quotes is no JSON.`, { cause });
  }
}

export function parseHeaders(text: string): Record<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const [, name = "", value = ""] = HEADER.exec(line.trim()) ?? [];
    if (name === "") throw new Error(`The header “${line.trim()}” is not “name: value”.`);
    const one = read(name, line);
    if (headers.has(one)) throw new Error(`The header “${one}” is there twice.`);
    headers.set(one, read(value, line));
  }
  return Object.fromEntries(headers);
}

/** `undefined` where nothing was written. */
export function parseNumber(text: string | undefined, what: string): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${what} is no number: “${text}”.`);
  return number;
}
