// `npm run bench:encryption`: what encryption costs, paired with the same build without, in Chromium, against targets.
//
//   npm run bench:encryption -- [--rounds 7] [--work 30000] [--samples 200] [--only PATTERN] [--markdown FILE] [--check]
//                               [--before CHECKOUT] [--threads | --profile DIRECTORY]
//
// Every round measures each side of a pair, in turn. --only runs the cases whose name matches (batches, single, dense-batches, dense-single, latency, cold);
// --check fails when a target is missed; --before names a checkout of an earlier build, with its node_modules, which works in the
// same rounds; --threads prints which threads of the browser took how much processor time for batches and single sends,
// instead of measuring; --profile does that and writes CPU profiles of both tabs and the worker.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, preview } from "vite";
import { launchBrowser } from "../../test/launch-browser.mjs";
import { roundsOf, say } from "../command-line.mjs";
import { describeMachine, machineLine } from "../machine.mjs";
import { profileCases } from "../profile.mjs";
import { isMet } from "../ratios.mjs";
import { table } from "../report.mjs";
import { inTurn, median } from "../rounds.mjs";

/** @typedef {import("playwright").Page} Page */
/** @typedef {"plain" | "key" | "generate"} Way */

const CONFIG = fileURLToPath(new URL("./vite.config.ts", import.meta.url));

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    work: { type: "string", default: "30000" },
    samples: { type: "string", default: "200" },
    only: { type: "string", default: "" },
    markdown: { type: "string" },
    check: { type: "boolean", default: false },
    before: { type: "string" },
    threads: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});
const rounds = roundsOf(options.rounds);
const [work, samples] = [Number(options.work), Number(options.samples)];
const pattern = new RegExp(options.only);

const isProfiling = options.threads || options.profile !== undefined;
if (isProfiling && options.before) throw new Error("--before measures: leave --threads and --profile out");
if (options.profile) process.env.BENCH_PROFILE = "1";

/** @param {string} checkout whose source the page measures; "": the one that this file stands in */
async function serve(checkout) {
  process.env.BENCH_CHECKOUT = checkout;
  await build({ configFile: CONFIG, logLevel: "warn" });
  return preview({ configFile: CONFIG, logLevel: "warn", preview: { host: "localhost", port: 4183 } });
}

const server = await serve("");
const before = options.before === undefined ? undefined : await serve(resolve(options.before));
const address = server.resolvedUrls?.local[0] ?? "";

const newProfile = () => mkdtempSync(join(tmpdir(), "originmq-encryption-"));
const remove = (/** @type {string} */ profile) => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });

/** @param {import("playwright").BrowserContext} context @param {Way} way @param {string} [at] */
async function openPage(context, way, at = address) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`${at}?${way}`);
  await page.waitForFunction(() => globalThis.encrypting !== undefined);
  return page;
}

/** @type {{ what: string, value: number, target: number, isAtMost: boolean, note: string }[]} */
const figures = [];

/**
 * @param {string} what @param {Partial<Record<Way, number[]>>} measured round by round: lower is better @param {Way} way
 * @param {number} target @param {boolean} isAtMost what it takes, of what it takes without; otherwise what is done in a time
 * @param {string} unit
 */
function note(what, measured, way, target, isAtMost, unit) {
  const { plain = [], [way]: encrypted = [] } = measured;
  const ratios = plain
    .map((one, i) => (encrypted[i] ?? Number.NaN) / one)
    .map((ratio) => (isAtMost ? ratio : 1 / ratio));
  const shown = (/** @type {number[]} */ values) => `${median(values).toFixed(1)} ${unit}`;
  figures.push({ what, value: median(ratios), target, isAtMost, note: `${shown(encrypted)}, without ${shown(plain)}` });
}

/** @typedef {{ sender: Page, handler: Page }} Pair */
/** @param {import("playwright").BrowserContext} context @param {Way} way @param {string} [at] @returns {Promise<Pair>} */
const openPair = async (context, way, at) => ({
  sender: await openPage(context, way, at),
  handler: await openPage(context, way, at),
});

const BATCHES = { isBatched: true, how: "sendBatch of 1000, 4 in flight" };
const SINGLE = { isBatched: false, how: "send, 500 in flight" };
/** Dense: of bodies that no store makes smaller, as ciphertext is; orders differ in a few digits. */
const CASES = [
  { name: "batches", isDense: false, ...BATCHES },
  { name: "single", isDense: false, ...SINGLE },
  { name: "dense-batches", isDense: true, ...BATCHES },
  { name: "dense-single", isDense: true, ...SINGLE },
];
/** @param {Page} page @param {{ isBatched: boolean, isDense: boolean }} how */
const workIn = (page, { isBatched, isDense }) =>
  page.evaluate((how) => encrypting.work(how), { count: work, isBatched, isDense }).then((one) => one.us);

