// The same for as many histories as are asked for: `npm run test:damage`, or so many: ORIGINMQ_DAMAGE_HISTORIES=1000.

import fc from "fast-check";
import { test } from "vitest";
import { damage, judgeEach } from "./damage.js";
import { history } from "./steps.js";

const HISTORIES = Number(process.env.ORIGINMQ_DAMAGE_HISTORIES ?? 100_000);
const FIRST_SEED = Number(process.env.ORIGINMQ_PROPERTY_SEED ?? 1);
const AT_ONCE = 500;

test(`${HISTORIES} histories, each with one record or two of its journal damaged`, async () => {
  const property = fc.asyncProperty(history, damage, (turns, one) => judgeEach(turns, [one]));
  for (let done = 0, seed = FIRST_SEED; done < HISTORIES; seed++) {
    const numRuns = Math.min(AT_ONCE, HISTORIES - done);
    await fc.assert(property, { seed, numRuns });
    done += numRuns;
    process.stdout.write(`${done} histories of ${HISTORIES}, seed ${seed}\n`);
  }
});
