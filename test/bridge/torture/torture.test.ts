// Minutes of it, with a fault every 15 s: what stands still does so for longer than nats.js waits for an answer.

import { writeFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";
import { folderFor } from "../../edge/server-process.js";
import { markdownTable } from "../../torture/report.js";
import { FAULTS, type Fault, type Tortured, torture } from "./torture.js";

const minutes = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 10);
const MARKDOWN = process.env.ORIGINMQ_TORTURE_MARKDOWN;

/** What each is, for people. */
const WORDS: Readonly<Record<Fault, string>> = {
  kill: "server killed (SIGKILL)",
  terminate: "server ended (SIGTERM)",
  bridge: "the bridge's process killed",
  cut: "line cut",
  stall: "line stands still for 8 s",
  vanish: "line gone, and the bridge is not told",
  pause: "server stands still for 8 s",
  fill: "stream full for 2 s",
  revoke: "the bridge's account revoked for 2 s",
  clock: "the bridge's clock jumps, 30 hours ahead or behind",
};

function pageOf({ reports, stored }: Tortured, times: ReadonlyMap<Fault, number>, seconds: number): string {
  const names = Object.keys(reports) as (keyof typeof reports)[];
  const row = (what: string, of: (name: keyof typeof reports) => number) => [what, ...names.map(of)];
  const problems = Object.values(reports).flatMap((report) => report.problems);
  return `${[
    "# Torture of bridges",
    `Two queues on a server in memory, one with 20 groups and one without, get ten messages at a time. One process bridges each to a
JetStream stream of its own, on disk, over a line that fails. About every 11 s there is a fault. At the end the queues run empty, what
lies in the streams is read, and the history checker (\`test/checker\`) compares it with what was accepted: every message once, each
group in order, and what has no group in the order of its queue. The server is nats-server as it is installed.`,
    "Run it with `npm run torture:bridge -- --minutes 10`; with `--markdown FILE` it writes this page to FILE.",
    `${seconds} seconds. ${problems.length === 0 ? "Valid: nothing was lost, nothing is there twice, nothing is out of order." : `**Not valid:** ${problems.length} problems.`}`,
    ...[
      { title: "Faults", head: ["what", "times"], rows: FAULTS.map((fault) => [WORDS[fault], times.get(fault) ?? 0]) },
      {
        title: "Messages",
        head: ["what", ...names],
        rows: [
          row("accepted by the queue", (name) => reports[name].sent),
          row("in the stream", (name) => stored[name]),
          row("dead letters", (name) => reports[name].dead),
          row("problems (must be 0)", (name) => reports[name].problems.length),
        ],
      },
    ].map(markdownTable),
  ].join("\n\n")}\n`;
}

test(`${minutes} minutes: nothing is lost, and each message is in its stream once, in order`, async () => {
  const times = new Map<Fault, number>();
  const startedAt = performance.now();
  const done = await torture({
    binary: inject("brokers").natsServer,
    folder: folderFor("bridge-torture"),
    forMs: minutes * 60_000,
    everyMs: 15_000,
    stillMs: 8_000,
    restMs: 100,
    onFault(fault, count) {
      times.set(fault, (times.get(fault) ?? 0) + 1);
      console.log(`${fault}: ${count} stored`);
    },
  });
  const page = pageOf(done, times, Math.round((performance.now() - startedAt) / 1_000));
  console.log(page);
  if (MARKDOWN !== undefined) await writeFile(MARKDOWN, page);
  expect(Object.values(done.reports).flatMap(({ problems }) => problems)).toEqual([]);
  expect(Math.min(...Object.values(done.stored))).toBeGreaterThan(1_000);
});
