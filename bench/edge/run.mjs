// `npm run bench:edge`: servers, Durable Objects and what people otherwise run, side by side in one run, against targets.
//
//   npm run bench:edge -- [--rounds 7] [--only PATTERN] [--markdown FILE] [--picture FILE] [--before CHECKOUT] [--check]
//
// --only runs the cases whose name matches; --picture draws the rows that have targets; --before runs those of OriginMQ of
// an earlier build, too, in the same rounds; --check fails when a target is missed. The first run installs what is compared
// with below bench/edge/peers. BullMQ takes part where there is a `redis-server`.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeWithSqlite } from "../../scripts/runtimes.mjs";
import { workerdPath } from "../../scripts/workerd.mjs";
import { roundsOf, say } from "../command-line.mjs";
import { describeMachine } from "../machine.mjs";
import { isMet } from "../ratios.mjs";
import { mediansOf } from "../rounds.mjs";
import { CASES } from "./cases.mjs";
import { openLab } from "./lab.mjs";
import { drawingOf, headsOf, tablesOf } from "./report.mjs";
import { bunPath, installPeers, versionOf, versionOfPeer } from "./runtimes.mjs";
import { rowsOf } from "./targets.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
/** What the last case left to do in the background is over by then. */
const PAUSE_MS = 500;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    only: { type: "string", default: "" },
    markdown: { type: "string" },
    picture: { type: "string" },
    before: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const rounds = roundsOf(options.rounds);
const pattern = new RegExp(options.only);
const chosen = CASES.filter(({ id, isOnDemand }) => pattern.test(id) && (!isOnDemand || options.only !== ""));
if (chosen.length === 0) throw new Error(`no case matches ${options.only}: ${CASES.map(({ id }) => id).join(", ")}`);

installPeers();
const missing = chosen.filter(({ needs }) => needs !== undefined && versionOf(needs) === undefined);
for (const { id, needs } of missing) console.log(`${id} is left out: there is no ${needs} on this machine`);
const cases = chosen.filter((one) => !missing.includes(one));
const machine = describeMachine(`Node ${versionOf(nodeWithSqlite())?.slice(1)}`);
const versions = [
  `Bun ${versionOf(bunPath())}`,
  `${versionOf(workerdPath())}`,
  versionOf("redis-server")?.replace(/^Redis server v=(\S+).*$/, "Redis $1") ?? "no Redis",
  ...["bullmq", "ioredis", "plainjob", "bunqueue"].map((name) => `${name} ${versionOfPeer(name)}`),
].join(", ");

const lab = await openLab();
const labBefore = options.before === undefined ? undefined : await openLab(resolve(options.before));
try {
  /** @returns {import("./cases.mjs").Values[]} */
  const none = () => [];
  const results = cases.map(({ id, label }) => ({ id, label, rounds: none(), before: none() }));
  // One round more comes before, to warm up.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { id, measure, isOwn }] of cases.entries()) {
      say(`${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}, case ${i + 1} of ${cases.length}: ${id}`);
      const turns = [{ lab, values: results[i]?.rounds }];
      if (labBefore && isOwn) turns.push({ lab: labBefore, values: results[i]?.before });
      for (const turn of round % 2 ? turns : turns.reverse()) {
        const values = await measure(turn.lab);
        if (round > 0) turn.values?.push(values);
        await sleep(PAUSE_MS);
      }
    }
  }
  say("");
  const measured = results.map((result) => ({ ...result, medians: mediansOf(result.rounds) }));
  const run = { machine, versions, rounds, results: measured, rows: rowsOf(measured) };
  console.log(`${headsOf(run).join("\n")}\n\n${tablesOf(run, "text").join("\n\n")}\n`);
  mkdirSync(RESULTS, { recursive: true });
  const file = `${RESULTS}edge-${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  console.log(`written to ${file}`);
  if (options.markdown)
    writeFileSync(options.markdown, `${[headsOf(run).join(". "), ...tablesOf(run, "markdown")].join("\n\n")}\n`);
  if (options.picture) writeFileSync(options.picture, drawingOf(run));
  const missed = run.rows.filter((row) => !isMet(row, row.target));
  if (options.check && missed.length > 0) {
    console.error(`missed: ${missed.map(({ what }) => what).join("; ")}`);
    process.exitCode = 1;
  }
} finally {
  await labBefore?.close();
  await lab.close();
}
