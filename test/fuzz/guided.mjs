// `npm run fuzz -- [--minutes N | --messages N] [--target NAME] [--seed N] [--keep]`: hostile input made by what it reaches,
// over all targets, two at a time. Ten minutes unless it is said. A fault is told at once; the last line is the totals, of what
// ran until then where SIGINT or SIGTERM ends it. Exit code 0 only if all of it ran and nothing is wrong.
// `--keep` writes what reached most, as little as that can be, to test/fuzz/corpus.

import { constants } from "node:os";
import { parseArgs } from "node:util";
import { fuzzAll } from "./guided/all.mjs";
import { targetNames } from "./guided/run.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    messages: { type: "string" },
    target: { type: "string", multiple: true },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const { minutes = "10", messages } = values;
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const names = await targetNames();
const targets = values.target ?? names;
const unknown = targets.filter((name) => ![...names, "planted"].includes(name));
const isLong =
  Number(minutes) > 0 && (messages === undefined || (Number(messages) > 0 && values.minutes === undefined));
if (!isLong || !Number.isSafeInteger(seed) || unknown.length > 0) {
  console.error(
    `--minutes or --messages takes a number above 0, --seed a whole number, --target one of ${names.join(", ")}.`,
  );
  process.exit(2);
}
const stopping = new AbortController();
/** @type {NodeJS.Signals | undefined} */
let stoppedBy;
for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.once(name, () => {
    stoppedBy = name;
    stopping.abort();
  });
}
const amount = messages === undefined ? `${minutes} minutes` : `${messages} messages`;
console.log(`seed ${seed}: ${targets.join(", ")}, ${amount}`);
const startedAt = performance.now();
const ran = await fuzzAll({
  ...{ targets, seed, keeps: values.keep, signal: stopping.signal },
  ...(messages === undefined ? { ms: Number(minutes) * 60_000 } : { messages: Number(messages) }),
  onProgress: (line) => console.log(line),
  onFault: ({ target, text, file }) => console.error(`✗ ${target}: ${text}\n  kept in ${file}`),
});
const took = `${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`;
console.log(
  `${stoppedBy ? `ended by ${stoppedBy} ` : ""}after ${took}: ${ran.messages} messages in ${ran.inputs} inputs, ${ran.reached} characters of code reached, ${ran.faults.length} faults (seed ${seed})`,
);
process.exit(ran.faults.length > 0 ? 1 : stoppedBy ? 128 + constants.signals[stoppedBy] : 0);
