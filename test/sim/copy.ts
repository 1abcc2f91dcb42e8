// What crosses between two contexts is copied. The general algorithm is slow, and nearly everything that crosses is plain.

/** As `structuredClone` does it. */
export function copyOf<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") return structuredClone(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(value)) fields[key] = copy((value as Record<string, unknown>)[key]);
  return fields;
}
