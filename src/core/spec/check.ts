// What a value from outside may be, said as data, and the one check that reads it. Invariant: nothing unknown or
// ill-typed is ignored in silence; the error names the option, what it got, and what it takes.

import { QueueError } from "./errors.js";
import { fits, type Scalar } from "./field.js";

export { anything, boolean, duration, fits, integer, type NumberField, oneOf, span, string } from "./field.js";

/** Throws `invalid-argument` unless the value is as it should be. `name` is how the caller knows the value. */
export type Check = (value: unknown, name: string) => void;

export interface ListField {
  readonly kind: "list";
  readonly of: Field;
  readonly min: number;
  readonly max: number;
}
export interface ObjectField {
  readonly kind: "object";
  readonly members: Spec;
  /** The others may be left out. */
  readonly required: readonly string[];
}
/** An object whose member `key` says which of them it is. */
export interface VariantField {
  readonly kind: "variant";
  readonly key: string;
  readonly of: Spec;
}
export interface NullableField {
  readonly kind: "nullable";
  readonly of: Field;
}

/** What a value may be. A function where data cannot say it. */
export type Field = Scalar | ListField | ObjectField | VariantField | NullableField | Check;

/** By the name of the member. */
export type Spec = Readonly<Record<string, Field>>;

/** Throws `invalid-argument`, naming `name`, unless the value is what the field says. */
export function check(field: Field, value: unknown, name: string): void {
  if (typeof field === "function") return field(value, name);
  switch (field.kind) {
    case "list":
      return checkList(field, value, name);
    case "object":
      return checkMembers(field, value, name);
    case "variant":
      return checkVariant(field, value, name);
    case "nullable":
      return value === null ? undefined : check(field.of, value, name);
    default:
      if (!fits(field, value)) invalid(name, value, takes(field));
  }
}

/** In words. */
function takes(field: Scalar): string {
  switch (field.kind) {
    case "number": {
      const what = field.isWhole ? "an integer" : `a number${field.unit ? ` of ${field.unit}` : ""}`;
      const { min, max } = field;
      return max >= Number.MAX_SAFE_INTEGER ? `${what} of at least ${min}` : `${what} from ${min} to ${max}`;
    }
    case "text":
      return `a string of ${field.min} to ${field.max} characters`;
    case "choice":
      return `one of ${field.of.map((one) => `"${one}"`).join(", ")}`;
    default:
      return "true or false";
  }
}

function checkList({ of, min, max }: ListField, value: unknown, name: string): void {
  if (!Array.isArray(value) || value.length < min || value.length > max) {
    return invalid(name, value, min === 0 ? `an array of at most ${max}` : `an array of ${min} to ${max}`);
  }
  const isScalar = typeof of === "object" && !["list", "object", "variant", "nullable"].includes(of.kind);
  value.forEach((item: unknown, i) => {
    // A name is made only for who may need it: there are a hundred thousand items at times.
    if (!isScalar || !fits(of as Scalar, item)) check(of, item, `${name}[${i}]`);
  });
}

function checkMembers({ members, required }: ObjectField, value: unknown, name: string): void {
  checkOptions(name, value, members);
  for (const member of required) {
    // One of a prototype is none, and one that is undefined is not looked at above.
    const isThere = value !== undefined && Object.hasOwn(value as object, member);
    if (!isThere || read(value as object, member, name) === undefined) invalid(`${name}.${member}`, undefined, "given");
  }
}

function checkVariant({ key, of }: VariantField, value: unknown, name: string): void {
  if (typeof value !== "object" || value === null) return invalid(name, value, "an object");
  const which = read(value, key, name);
  const field = typeof which === "string" && Object.hasOwn(of, which) ? of[which] : undefined;
  if (field === undefined) return invalid(`${name}.${key}`, which, `one of ${Object.keys(of).join(", ")}`);
  check(field, value, name);
}

/** Checks a bag of options: each must be in the spec, and as the spec says. `undefined` counts as left out. */
export function checkOptions(where: string, given: unknown, spec: Spec): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null || Array.isArray(given)) invalid(where, given, "an object");
  for (const name of Object.keys(given)) {
    const field = Object.hasOwn(spec, name) ? spec[name] : undefined;
    if (field === undefined) {
      const expected = Object.keys(spec);
      const message = `${where}: unknown option "${name}"; known are ${expected.join(", ")}`;
      throw new QueueError("invalid-argument", message, { detail: { name, expected } });
    }
    const value = read(given, name, where);
    if (value !== undefined) check(field, value, `${where}.${name}`);
  }
}

/** What a getter of the caller's throws is the caller's mistake. */
function read(given: object, name: string, where: string): unknown {
  try {
    return Reflect.get(given, name);
  } catch (cause) {
    return invalid(`${where}.${name}`, cause, "readable", { cause });
  }
}

export function invalid(name: string, value: unknown, expected: string, options?: ErrorOptions): never {
  throw new QueueError("invalid-argument", `${name} must be ${expected}, got ${show(value)}`, {
    ...options,
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

/** `null` says: none. */
export const nullOr = (of: Field): NullableField => ({ kind: "nullable", of });

export const arrayOf = (of: Field, max: number, min = 0): ListField => ({ kind: "list", of, min, max });

/** An object of these members, each of which may be left out. */
export const record = (members: Spec): ObjectField => ({ kind: "object", members, required: [] });

/** An object of these members, all of them but the optional ones. */
export const shape = (members: Spec, ...optional: readonly string[]): ObjectField => ({
  kind: "object",
  members,
  required: Object.keys(members).filter((member) => !optional.includes(member)),
});

export const variant = (key: string, of: Spec): VariantField => ({ kind: "variant", key, of });

export const aFunction: Check = (value, name) => {
  if (typeof value !== "function") invalid(name, value, "a function");
};

export const abortSignal: Check = (value, name) => {
  const isSignal = typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
  if (!isSignal) invalid(name, value, "an AbortSignal");
};
