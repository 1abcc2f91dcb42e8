// Reads files before they are sent. A File is a reference to what lies on disk: if that changes before the commit,
// the browser aborts the whole transaction, other people's messages included. So each is read into memory first.

import { QueueError } from "../../core/spec/errors.js";
import type { Item } from "./item.js";

const isFile = (value: unknown): value is File => typeof File !== "undefined" && value instanceof File;

const isPlain = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Objects looked at before they are remembered: most bodies are smaller, and remembering costs more than looking. */
const OBJECTS_UNTRACKED = 256;

/** Whether a File is anywhere in the body. */
export function holdsFile(body: unknown): boolean {
  let left = OBJECTS_UNTRACKED;
  let seen: Set<object> | undefined;
  /** Whether the value is to be looked into: each object once, as soon as the body may be circular. */
  const isNew = (value: object): boolean => {
    if (seen === undefined) {
      if (left-- > 0) return true;
      seen = new Set();
    }
    if (seen.has(value)) return false;
    seen.add(value);
    return true;
  };
  const holds = (value: unknown): boolean => {
    if (typeof value !== "object" || value === null || !isNew(value)) return false;
    if (Array.isArray(value) || value instanceof Set) {
      for (const item of value) if (holds(item)) return true;
      return false;
    }
    if (isPlain(value)) {
      for (const key in value) if (holds(value[key])) return true;
      return false;
    }
    if (value instanceof Map) {
      for (const [key, item] of value) if (holds(key) || holds(item)) return true;
      return false;
    }
    return isFile(value);
  };
  return holds(body);
}

/** Whether a File is anywhere in the message. What cannot be read is not cloned either, and there it is told where. */
export function hasFile({ text, body }: Item): boolean {
  try {
    return text === undefined && holdsFile(body);
  } catch {
    return false;
  }
}

export const withFilesRead = async (item: Item): Promise<Item> =>
  hasFile(item) ? { ...item, body: await readFiles(item.body) } : item;

/** The same body with every File held in memory. Rejects with `not-cloneable` naming the file that cannot be read. */
export async function readFiles(value: unknown, path = "body", copies = new Map<object, unknown>()): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  const copied = copies.get(value);
  if (copied !== undefined) return copied;
  if (isFile(value)) {
    const copy = await readFile(value, path);
    copies.set(value, copy);
    return copy;
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    copies.set(value, copy);
    for (const [i, item] of value.entries()) copy.push(await readFiles(item, `${path}[${i}]`, copies));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    copies.set(value, copy);
    for (const [key, item] of value)
      copy.set(
        await readFiles(key, `${path}.keys()`, copies),
        await readFiles(item, `${path}.get(${String(key)})`, copies),
      );
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    copies.set(value, copy);
    for (const item of value) copy.add(await readFiles(item, `${path}.values()`, copies));
    return copy;
  }
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  copies.set(value, copy);
  for (const [key, item] of Object.entries(value)) copy[key] = await readFiles(item, `${path}.${key}`, copies);
  return copy;
}

async function readFile(file: File, path: string): Promise<File> {
  try {
    return new File([await file.arrayBuffer()], file.name, { type: file.type, lastModified: file.lastModified });
  } catch (cause) {
    const message = `${path}: the file "${file.name}" cannot be read, it changed or went away since it was chosen`;
    throw new QueueError("not-cloneable", message, { cause, detail: { path } });
  }
}
