// Expectations cheap enough to be asked a million times: the test runner's own is called only to say what differs.

import { expect } from "vitest";

export function holds(condition: boolean, what: string): void {
  if (!condition) expect.fail(what);
}

/** Plain data, the same in every part and in the same order. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual, what).toEqual(expected);
}
