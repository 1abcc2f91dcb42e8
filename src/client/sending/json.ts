// Which bodies travel as text. Text crosses threads and is stored several times as fast as the same data as objects,
// and only who sends it and who handles it take it apart.

/**
 * Objects looked at, and elements of one array: a larger body, a circular one, or one that holds an object many times over,
 * is cloned. Measured: from some ten thousand numbers on the clone is quicker.
 */
const OBJECTS_MAX = 1_000;
const ELEMENTS_MAX = 10_000;

/**
 * The body as JSON text, without line breaks, if it comes back from that as a structured clone would have it; else
 * `undefined`. But for one thing: an object that stands in two places comes back as two.
 */
export function jsonOf(body: unknown): string | undefined {
  try {
    return lookAt(body, OBJECTS_MAX) < 0 ? undefined : JSON.stringify(body);
  } catch {
    // A member that cannot be read: the clone fails as well, and there it is told which.
    return undefined;
  }
}

/** Stands behind each body in one text, which JSON writes as it is. A body may have it, too: then there are too many pieces. */
const BEHIND = "\u007f";

/** What `jsonOf` gives for each: made in one call where all are plain, which takes two thirds of the time. */
export function jsonOfEach(bodies: readonly unknown[]): (string | undefined)[] {
  try {
    const parts: unknown[] = [];
    // A page may have given all arrays a way to write themselves.
    if (!("toJSON" in parts) && bodies.every((body) => lookAt(body, OBJECTS_MAX) >= 0)) {
      for (const body of bodies) parts.push(body, BEHIND);
      // `[` or `",` before each, and `,"` behind it.
      const pieces = JSON.stringify(parts).split(BEHIND);
      if (pieces.length === bodies.length + 1) return bodies.map((_, i) => pieces[i]?.slice(i === 0 ? 1 : 2, -2));
    }
  } catch {
    // One by one it is told which.
  }
  return bodies.map(jsonOf);
}

/** How many objects may still be looked at after this one; negative if it is no plain JSON data. */
function lookAt(value: unknown, left: number): number {
  switch (typeof value) {
    case "string":
    case "boolean":
      return left;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? left : -1;
    case "object":
      if (value === null) return left;
      // JSON would write what that gives, and it need not be enumerable.
      if (left === 0 || typeof (value as { toJSON?: unknown }).toJSON === "function") return -1;
      return Array.isArray(value) ? lookAtArray(value, left - 1) : lookAtObject(value, left - 1);
    default:
      return -1;
  }
}

function lookAtArray(array: readonly unknown[], left: number): number {
  if (array.length > ELEMENTS_MAX) return -1;
  let rest = left;
  // A hole is undefined, which is no JSON.
  for (let i = 0; i < array.length && rest >= 0; i++) rest = lookAt(array[i], rest);
  if (rest < 0) return -1;
  // A clone keeps properties that an array has beside its elements, such as the `index` of a match; JSON does not.
  return Object.keys(array).length === array.length ? rest : -1;
}

function lookAtObject(object: object, left: number): number {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return -1;
  let rest = left;
  for (const key in object) {
    rest = lookAt((object as Record<string, unknown>)[key], rest);
    if (rest < 0) return -1;
  }
  return rest;
}
