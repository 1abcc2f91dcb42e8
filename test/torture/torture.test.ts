// Tabs send and handle while tabs crash and sleep, hosts are killed or hand over, the service worker hosts, the disk is
// full and the browser gets kill -9. Everything is recorded in this process, and judged at the end.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { check } from "../checker/history.js";
import { ofType, untilIdle } from "../faults/lab.js";
import { createFaults, type FaultName } from "./faults.js";
import { createFleet, type Fleet, MAX_DELIVERIES, type Tab } from "./fleet.js";
import { jsonOf, markdownOf, type Run } from "./report.js";
import { storyOf } from "./story.js";

const MINUTES = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 0.5);
const MARKDOWN = process.env.ORIGINMQ_TORTURE_MARKDOWN;
/** A profile that is younger may lose what it stored when its browser is killed: the browser's fault, not ours. */
const SETTLED_MS = 40_000;
/** Between two kills of the browser, in long runs. */
const BROWSER_LIFE_MS = 60_000;
/** Narrows a long run to one fault, to find what that one does. */
const ONLY = process.env.ORIGINMQ_TORTURE_ONLY as FaultName | undefined;
/** In turn; each is done once at least. */
const USUAL: readonly FaultName[] =
  ONLY !== undefined
    ? [ONLY]
    : [
        "SharedWorker killed",
        "newer build took over",
        "tab crashed",
        "disk full",
        "SharedWorker took over from a tab's worker",
        "page in the back/forward cache",
        "service worker hosted",
      ];

const RESULTS = fileURLToPath(new URL("../../test-results/torture-histories", import.meta.url));
/** Messages whose events are printed. */
const STORIES_MAX = 20;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Stops sending, lets the queue run empty, and notes what the queue says of itself. */
async function drain({ live, history }: Fleet) {
  for (const { page } of live.values()) await page.evaluate(() => lab.stopProducing());
  const [{ page }] = [...live.values()] as [Tab];
  await untilIdle(page, 60_000);
  for (const tab of live.values()) await tab.page.evaluate(() => lab.stopConsuming());
  const { dead, stats } = await page.evaluate(async () => ({
    dead: await lab.queue.deadLetters.list({ max: 1_000 }),
    stats: await lab.queue.stats(),
  }));
  const at = performance.now();
  for (const { id, body, reason = "" } of dead) history.push({ type: "dead", at, id, body, reason });
  history.push({ type: "stats", at, ...stats, ...stats.totals, dead: stats.dead });
}

/** Every event of the messages that problems name, for whoever reads this; and all that happened, in files. */
async function keepStory({ history, commits }: Fleet, concerned: readonly string[]) {
  for (const body of concerned.slice(0, STORIES_MAX)) {
    console.log([`Message ${body}:`, ...storyOf(body, history, commits)].join("\n    "));
  }
  const folder = join(RESULTS, `history-${new Date().toISOString().replaceAll(":", "-")}`);
  await mkdir(folder, { recursive: true });
  const linesOf = (all: readonly unknown[]) => all.map((one) => `${JSON.stringify(one)}\n`).join("");
  await writeFile(join(folder, "history.jsonl"), linesOf(history));
  await writeFile(join(folder, "commits.jsonl"), linesOf(commits));
  console.log(`The whole history, and every commit: ${folder}`);
}

test(`nothing is lost and nothing stale takes effect in ${MINUTES} minutes of faults`, async () => {
  const profile = await mkdtemp(join(tmpdir(), "originmq-torture-"));
  const fleet = await createFleet(profile);
  const { recorded, history, site } = fleet;
  const torment = createFaults(fleet);
  const { faults, recoveries } = torment;
  const counts: Record<string, number> = {};
  const problems: string[] = [];
  const startedAt = performance.now();
  const passedMs = () => performance.now() - startedAt;
  const run = async (name: FaultName) => {
    const isDone = await faults[name]();
    const what = isDone === false ? `${name}: not kept by the browser` : name;
    counts[what] = (counts[what] ?? 0) + 1;
    await fleet.fill();
    const [sent, acked, refused] = (["sent", "acked", "refused"] as const).map((type) => ofType(recorded, type).length);
    const seconds = Math.round(passedMs() / 1_000);
    console.log(`    ${seconds} s: ${what}; ${sent} sent, ${acked} acked, ${refused} refused`);
  };

  try {
    await fleet.fill();
    let browserAt = performance.now();
    try {
      for (let i = 0; i < USUAL.length || passedMs() < MINUTES * 60_000; i++) {
        const isOld = ONLY === undefined && performance.now() - browserAt > BROWSER_LIFE_MS;
        if (isOld) browserAt = performance.now();
        await sleep(1_000);
        await run(isOld ? "browser killed" : USUAL[i % USUAL.length]!);
      }
      await sleep(Math.max(0, SETTLED_MS - passedMs()));
      await run("browser killed");
    } catch (error) {
      problems.push(`the run ended early: ${error}`);
    }
    const seconds = Math.round(passedMs() / 1_000);
    await drain(fleet).catch((error) => problems.push(`the queue did not run empty: ${error}`));
    fleet.countRunning();
    const report = check(history, { maxDeliveries: MAX_DELIVERIES });
    const refusals: Record<string, number> = {};
    for (const { code } of ofType(recorded, "refused")) refusals[code] = (refusals[code] ?? 0) + 1;
    const handledByServiceWorker = ofType(recorded, "settling").filter(({ tab }) =>
      fleet.serviceWorkers.has(tab),
    ).length;
    if (counts["service worker hosted"] && handledByServiceWorker === 0)
      problems.push("the service worker handled nothing while it hosted");
    const done: Run = {
      minutes: MINUTES,
      seconds,
      browser: `Chromium ${fleet.context.browser()?.version()}`,
      counts,
      hostChanges: fleet.hostChanges,
      recoveries,
      refusals,
      ackedOnFullDisk: torment.ackedOnFullDisk,
      handledByServiceWorker,
      report,
      problems: [...problems, ...report.problems],
    };
    console.log(markdownOf(done));
    if (done.problems.length > 0) await keepStory(fleet, report.concerned);
    if (MARKDOWN !== undefined) {
      await writeFile(MARKDOWN, markdownOf(done));
      await writeFile(`${MARKDOWN.replace(/\.md$/, "")}.json`, jsonOf(done));
    }
    expect(done.problems).toEqual([]);
  } finally {
    await fleet.context.close().catch(() => {});
    await site.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
