// Says where in a body the value stands that cannot be cloned or stored. Only asked once something was refused.

import { type Clone, isCloneable, kindOf, STORABLE } from "./plain.js";

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

export interface Uncloneable {
  /** Such as `body.items[3].callback`. */
  readonly path: string;
  readonly what: string;
}

interface Looking {
  readonly clone: Clone;
  readonly seen: Set<unknown>;
}

/** `path`: what the value is called. `clone`: the platform's. `undefined` when nothing is found. */
export const findUncloneable = (value: unknown, path: string, clone: Clone): Uncloneable | undefined =>
  find(value, path, { clone, seen: new Set() });

function find(value: unknown, path: string, looking: Looking): Uncloneable | undefined {
  if (typeof value === "function") return { path, what: "a function" };
  if (typeof value === "symbol") return { path, what: "a symbol" };
  if (typeof value !== "object" || value === null || looking.seen.has(value)) return undefined;
  looking.seen.add(value);
  try {
    return findInside(value, path, looking);
  } catch {
    return { path, what: "an object that cannot be read" };
  }
}

function findInside(value: object, path: string, looking: Looking): Uncloneable | undefined {
  switch (kindOf(value)) {
    case "map": {
      const entries = [...(value as Iterable<[unknown, unknown]>)].flatMap(([key, item], i) => [
        [`${path}.keys()[${i}]`, key] as const,
        [`${path}.get(${String(key)})`, item] as const,
      ]);
      return firstOf(entries, looking);
    }
    case "set": {
      const items = [...(value as Iterable<unknown>)].map((item, i) => [`${path}.values()[${i}]`, item] as const);
      return firstOf(items, looking);
    }
    case "array":
    case "object":
      return firstOf(readable(value, path), looking);
    case "other":
      if (isStorable(value, looking.clone)) return undefined;
      return find(Reflect.get(value, "cause"), `${path}.cause`, looking) ?? { path, what: nameOf(value) };
  }
}

const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** What looks like one of those that can be stored may still refuse: a proxy of one, or what was transferred. */
function isStorable(value: object, clone: Clone): boolean {
  const tag = tagOf(value);
  return !UNSTORABLE.includes(tag) && STORABLE.test(tag) && isCloneable(value, clone);
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

function firstOf(entries: readonly (readonly [string, unknown])[], looking: Looking): Uncloneable | undefined {
  for (const [path, item] of entries) {
    const found = find(item, path, looking);
    if (found) return found;
  }
  return undefined;
}
