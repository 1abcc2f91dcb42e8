// Where the processor time of a case goes: CPU profiles of both tabs and of the worker that hosts the queue, and on
// Linux the time of every thread of the browser.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attachToWorkers } from "./workers.mjs";

const SAMPLE_US = 200;
const FUNCTIONS_SHOWN = 22;
/** Clock ticks of /proc a second: a constant of Linux on every platform Chromium runs on. */
const TICKS_A_SECOND = 100;

/**
 * @typedef {Pick<import("./browser.mjs").Tabs, "context" | "measuring" | "helping">} ProfiledTabs
 * @typedef {import("./workers.mjs").Session} Session
 * @typedef {{ callFrame: { functionName: string, url: string, lineNumber: number }, id: number }} ProfileNode
 * @typedef {{ nodes: ProfileNode[], samples: number[], timeDeltas: number[] }} Profile
 */

/**
 * @template {{ readonly id: string }} Info
 * @param {ProfiledTabs} tabs
 * @param {readonly Info[]} cases
 * @param {{ rounds: number, directory?: string | undefined, run: (info: Info) => Promise<unknown> }} options without a
 * directory: threads alone, undisturbed
 */
export async function profileCases(tabs, cases, { rounds, directory, run }) {
  if (directory) mkdirSync(directory, { recursive: true });
  for (const info of cases) {
    // To warm up, and so that the worker is there.
    for (let i = 0; i < 2; i++) await run(info);
    const browser = await tabs.context.browser()?.newBrowserCDPSession();
    if (browser === undefined) throw new Error("This version of Playwright does not give access to the browser.");
    const sessions = directory ? await sessionsOf(tabs, browser) : new Map();
    for (const session of sessions.values()) {
      await session.send("Profiler.enable");
      await session.send("Profiler.setSamplingInterval", { interval: SAMPLE_US });
      await session.send("Profiler.start");
    }
    const before = threadTimes(await processesOf(browser));
    const measured = [];
    for (let i = 0; i < rounds; i++) measured.push(await run(info));
    const after = threadTimes(await processesOf(browser));
    console.log(`\n═══ ${info.id}: ${JSON.stringify(measured)}`);
    printThreads(before, after);
    for (const [name, session] of sessions) {
      const { profile } = await session.send("Profiler.stop");
      writeFileSync(
        join(directory ?? "", `${info.id}-${name.replaceAll(/\W+/g, "-")}.cpuprofile`),
        JSON.stringify(profile),
      );
      printProfile(name, profile);
    }
    await sleep(200);
  }
}

/** @param {ProfiledTabs} tabs @param {import("playwright").CDPSession} browser */
async function sessionsOf(tabs, browser) {
  return new Map(
    /** @type {[string, Session][]} */ ([
      ["sending tab", await tabs.context.newCDPSession(tabs.measuring)],
      ["consuming tab", await tabs.context.newCDPSession(tabs.helping)],
      ...(await attachToWorkers(browser)).map(({ title, session }) => [`worker ${title}`, session]),
    ]),
  );
}

/** @param {import("playwright").CDPSession} browser */
async function processesOf(browser) {
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  return processInfo;
}

/**
 * Seconds of processor time by process and thread.
 * @param {readonly { type: string, id: number }[]} processes
 */
function threadTimes(processes) {
  /** @type {Map<string, number>} */
  const times = new Map();
  if (process.platform !== "linux") return times;
  for (const { type, id } of processes) {
    for (const thread of readdirSync(`/proc/${id}/task`)) {
      const stat = readIfThere(`/proc/${id}/task/${thread}/stat`);
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      // Fields 14 and 15, counted from after the name, which is field 2: user and system time.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const key = `${type} ${id} / ${name}`;
      const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
      times.set(key, (times.get(key) ?? 0) + ticks / TICKS_A_SECOND);
    }
  }
  return times;
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The thread has ended meanwhile.
    return "() ";
  }
}

/** @param {Map<string, number>} before @param {Map<string, number>} after */
function printThreads(before, after) {
  const spent = [...after].map(([key, seconds]) => /** @type {const} */ ([key, seconds - (before.get(key) ?? 0)]));
  const total = spent.reduce((sum, [, seconds]) => sum + seconds, 0);
  console.log(`\nprocessor time by thread, ${total.toFixed(2)} s in all`);
  for (const [key, seconds] of spent.sort((a, b) => b[1] - a[1])) {
    if (seconds >= total / 100) console.log(`  ${percent(seconds / total)}  ${seconds.toFixed(2)} s  ${key}`);
  }
}

/** @param {string} name @param {Profile} profile */
function printProfile(name, { nodes, samples, timeDeltas }) {
  const nodesById = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Map<string, number>} */
  const selfMs = new Map();
  samples.forEach((id, i) => {
    const frame = nodesById.get(id)?.callFrame;
    const key = `${frame?.functionName || "(anonymous)"}  ${frame?.url.replace(/^.*\//, "")}:${(frame?.lineNumber ?? 0) + 1}`;
    selfMs.set(key, (selfMs.get(key) ?? 0) + (timeDeltas[i] ?? 0) / 1_000);
  });
  const busy = [...selfMs].filter(([key]) => !key.startsWith("(idle)"));
  const total = busy.reduce((sum, [, ms]) => sum + ms, 0);
  console.log(`\n${name}: busy ${total.toFixed(0)} ms, self time`);
  for (const [key, ms] of busy.sort((a, b) => b[1] - a[1]).slice(0, FUNCTIONS_SHOWN)) {
    console.log(`  ${percent(ms / total)}  ${ms.toFixed(0).padStart(5)} ms  ${key}`);
  }
}

/** @param {number} part */
const percent = (part) => `${(100 * part).toFixed(1).padStart(5)} %`;
