// Checks what comes from outside. Invariant: nothing unknown or ill-typed is ignored in silence; the error names the
// option, what it got, and what it takes.

import { QueueError } from "./errors.js";

/** Throws `invalid-argument` unless the value is as it should be. `name` is how the caller knows the value. */
export type Check = (value: unknown, name: string) => void;
export type Spec = Readonly<Record<string, Check>>;

export function invalid(name: string, value: unknown, expected: string): never {
  throw new QueueError("invalid-argument", `${name} must be ${expected}, got ${show(value)}`, {
    detail: { name, expected },
  });
}

/** A short picture of a value for an error message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return `${describeClass(value)}`;
  return String(value);
}

const describeClass = (value: object): string => {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object";
};

/** Checks a bag of options: each must be in the spec, and as the spec says. `undefined` counts as left out. */
export function checkOptions(where: string, given: unknown, spec: Spec): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null || Array.isArray(given)) invalid(where, given, "an object");
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(spec, name) ? spec[name] : undefined;
    if (check === undefined) {
      const known = Object.keys(spec).join(", ");
      const detail = { name, expected: Object.keys(spec) };
      throw new QueueError("invalid-argument", `${where}: unknown option "${name}"; known are ${known}`, { detail });
    }
    if (value !== undefined) check(value, `${where}.${name}`);
  }
}

export const integer =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Check =>
  (value, name) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      const limit =
        max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
      invalid(name, value, limit);
    }
  };

/** The longest time span: what fits a platform timer. */
export const DURATION_MS_MAX = 2 ** 31 - 1;

/** Milliseconds. */
export const duration =
  (min = 0): Check =>
  (value, name) => {
    if (typeof value !== "number" || !(value >= min && value <= DURATION_MS_MAX)) {
      invalid(name, value, `a number of milliseconds from ${min} to ${DURATION_MS_MAX}`);
    }
  };

/** `null` says: none. */
export const nullOr =
  (check: Check): Check =>
  (value, name) => {
    if (value !== null) check(value, name);
  };

export const boolean: Check = (value, name) => {
  if (typeof value !== "boolean") invalid(name, value, "true or false");
};

export const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, name) => {
    if (!allowed.includes(value as string))
      invalid(name, value, `one of ${allowed.map((one) => `"${one}"`).join(", ")}`);
  };

export const string =
  (min: number, max: number): Check =>
  (value, name) => {
    if (typeof value !== "string" || value.length < min || value.length > max) {
      invalid(name, value, `a string of ${min} to ${max} characters`);
    }
  };

export const arrayOf =
  (check: Check, max: number): Check =>
  (value, name) => {
    if (!Array.isArray(value) || value.length > max) return invalid(name, value, `an array of at most ${max}`);
    value.forEach((item, i) => {
      check(item, `${name}[${i}]`);
    });
  };

export const record =
  (spec: Spec): Check =>
  (value, name) =>
    checkOptions(name, value, spec);

export const aFunction: Check = (value, name) => {
  if (typeof value !== "function") invalid(name, value, "a function");
};

/** Strings by string keys. */
export const headers: Check = (value, name) => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return invalid(name, value, "an object of strings");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") invalid(`${name}.${key}`, text, "a string");
  }
};

export const abortSignal: Check = (value, name) => {
  const isSignal = typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
  if (!isSignal) invalid(name, value, "an AbortSignal");
};
