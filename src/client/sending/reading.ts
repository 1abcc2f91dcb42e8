// Reads files before they are sent. A File is a reference to what lies on disk: if that changes before the commit,
// the browser aborts the whole transaction, other people's messages included. So each is read into memory first.

import { QueueError } from "../../core/spec/errors.js";
import { hasFile, isFile, isPlain } from "./files.js";
import type { Item } from "./item.js";

/** The same items with their files held in memory. */
export const withFilesRead = (items: readonly Item[]): Promise<readonly Item[]> => Promise.all(items.map(withFileRead));

export const withFileRead = async (item: Item): Promise<Item> =>
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
