// What one value may be, said as data, and whether it is so. What is not, and why, is for check.ts to tell.

import { DURATION_MS_MAX, SPAN_MS_MAX } from "./limits.js";

export interface NumberField {
  readonly kind: "number";
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  /** What is counted, for the error. */
  readonly unit?: "milliseconds" | undefined;
}
export interface TextField {
  readonly kind: "text";
  /** In UTF-16 code units, as `length` counts. */
  readonly min: number;
  readonly max: number;
}
export interface ChoiceField {
  readonly kind: "choice";
  readonly of: readonly string[];
}
export type Scalar = NumberField | TextField | ChoiceField | { readonly kind: "flag" } | { readonly kind: "anything" };

/** Whether the value is what the field says, of a field of one value. */
export function fits(field: Scalar, value: unknown): boolean {
  switch (field.kind) {
    case "number":
      return (
        typeof value === "number" &&
        value >= field.min &&
        value <= field.max &&
        (!field.isWhole || Number.isSafeInteger(value))
      );
    case "text":
      return typeof value === "string" && value.length >= field.min && value.length <= field.max;
    case "choice":
      return field.of.includes(value as string);
    case "flag":
      return typeof value === "boolean";
    default:
      return true;
  }
}

export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER): NumberField => ({
  kind: "number",
  min,
  max,
  isWhole: true,
});

/** Milliseconds that a timer counts. */
export const duration = (min = 0): NumberField => milliseconds(min, DURATION_MS_MAX);

/** Milliseconds between two instants. No timer counts them, so they may be many. */
export const span = (min = 0): NumberField => milliseconds(min, SPAN_MS_MAX);

const milliseconds = (min: number, max: number): NumberField => ({
  kind: "number",
  min,
  max,
  isWhole: false,
  unit: "milliseconds",
});

export const boolean: Scalar = { kind: "flag" };
export const anything: Scalar = { kind: "anything" };

export const oneOf = (...of: readonly string[]): ChoiceField => ({ kind: "choice", of });

export const string = (min: number, max: number): TextField => ({ kind: "text", min, max });
