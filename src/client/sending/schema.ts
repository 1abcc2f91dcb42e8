// Bodies against a schema, on their way in. Stays in this context: a schema is code, the host never sees it.

import { type Check, invalid } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import type { Item } from "./item.js";

/** Any validator of the Standard Schema, version 1 (https://standardschema.dev): Zod, Valibot, ArkType and others. */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The validator's part, as the Standard Schema writes it down. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a body: the value it makes of it, or the issues it has with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema objects to. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where in the body; missing when it is the whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export const standardSchema: Check = (value, name) => {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  const standard: unknown = isObject ? Reflect.get(value as object, "~standard") : undefined;
  const isKnown =
    typeof standard === "object" &&
    standard !== null &&
    Reflect.get(standard, "version") === 1 &&
    typeof Reflect.get(standard, "validate") === "function";
  if (!isKnown) invalid(name, value, "a validator of the Standard Schema, version 1");
};

/** Tells of each item whether it fits: throws, or rejects where the schema is asynchronous. */
export function assertFits(schema: StandardSchema, items: readonly Item[]): Promise<void> | undefined {
  const pending: Promise<void>[] = [];
  items.forEach((item, index) => {
    const check = (result: SchemaResult<unknown>) => {
      if (!result.issues) return;
      const issues = result.issues.map(plainIssue);
      const where = items.length > 1 ? `message ${index}: ` : "";
      const detail = items.length > 1 ? { index, issues } : { issues };
      throw new QueueError("schema-mismatch", `${where}${textOfIssues(issues)}`, { detail });
    };
    const result = schema["~standard"].validate(item.body);
    if (result instanceof Promise) pending.push(result.then(check));
    else check(result);
  });
  return pending.length > 0 ? Promise.all(pending).then(() => {}) : undefined;
}

/** As data: validators put what they like into an issue. */
export const plainIssue = ({ message, path = [] }: SchemaIssue) => ({
  message,
  path: path.map((part) => (typeof part === "object" ? part.key : part)).map(String),
});

export const textOfIssues = (
  issues: readonly { readonly message: string; readonly path: readonly string[] }[],
): string =>
  `the body does not fit the schema: ${issues.map(({ message, path }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message)).join("; ")}`;
