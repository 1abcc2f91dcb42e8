// Deliveries against a schema, on their way to whoever handles them.
// Invariant: one that does not fit never reaches a handler; it dies at once, since no attempt could end better.

import { REASON_MAX } from "../../core/spec/limits.js";
import { plainIssue, type SchemaResult, type StandardSchema, textOfIssues } from "../sending/schema.js";
import { failureOf } from "./failure.js";
import type { Holding } from "./holding.js";

/**
 * Lets a delivery through with the schema's output as its body, or gives it up. Answers whether it was let through; where
 * the schema throws, the attempt has failed.
 */
export type Admit = (holding: Holding<unknown>) => boolean | Promise<boolean>;

/** Lets through what both do, asked one after the other. */
export function bothOf(first: Admit | undefined, second: Admit | undefined): Admit | undefined {
  if (!first || !second) return first ?? second;
  return (holding) => {
    const next = (isAdmitted: boolean) => isAdmitted && !holding.isSettled && second(holding);
    const admitted = first(holding);
    return typeof admitted === "boolean" ? next(admitted) : admitted.then(next);
  };
}

export const createAdmission =
  (schema: StandardSchema): Admit =>
  (holding) => {
    const judge = (result: SchemaResult<unknown>): boolean => {
      if (!result.issues) {
        holding.replaceBody(result.value);
        return true;
      }
      const message = textOfIssues(result.issues.map(plainIssue)).slice(0, REASON_MAX);
      const failure = { name: "schema-mismatch", message };
      holding.settleThen({ type: "dead", reason: "schema-mismatch", failure }, () => {});
      return false;
    };
    const fail = (thrown: unknown): boolean => {
      holding.settleThen({ type: "retry", failure: failureOf(thrown) }, () => {});
      return false;
    };
    try {
      const result = schema["~standard"].validate(holding.body);
      return result instanceof Promise ? result.then(judge).catch(fail) : judge(result);
    } catch (thrown) {
      return fail(thrown);
    }
  };
