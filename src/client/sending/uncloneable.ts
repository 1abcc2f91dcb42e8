// Says where in a body the value stands that cannot be cloned or stored. Only asked once something was refused.

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
  if (Array.isArray(value))
    return firstOf(
      value.map((item, i) => [`${path}[${i}]`, item] as const),
      seen,
    );
  if (value instanceof Map) {
    const entries = [...value].flatMap(([key, item], i) => [
      [`${path}.keys()[${i}]`, key] as const,
      [`${path}.get(${String(key)})`, item] as const,
    ]);
    return firstOf(entries, seen);
  }
  if (value instanceof Set)
    return firstOf(
      [...value].map((item, i) => [`${path}.values()[${i}]`, item] as const),
      seen,
    );
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (UNSTORABLE.includes(tag)) return { path, what: `a ${tag}` };
  if (STORABLE.test(tag)) return undefined;
  const isOwnClass = tag === "Object";
  if (!isOwnClass) return { path, what: `a ${tag}` };
  return firstOf(readable(value, path), seen);
}

/** Members of an object; one whose getter throws is what cannot be cloned. */
function readable(value: object, path: string): (readonly [string, unknown])[] {
  return Object.keys(value).map((key) => {
    const name = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
      ? `${path}.${key}`
      : `${path}[${JSON.stringify(key)}]`;
    try {
      return [name, Reflect.get(value, key)] as const;
    } catch {
      return [name, () => {}] as const;
    }
  });
}

function firstOf(entries: readonly (readonly [string, unknown])[], seen: Set<unknown>): Uncloneable | undefined {
  for (const [path, item] of entries) {
    const found = findUncloneable(item, path, seen);
    if (found) return found;
  }
  return undefined;
}
