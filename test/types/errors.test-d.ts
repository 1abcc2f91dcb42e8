import { expectTypeOf, test } from "vitest";
import type { QueueErrorCode } from "../../src/core/spec/errors.js";

test("an error's code is one of a closed list", () => {
  expectTypeOf<"full">().toExtend<QueueErrorCode>();
  // @ts-expect-error no such code
  const code: QueueErrorCode = "queue-is-full";
  expectTypeOf(code).toEqualTypeOf<QueueErrorCode>();
});
