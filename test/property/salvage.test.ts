// Any one record of a journal, or any two, are gone: what they held is lost and named, and everything else goes on.

import fc from "fast-check";
import { test } from "vitest";
import { damage, judgeEach, salvage, worldOf } from "./damage.js";
import { same } from "./expectations.js";
import { history, parameters } from "./steps.js";

test("any one record, or any two, cost what they held, and what is gone is named", async () => {
  const chosen = fc.array(damage, { minLength: 1, maxLength: 5 });
  await fc.assert(fc.asyncProperty(history, chosen, judgeEach), parameters(60));
});

test("a log of which nothing is missing is what it was", async () => {
  const property = fc.asyncProperty(history, async (turns) => {
    const { isNoticed, lost } = await salvage(await worldOf(turns), []);
    same([isNoticed, lost], [false, []], "what is missing");
  });
  await fc.assert(property, parameters(20));
});
