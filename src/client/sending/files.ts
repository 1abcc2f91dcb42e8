// Finds the files in what is sent, which are read first (reading.ts).

import type { Item } from "./item.js";

export const isFile = (value: unknown): value is File => typeof File !== "undefined" && value instanceof File;

export const isPlain = (value: object): value is Record<string, unknown> => {
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
