// Says where in a body the value stands that cannot be cloned or stored. Only asked once something was refused.

import { kindOf } from "../../core/log/plain.js";

/** Classes that clone, or may, but that IndexedDB does not store. */
const UNSTORABLE = [
  "WebAssembly.Module",
  "VideoFrame",
  "AudioData",
  "SharedArrayBuffer",
  "MessagePort",
  "ImageBitmap",
  "OffscreenCanvas",
];
const STORABLE =
  /^(Date|RegExp|Blob|File|FileList|ArrayBuffer|DataView|(Big)?(Int|Uint|Float)\w*Array|Boolean|Number|String|CryptoKey|ImageData|DOM\w+|\w*Error)$/;

export interface Uncloneable {
  /** Such as `body.items[3].callback`. */
  readonly path: string;
  readonly what: string;
}

export function findUncloneable(value: unknown, path = "body", seen = new Set<unknown>()): Uncloneable | undefined {
  if (typeof value === "function") return { path, what: "a function" };
  if (typeof value === "symbol") return { path, what: "a symbol" };
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  try {
    return findInside(value, path, seen);
  } catch {
    return { path, what: "an object that cannot be read" };
  }
}

function findInside(value: object, path: string, seen: Set<unknown>): Uncloneable | undefined {
  switch (kindOf(value)) {
    case "map": {
      const entries = [...(value as Iterable<[unknown, unknown]>)].flatMap(([key, item], i) => [
        [`${path}.keys()[${i}]`, key] as const,
        [`${path}.get(${String(key)})`, item] as const,
      ]);
      return firstOf(entries, seen);
    }
    case "set": {
      const items = [...(value as Iterable<unknown>)].map((item, i) => [`${path}.values()[${i}]`, item] as const);
      return firstOf(items, seen);
    }
    case "array":
    case "object":
      return firstOf(readable(value, path), seen);
    case "other":
      return isStorable(value) ? undefined : { path, what: nameOf(value) };
  }
}

const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** What looks like one of those that can be stored may still refuse: a proxy of one, or what was transferred. */
function isStorable(value: object): boolean {
  const tag = tagOf(value);
  if (UNSTORABLE.includes(tag) || !STORABLE.test(tag)) return false;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** Its slots say what it is; where it has none it is a proxy of what its class says, or looks like one. */
function nameOf(value: object): string {
  const tag = tagOf(value);
  const made: unknown = Reflect.get(value, "constructor");
  const name = typeof made === "function" ? made.name : tag;
  return tag === "Object" || STORABLE.test(tag) ? `a proxy of a ${name}, or one that cannot be read` : `a ${tag}`;
}

/** Members of an object or array; one whose getter throws is what cannot be cloned. */
function readable(value: object, path: string): (readonly [string, unknown])[] {
  return Object.keys(value).map((key) => {
    const name = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
      ? `${path}.${key}`
      : `${path}[${Array.isArray(value) && INDEX.test(key) ? key : JSON.stringify(key)}]`;
    try {
      return [name, Reflect.get(value, key)] as const;
    } catch {
      return [name, () => {}] as const;
    }
  });
}

const INDEX = /^\d+$/;

function firstOf(entries: readonly (readonly [string, unknown])[], seen: Set<unknown>): Uncloneable | undefined {
  for (const [path, item] of entries) {
    const found = findUncloneable(item, path, seen);
    if (found) return found;
  }
  return undefined;
}
