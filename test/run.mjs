// `npm test`: every part of the tests in turn, then one line with the totals over all of them.

import { existsSync, readFileSync } from "node:fs";
import { ensureBrowser } from "./find-browser.mjs";
import { PARTS } from "./runner/parts.mjs";
import { hasTests, logOf, runPart } from "./runner/run-part.mjs";
import { NOTHING, sum, totalsLine } from "./runner/totals.mjs";

const HELP = `npm test                       all tests
npm test -- PART [PART…]       only these parts
npm test -- PART --all         also the parts that are called like it and run only when named: PART-…
npm test -- PART… WORD…        of these parts, only the test files whose path contains one of the words
npm test -- PART… -OPTION…     options go to the part's runner, e.g. -t "a title" (Vitest) or -g "a title" (Playwright)

Parts:
${PARTS.map(({ name, about, onDemand }) => `  ${name.padEnd(10)} ${about}${onDemand ? " (only when named)" : ""}`).join("\n")}

Environment:
  ORIGINMQ_CHROMIUM=PATH       the browser to test in; else Playwright's, else the system's Chrome or Chromium
  ORIGINMQ_FIREFOX=PATH        the Firefox to test in as well; else firefox-esr or firefox, where there is one
  ORIGINMQ_INSTALL_BROWSER=0   where there is none, fail instead of installing one
  ORIGINMQ_NATS_SERVER=PATH    the nats-server that bridges are tested with; else the system's, else Debian's is installed
  ORIGINMQ_MOSQUITTO=PATH      the same of mosquitto
  ORIGINMQ_KCAT=PATH           the same of kcat, with which test:forward has a cluster of Kafka's
  ORIGINMQ_INSTALL_BROKER=0    where there is none, fail instead of installing one

The last line is the totals of all parts: N passed, N failed[, N skipped]. The exit code is 0 only if none failed.
`;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await runTests(args);
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code
 */
async function runTests(args) {
  // What a part tries beyond this only when it is named: in-full-run.mjs.
  if (args.length === 0) process.env.ORIGINMQ_FULL_RUN = "1";
  const { parts, extra } = choose(args);
  if (parts.length === 0) {
    console.error(`"${extra[0]}" is no part of the tests. Parts: ${PARTS.map(({ name }) => name).join(", ")}.`);
    return 2;
  }
  /** @type {Awaited<ReturnType<typeof runOne>>[]} */
  const results = [];
  const summary = [];
  const start = (/** @type {import("./runner/parts.mjs").Part} */ part, isBeside = false) => {
    const startedAt = performance.now();
    return runOne(part, extra, { isNamed: args.length > 0, isBeside }).then((result) => {
      return { result, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
    });
  };
  const beside = new Map(
    parts.filter(({ isPatient }) => isPatient && parts.length > 1).map((part) => [part, start(part, true)]),
  );
  const patient = [...beside.keys()];
  for (const part of patient) console.log(`── ${part.name} runs beside the others; its output comes after theirs`);
  const shared = parts.filter((part) => !patient.includes(part) && !part.isAlone);
  const alone = parts.filter((part) => part.isAlone);
  for (const part of [...shared, ...patient, ...alone]) {
    console.log(`\n── ${part.name}: ${part.about}`);
    const running = beside.get(part) ?? start(part);
    for (const next of waitingAfter(part, shared)) beside.set(next, beside.get(next) ?? start(next, true));
    const { result, seconds } = await running;
    if (beside.has(part) && existsSync(logOf(part))) process.stdout.write(readFileSync(logOf(part)));
    results.push(result);
    summary.push(
      `${part.name.padEnd(10)} ${totalsLine(result)} (${seconds} s)${result.problem ? `: ${result.problem}` : ""}`,
    );
    if (process.exitCode === 130) return 130;
  }
  const totals = sum(results);
  for (const { title, why } of results.flatMap(({ failures = [] }) => failures)) console.log(`\n✗ ${title}\n${why}`);
  console.log(`\n${summary.join("\n")}\n\n${totalsLine(totals)}`);
  return totals.failed > 0 ? 1 : 0;
}

/**
 * Those that come right after a part and wait more than they work: all of them begin with it.
 * @param {import("./runner/parts.mjs").Part} part
 * @param {readonly import("./runner/parts.mjs").Part[]} parts
 */
function waitingAfter(part, parts) {
  if (!parts.includes(part)) return [];
  const after = parts.slice(parts.indexOf(part) + 1);
  const end = after.findIndex(({ isWaiting }) => !isWaiting);
  return end < 0 ? after : after.slice(0, end);
}

/**
 * The leading words that name parts choose them; the rest is for their runners.
 * @param {readonly string[]} args
 */
function choose(args) {
  const names = PARTS.map(({ name }) => name);
  const cut = args.findIndex((arg) => !names.includes(arg));
  const chosen = cut < 0 ? args : args.slice(0, cut);
  const extra = cut < 0 ? [] : args.slice(cut).filter((arg) => arg !== "--all");
  const all = args.length === 0;
  const isChosen = (/** @type {string} */ name) =>
    chosen.some((one) => name === one || (args.includes("--all") && name.startsWith(`${one}-`)));
  return { parts: PARTS.filter(({ name, onDemand }) => (all ? !onDemand : isChosen(name))), extra };
}

/**
 * @param {import("./runner/parts.mjs").Part} part
 * @param {readonly string[]} extra
 * @param {{ isNamed: boolean, isBeside: boolean }} how
 * @returns {ReturnType<typeof runPart>}
 */
async function runOne(part, extra, { isNamed, isBeside }) {
  if (!hasTests(part)) {
    const problem = "there are no test files";
    return part.expected || isNamed ? { ...NOTHING, failed: 1, problem } : { ...NOTHING, problem };
  }
  if (part.isInstalled && !part.isInstalled()) {
    const problem = "not run: this engine is not installed";
    return isNamed ? { ...NOTHING, failed: 1, problem } : { ...NOTHING, problem };
  }
  if (part.browser) {
    try {
      const { path, source } = ensureBrowser();
      console.log(`Browser (${source}): ${path}`);
      // So that every process of this run uses the same one.
      process.env.ORIGINMQ_CHROMIUM = path;
    } catch (error) {
      console.error(/** @type {Error} */ (error).message);
      return { ...NOTHING, failed: 1, problem: "no browser" };
    }
  }
  return runPart(part, isNamed ? extra : (part.inFullRun ?? []), { isBeside });
}
