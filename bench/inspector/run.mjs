// `npm run bench:inspector`: what an inspector costs over a million messages, in Chromium, against targets.
//
//   npm run bench:inspector -- [--messages 1000000] [--rounds 7] [--work 150000] [--only PATTERN] [--markdown FILE] [--check]
//
// Every round measures each side of a pair, in turn. --messages and --work scale it, to try it out; --only runs the cases whose
// name matches (open, scroll, slows); --check fails when a target is missed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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

const CONFIG = fileURLToPath(new URL("./vite.config.ts", import.meta.url));
const SIZE = { width: 1280, height: 900 };
const SCROLL_MS = 2_000;
/** Until a page that was opened has settled. */
const PAUSE_MS = 300;

const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "7" },
    work: { type: "string", default: "150000" },
    only: { type: "string", default: "" },
    markdown: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const rounds = roundsOf(options.rounds);
const [messages, work] = [Number(options.messages), Number(options.work)];
const pattern = new RegExp(options.only);

await build({ configFile: CONFIG, logLevel: "warn" });
const server = await preview({ configFile: CONFIG, logLevel: "warn", preview: { host: "localhost", port: 4182 } });
const address = server.resolvedUrls?.local[0] ?? "";
const profile = mkdtempSync(join(tmpdir(), "originmq-inspector-"));
const { context, version } = await launchBrowser("chromium", profile);

/** @param {"queue" | "inspector" | "closed"} way */
async function openPage(way) {
  const page = await context.newPage();
  await page.setViewportSize(SIZE);
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`${address}?${way}`);
  return { page, ms: await page.evaluate(() => inspecting.ready) };
}

/** What the second costs more, or less, than the first, by the middle of what each round says. @param {number[]} a @param {number[]} b
 * @param {(a: number, b: number) => number} by */
const paired = (a, b, by) => median(a.map((one, i) => by(one, b[i] ?? Number.NaN)));

/** @type {{ what: string, value: number, unit: "ms" | "fps" | "%", target: number, isAtMost?: boolean, note: string }[]} */
const figures = [];
/** @param {number[]} values @param {number} [digits] */
const listed = (values, digits = 0) => values.map((value) => value.toFixed(digits)).join(" ");

/** @param {"queue" | "inspector"} way @param {boolean} isCold no other page keeps the host */
const opening = (way, isCold) => async () => {
  const keeper = isCold ? undefined : (await openPage("queue")).page;
  const { page, ms } = await openPage(way);
  await page.close();
  await keeper?.close();
  return ms;
};

/** @param {boolean} isCold */
async function measureOpening(isCold) {
  const words = isCold ? "with a host that begins" : "with a host that runs";
  const ways = { queue: opening("queue", isCold), inspector: opening("inspector", isCold) };
  const { queue, inspector } = await inTurn(`open ${words}`, ways, rounds);
  figures.push({
    what: `opens later than the queue, ${words}`,
    value: paired(queue, inspector, (a, b) => b - a),
    unit: "ms",
    target: 300,
    isAtMost: true,
    note: `queue ${median(queue).toFixed(0)}, inspector ${median(inspector).toFixed(0)}: ${listed(inspector)}`,
  });
}

async function measureScrolling() {
  const { page } = await openPage("inspector");
  /** @param {number | "all"} pixels */
  const fps = (pixels) => () =>
    page
      .evaluate(([ms, by]) => inspecting.scroll(ms, by), /** @type {const} */ ([SCROLL_MS, pixels]))
      .then((one) => one.fps);
  const measured = await inTurn("scroll", { still: fps(0), wheel: fps(100), "all of it": fps("all") }, rounds);
  for (const [way, what] of /** @type {const} */ ([
    ["wheel", "100 pixels a frame"],
    ["all of it", "from one end to the other in 2 s"],
  ]))
    figures.push({
      what: `frames a second while it scrolls, ${what}`,
      value: median(measured[way]),
      unit: "fps",
      target: 59,
      note: `standing still ${median(measured.still).toFixed(1)}; ${listed(measured[way], 1)}`,
    });
  await page.close();
}

async function measureSlowing() {
  const { page: worker } = await openPage("queue");
  const us = () => worker.evaluate((count) => inspecting.work(count), work).then((one) => one.us);
  /** @param {"queue" | "inspector" | "closed"} way */
  const beside = (way) => async () => {
    const { page } = await openPage(way);
    if (way === "inspector") await page.evaluate(() => inspecting.watch());
    await sleep(PAUSE_MS);
    const measured = await us();
    await page.close();
    return measured;
  };
  const ways = { none: beside("queue"), closed: beside("closed"), open: beside("inspector") };
  const measured = await inTurn("slows", ways, rounds);
  for (const [way, target] of /** @type {const} */ ([
    ["open", 5],
    ["closed", 2],
  ]))
    figures.push({
      what: `slows the queue while it is ${way}`,
      value: 100 * (paired(measured.none, measured[way], (a, b) => b / a) - 1),
      unit: "%",
      target,
      isAtMost: true,
      note: `µs a message: without ${median(measured.none).toFixed(2)}, with ${listed(measured[way], 2)}`,
    });
  await worker.close();
}

try {
  const machine = describeMachine(version);
  say(`${messages} messages are sent`);
  const { page } = await openPage("queue");
  await page.evaluate((count) => inspecting.fill(count), messages);
  await page.close();
  if (pattern.test("open")) {
    await measureOpening(false);
    await measureOpening(true);
  }
  if (pattern.test("scroll")) await measureScrolling();
  if (pattern.test("slows")) await measureSlowing();
  say("");
  const title = `${machineLine(machine)}\n${messages.toLocaleString("en")} messages, medians of ${rounds} rounds`;
  const rows = figures.map((figure) => [
    figure.what,
    `${figure.value.toFixed(1)} ${figure.unit}`,
    `${figure.isAtMost ? "≤" : "≥"} ${figure.target} ${figure.unit}`,
    isMet(figure, figure.target) ? "met" : "MISSED",
    figure.note,
  ]);
  const head = ["what", "measured", "target", "", "made of"];
  console.log(`${title}\n\n${table(head, rows, "text")}`);
  if (options.markdown) writeFileSync(options.markdown, `${title}\n\n${table(head, rows, "markdown")}\n`);
  if (options.check && figures.some((figure) => !isMet(figure, figure.target))) process.exitCode = 1;
} finally {
  await context.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
