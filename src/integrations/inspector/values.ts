// What a reader writes, read as what a queue takes: JSON, headers a line each, numbers. What is wrong is said in words.

/** A body as text that `parseBody` reads; `undefined` where it is more than JSON can say. */
export function writeBody(body: unknown): string | undefined {
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

export const writeHeaders = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");

export function parseHeaders(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      if (colon <= 0) throw new Error(`The header “${line.trim()}” is not “name: value”.`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

/** `undefined` where nothing was written. */
export function parseNumber(text: string | undefined, what: string): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${what} is no number: “${text}”.`);
  return number;
}
