// `npm run fuzz -- [--minutes N] [--target NAME] [--seed N] [--keep]`: hostile input made by what it reaches, over all
// targets, two at a time. Ten minutes unless it is said; the last line is the totals; exit code 0 only if nothing is wrong.
// `--keep` writes what reached most, as little as that can be, to test/fuzz/corpus.

import { parseArgs } from "node:util";
import { fuzzAll, targetNames } from "./guided/run.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    target: { type: "string", multiple: true },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const names = await targetNames();
const targets = values.target ?? names;
const unknown = targets.filter((name) => !names.includes(name));
if (!(minutes > 0) || !Number.isSafeInteger(seed) || unknown.length > 0) {
  console.error(`--minutes takes a number above 0, --seed a whole number, --target one of ${names.join(", ")}.`);
  process.exit(2);
}
console.log(`seed ${seed}: ${targets.join(", ")}, ${minutes} minutes`);
const { messages, inputs, reached, faults } = await fuzzAll({
  ...{ targets, seed, keeps: values.keep, ms: minutes * 60_000 },
  progress: (line) => console.log(line),
});
for (const { target, text, file } of faults) console.error(`✗ ${target}: ${text}\n  kept in ${file}`);
console.log(
  `${messages} messages in ${inputs} inputs, ${reached} characters of code reached, ${faults.length} faults (seed ${seed})`,
);
process.exit(faults.length > 0 ? 1 : 0);
