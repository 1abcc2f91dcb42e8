// `npm run bench:encryption`: what encryption costs, paired with the same build without, in Chromium, against targets.
//
//   npm run bench:encryption -- [--rounds 7] [--work 30000] [--samples 200] [--only PATTERN] [--markdown FILE] [--check]
//
// Every round measures each side of a pair, in turn. --only runs the cases whose name matches (batches, single, latency, cold);
// --check fails when a target is missed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, preview } from "vite";
import { launchBrowser } from "../../test/launch-browser.mjs";
import { roundsOf, say } from "../command-line.mjs";
import { describeMachine, machineLine } from "../machine.mjs";
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
  },
});
const rounds = roundsOf(options.rounds);
const [work, samples] = [Number(options.work), Number(options.samples)];
const pattern = new RegExp(options.only);

await build({ configFile: CONFIG, logLevel: "warn" });
const server = await preview({ configFile: CONFIG, logLevel: "warn", preview: { host: "localhost", port: 4183 } });
const address = server.resolvedUrls?.local[0] ?? "";

const newProfile = () => mkdtempSync(join(tmpdir(), "originmq-encryption-"));
const remove = (/** @type {string} */ profile) => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });

/** @param {import("playwright").BrowserContext} context @param {Way} way */
async function openPage(context, way) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`${address}?${way}`);
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

/** @param {import("playwright").BrowserContext} context */
async function measureOpen(context) {
  const ways = /** @type {const} */ (["plain", "key"]);
  const pages = Object.fromEntries(
    await Promise.all(
      ways.map(async (way) => [way, { sender: await openPage(context, way), handler: await openPage(context, way) }]),
    ),
  );
  /** @param {(page: Page) => Promise<number>} measure */
  const each = (measure) => Object.fromEntries(ways.map((way) => [way, () => measure(pages[way].sender)]));
  const turn = (/** @type {string} */ what, /** @type {(page: Page) => Promise<number>} */ measure) =>
    inTurn(what, each(measure), rounds);
  if (pattern.test("latency")) {
    const p50 = (/** @type {Page} */ page) =>
      page.evaluate((n) => encrypting.latency(n), samples).then((one) => one.p50);
    note("latency, p50, one tab", await turn("latency", p50), "key", 1.3, true, "ms");
  }
  for (const { handler } of Object.values(pages)) await handler.evaluate(() => encrypting.handle());
  for (const [name, isBatched] of /** @type {const} */ ([
    ["batches", true],
    ["single", false],
  ])) {
    if (!pattern.test(name)) continue;
    const us = (/** @type {Page} */ page) =>
      page
        .evaluate(([count, isBatched]) => encrypting.work(count, isBatched), /** @type {const} */ ([work, isBatched]))
        .then((one) => one.us);
    const how = isBatched ? "sendBatch of 1000, 4 in flight" : "send, 500 in flight";
    note(`end to end, two tabs, ${how}`, await turn(name, us), "key", 0.7, false, "µs");
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
  await measureOpen(context);
  await context.close();
  if (pattern.test("cold")) await measureCold();
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
  console.log(`${title}\n\n${table(head, rows, "text")}`);
  if (options.markdown) writeFileSync(options.markdown, `${title}\n\n${table(head, rows, "markdown")}\n`);
  if (options.check && figures.some((figure) => !isMet(figure, figure.target))) process.exitCode = 1;
} finally {
  await context.close().catch(() => {});
  await server.close();
  remove(profile);
}
