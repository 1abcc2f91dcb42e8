// Plain data out of whatever stands for it: the proxies, subclasses and accessors in which frameworks keep state.
// Invariant: the copy has the shape that a structured clone would have if it could read through a proxy; holes, cycles and
// what stands in two places stay. What is neither container nor plain object is passed on as it is.

/** What a value is to a person who reads it: proxies and look-alikes of containers are containers. */
export type Kind = "array" | "map" | "set" | "object" | "other";

const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** Throws where the value cannot even be asked: a proxy that was revoked. */
export function kindOf(value: object): Kind {
  if (Array.isArray(value)) return "array";
  const prototype: object | null = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  // The usual case first.
  if (isPlain && Reflect.get(value, Symbol.toStringTag) === undefined) return "object";
  if (ArrayBuffer.isView(value)) return "other";
  const tag = tagOf(value);
  if (value instanceof Map || (tag === "Map" && isIterable(value))) return "map";
  if (value instanceof Set || (tag === "Set" && isIterable(value))) return "set";
  // What else a plain object calls itself is its own affair: a bundler's module is one.
  if (isPlain) return "object";
  return (tag === "Object" || isOfApplication(value, tag)) && !isSlotted(prototype) ? "object" : "other";
}

/** What calls itself so is the platform's, whoever wrote it, and keeps what it is elsewhere than in its members. */
export const STORABLE =
  /^(Date|RegExp|Blob|File|FileList|ArrayBuffer|DataView|(Big)?(Int|Uint|Float)\w*Array|Boolean|Number|String|CryptoKey|ImageData|DOM\w+|\w*Error)$/;

/** What a class calls its instances is the application's affair, too, as long as they keep what they are in members. */
const isOfApplication = (value: object, tag: string): boolean => !STORABLE.test(tag) && Object.keys(value).length > 0;

/**
 * Whether its class, or one that it extends, is the platform's own: those keep what they are in slots, and a proxy of one
 * looks like an object but has nothing.
 */
function isSlotted(prototype: object | null): boolean {
  if (prototype === null) return false;
  const known = slottedByPrototype.get(prototype);
  if (known !== undefined) return known;
  const made: unknown = Object.hasOwn(prototype, "constructor") ? Reflect.get(prototype, "constructor") : undefined;
  const isOwn =
    typeof made === "function" && made.name !== "Object" && NATIVE.test(Function.prototype.toString.call(made));
  const found = isOwn || isSlotted(Object.getPrototypeOf(prototype));
  slottedByPrototype.set(prototype, found);
  return found;
}
const NATIVE = /\[native code\]/;
const slottedByPrototype = new WeakMap<object, boolean>();

const isIterable = (value: object): value is Iterable<unknown> =>
  typeof Reflect.get(value, Symbol.iterator) === "function";

/**
 * A body as it is now: its containers and plain objects are copied, what else stands in it is the same. What cannot be read,
 * a getter that throws, a proxy that was revoked, or lies too deep, stays as it is: it cannot be cloned either. `clone` is
 * the platform's, where it has one.
 */
export function snapshotOf(body: unknown, clone?: Clone): unknown {
  try {
    return copyOf(body, { seen: new Map(), clone });
  } catch {
    return body;
  }
}

/** `structuredClone`. */
export type Clone = <T>(value: T) => T;

interface Copying {
  readonly seen: Map<object, unknown>;
  readonly clone: Clone | undefined;
}

function copyOf(value: unknown, copying: Copying): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { seen, clone } = copying;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const meet = <C extends object>(copy: C): C => {
    seen.set(value, copy);
    return copy;
  };
  switch (kindOf(value)) {
    case "array": {
      const array = value as unknown[];
      if (isSparse(array)) return copyNamed(array, meet(new Array(array.length)), { from: 0, copying });
      const native = clone && array.length >= LONG ? cloneOfPrimitives(array, clone) : undefined;
      return native ? meet(native) : copyArray(array, meet(new Array(array.length)), copying);
    }
    case "map": {
      const map = meet(new Map());
      for (const [key, item] of value as Iterable<[unknown, unknown]>)
        map.set(copyOf(key, copying), copyOf(item, copying));
      return map;
    }
    case "set": {
      const set = meet(new Set());
      for (const item of value as Iterable<unknown>) set.add(copyOf(item, copying));
      return set;
    }
    case "object":
      return copyMembers(meet({ ...value } as Record<string, unknown>), copying);
    case "other":
      return tagOf(value) === "Error" ? copyError(value as Error, meet, copying) : value;
  }
}

/** An error is copied only where the platform could not, for what stands in its cause: some engines keep its stack to themselves. */
function copyError(error: Error, meet: (copy: Error) => Error, copying: Copying): Error {
  const { message, name, stack, cause } = error;
  if (!cause || isCloneable(error, copying.clone)) return error;
  return Object.assign(meet(new Error(message)), { name, stack, cause: copyOf(cause, copying) });
}

export function isCloneable(value: unknown, clone: Clone | undefined): boolean {
  try {
    return clone?.(value) !== undefined;
  } catch {
    return false;
  }
}

/** Asking a list of so many for the names of its members takes longer than all the rest. */
const LONG = 10_000;

const LOOKS = 64;

/**
 * Whether a long array is holes for the most part, by a look at some places: to visit each of 2³² − 1 takes minutes. Who has put
 * something wherever one looks is looked at twice as closely, so that it takes no longer than what is there.
 */
export function isSparse(array: readonly unknown[]): boolean {
  if (array.length < LONG) return false;
  for (let looks = LOOKS; looks * 16 < array.length; looks *= 2) {
    let holes = 0;
    for (let i = 0; i < looks; i++) if (!(Math.floor((array.length * i) / looks) in array)) holes++;
    if (holes * 2 > looks) return true;
  }
  return false;
}

/** `undefined` where there is an object in it, or it is a proxy. */
function cloneOfPrimitives(array: readonly unknown[], clone: Clone): unknown[] | undefined {
  if (array.some((item) => typeof item === "object" && item !== null)) return undefined;
  try {
    return clone(array as unknown[]);
  } catch {
    return undefined;
  }
}

function copyArray(array: readonly unknown[], copy: unknown[], copying: Copying): unknown[] {
  let holes = 0;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    if (item === undefined && !(i in array)) holes++;
    else copy[i] = typeof item === "object" ? copyOf(item, copying) : item;
  }
  // What an array has beside its elements, such as the `index` of a match.
  return copyNamed(array, copy, { from: array.length - holes, copying });
}

interface Named {
  readonly from: number;
  readonly copying: Copying;
}

/** Copies the members from the name at `from` on; those of elements are the first. */
function copyNamed(array: readonly unknown[], copy: unknown[], { from, copying }: Named): unknown[] {
  const names = Object.keys(array);
  for (let i = from; i < names.length; i++) {
    const name = names[i] as string;
    const value = copyOf(Reflect.get(array, name), copying);
    if (name !== "__proto__") Reflect.set(copy, name, value);
    // Set, it would become the prototype.
    else Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

/** The spread takes own enumerable members, a `__proto__` of its own too, as fast as the platform can. */
function copyMembers(members: Record<string, unknown>, copying: Copying): unknown {
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (typeof member === "object" && member !== null) members[name] = copyOf(member, copying);
  }
  return members;
}