/** @param {import("playwright").BrowserContext} context */
async function profileWays(context) {
  for (const way of /** @type {const} */ (["plain", "key"])) {
    const { sender, handler } = await openPair(context, way);
    await handler.evaluate(() => encrypting.handle());
    const cases = CASES.filter(({ name }) => pattern.test(name)).map((one) => ({ id: `${way}-${one.name}`, ...one }));
    const tabs = { context, measuring: sender, helping: handler };
    const { profile: directory } = options;
    await profileCases(tabs, cases, { rounds, directory, run: (how) => workIn(sender, how) });
    await Promise.all([sender.close(), handler.close()]);
  }
}

/** @param {import("playwright").BrowserContext} context */
async function measureOpen(context) {
  /** @type {Record<string, Pair>} */
  const pages = { plain: await openPair(context, "plain"), key: await openPair(context, "key") };
  if (before) {
    const at = before.resolvedUrls?.local[0];
    pages["plain before"] = await openPair(context, "plain", at);
    pages["key before"] = await openPair(context, "key", at);
  }
  /** @param {(page: Page) => Promise<number>} measure */
  const each = (measure) =>
    Object.fromEntries(Object.entries(pages).map(([name, { sender }]) => [name, () => measure(sender)]));
  const turn = (/** @type {string} */ what, /** @type {(page: Page) => Promise<number>} */ measure) =>
    inTurn(what, each(measure), rounds);
  if (pattern.test("latency")) {
    const p50 = (/** @type {Page} */ page) =>
      page.evaluate((n) => encrypting.latency(n), samples).then((one) => one.p50);
    note("latency, p50, one tab", await turn("latency", p50), "key", 1.3, true, "ms");
  }
  for (const { handler } of Object.values(pages)) await handler.evaluate(() => encrypting.handle());
  for (const { name, how, ...work } of CASES) {
    if (!pattern.test(name)) continue;
    const measured = await turn(name, (page) => workIn(page, work));
    const of = work.isDense ? ", of bodies that do not compress" : "";
    note(`end to end, two tabs, ${how}${of}`, measured, "key", 0.7, false, "µs");
    if (!before) continue;
    const { "plain before": plain = [], "key before": key = [] } = measured;
    note(`the same, before`, { plain, key }, "key", 0.7, false, "µs");
  }
}

async function measureCold() {
  const profile = newProfile();
  /** @param {Way} way */
  const cold = (way) => async () => {
    const { context } = await launchBrowser("chromium", profile);
    const page = await openPage(context, way);
    const ms = await page.evaluate(() => encrypting.cold);
    await context.close();
    return ms;
  };
  const measured = await inTurn("cold", { plain: cold("plain"), key: cold("key"), generate: cold("generate") }, rounds);
  note("cold start, with a key", measured, "key", 1.3, true, "ms");
  note("cold start, with a key of this origin", measured, "generate", 1.3, true, "ms");
  remove(profile);
}

const profile = newProfile();
const { context, version } = await launchBrowser("chromium", profile);
try {
  const machine = describeMachine(version);
  if (isProfiling) await profileWays(context);
  else await measureOpen(context);
  await context.close();
  if (!isProfiling && pattern.test("cold")) await measureCold();
  say("");
  const title = `${machineLine(machine)}\nPaired with the same build unencrypted, medians of ${rounds} rounds`;
  const rows = figures.map((figure) => [
    figure.what,
    figure.value.toFixed(2),
    `${figure.isAtMost ? "≤" : "≥"} ${figure.target}`,
    isMet(figure, figure.target) ? "met" : "MISSED",
    figure.note,
  ]);
  const head = ["what", "of unencrypted", "target", "", "encrypted"];
  if (!isProfiling) console.log(`${title}\n\n${table(head, rows, "text")}`);
  if (options.markdown) writeFileSync(options.markdown, `${title}\n\n${table(head, rows, "markdown")}\n`);
  if (options.check && figures.some((figure) => !isMet(figure, figure.target))) process.exitCode = 1;
} finally {
  await context.close().catch(() => {});
  await server.close();
  await before?.close();
  remove(profile);
}
