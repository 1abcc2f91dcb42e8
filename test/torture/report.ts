// What a run says at its end: what happened, what the checker found, how long recovery took. As text for people and as
// data.

import type { Report } from "../checker/history.js";
import type { Recovery } from "./faults.js";
import type { HostChange } from "./fleet.js";

export interface Run {
  readonly minutes: number;
  readonly seconds: number;
  readonly browser: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly hostChanges: readonly HostChange[];
  readonly recoveries: readonly Recovery[];
  readonly refusals: Readonly<Record<string, number>>;
  readonly ackedOnFullDisk: number;
  readonly handledByServiceWorker: number;
  readonly report: Report;
  /** Of the run itself and of the checker. Empty when all is well. */
  readonly problems: readonly string[];
}

type Row = readonly (string | number)[];

const quantile = (sorted: readonly number[], part: number) =>
  Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN);

/** Times by fault: how many, and the median and longest in milliseconds of the next send and the next delivery. */
export function recoveryTimes(recoveries: readonly Recovery[]) {
  return [...new Set(recoveries.map(({ fault }) => fault))].map((fault) => {
    const own = recoveries.filter((one) => one.fault === fault);
    const times = (ms: (one: Recovery) => number) => own.map(ms).sort((a, b) => a - b);
    const sent = times(({ sentMs }) => sentMs);
    const delivered = times(({ deliveredMs }) => deliveredMs);
    return {
      fault,
      times: own.length,
      sentMs: { p50: quantile(sent, 0.5), max: quantile(sent, 1) },
      deliveredMs: { p50: quantile(delivered, 0.5), max: quantile(delivered, 1) },
    };
  });
}

/** Why a message was delivered again, in the words of the report. */
const CAUSES: readonly (readonly [cause: keyof Report["duplicated"], text: string])[] = [
  ["hand-over", "**planned hand-over** (must be 0)"],
  ["host-lost", "**killed host with living consumers** (must be 0)"],
  ["unexplained", "unexplained (must be 0)"],
  ["crash", "its consumer died"],
  ["suspend", "its consumer's page was put to sleep"],
  ["unsettled", "its settlement failed, and the handler was told"],
  ["lease-ended", "its lease ended, and the handler was told"],
  ["timeout", "its handler ran too long"],
  ["closed", "its consumer was stopped by force"],
];

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly Row[];
}

/** What must not have happened to any message. */
const brokenOf = (report: Report): Row[] => [
  ["**lost** (must be 0)", report.lost.length],
  ["**unexpected** (must be 0)", report.unexpected.length],
  ["**stored twice** (must be 0)", report.storedTwice.length],
  ["**stale settlements** (must be 0)", report.stale.length],
];
/** `rows`: what else there is to count. */
export const messagesTable = (report: Report, refusals: Run["refusals"], rows: readonly Row[] = []): Table => ({
  title: "Messages",
  head: ["what", "messages"],
  rows: [
    ["sends called", report.attempted],
    ["sent (resolved)", report.sent],
    ...Object.entries(refusals).map(([code, n]): Row => [`rejected with \`${code}\``, n]),
    ["arrived although nobody heard that they were sent", report.recovered],
    ["delivered", report.delivered],
    ["acked", report.acked],
    ...rows,
    ["dead letters", report.dead],
    ...brokenOf(report),
  ],
});
export const duplicatedTable = ({ duplicated }: Report): Table => ({
  title: "Delivered more than once, by cause",
  head: ["cause", "deliveries"],
  rows: CAUSES.map(([cause, text]) => [text, duplicated[cause]]),
});
export const recoveryTable = (recoveries: readonly Recovery[]): Table => ({
  title: "Recovery, in milliseconds from the fault",
  head: ["fault", "times", "next send p50", "max", "next delivery p50", "max"],
  rows: recoveryTimes(recoveries).map(({ fault, times, sentMs, deliveredMs }) => [
    ...[fault, times, sentMs.p50, sentMs.max, deliveredMs.p50, deliveredMs.max],
  ]),
});

function tables({ report, hostChanges, counts, refusals, ackedOnFullDisk, handledByServiceWorker, recoveries }: Run) {
  const changes = (planned: boolean) => hostChanges.filter(({ isPlanned }) => isPlanned === planned);
  const running = (planned: boolean) => changes(planned).reduce((sum, change) => sum + change.running, 0);
  const faults: Row[] = [
    ...Object.entries(counts),
    ["planned hand-overs", changes(true).length],
    ["handlers that ran through one", running(true)],
    ["other changes of hosts", changes(false).length],
    ["handlers that ran through one and lived", running(false)],
  ];
  return [
    { title: "Faults", head: ["what", "times"], rows: faults },
    messagesTable(report, refusals, [
      ["acked within a second after sends were refused for want of room", ackedOnFullDisk],
      ["handled by the service worker as host", handledByServiceWorker],
    ]),
    duplicatedTable(report),
    recoveryTable(recoveries),
  ];
}

const line = (cells: Row) => `| ${cells.join(" | ")} |`;

/** A table with its title, in Markdown. */
export const markdownTable = ({ title, head, rows }: Table): string =>
  [`## ${title}`, "", line(head), `|---|${"---:|".repeat(head.length - 1)}`, ...rows.map(line)].join("\n");

export const verdictOf = (problems: readonly string[]): string =>
  problems.length === 0
    ? "Valid: nothing was lost, nothing stale took effect, and every duplicate is explained."
    : `**Not valid**:\n\n${problems
        .slice(0, 50)
        .map((problem) => `- ${problem}`)
        .join("\n")}`;

export function markdownOf(run: Run): string {
  const parts = tables(run).map(markdownTable);
  return `${[
    "# Torture",
    `Tabs of one browser send and handle messages (strict durability) while they crash, sleep and are closed, hosts are
killed or hand over to better ones, the disk is full and the browser gets \`kill -9\`. Two tabs use the SharedWorker, two
host in workers of their own where there is none; a fifth with a newer build comes and goes. Every twentieth handler takes
1.5 s, so that some always run when the host changes. A process outside the browser records what the tabs report, and the
history checker (\`test/checker\`) judges it.`,
    "Run it with `npm run torture -- --minutes 10`; with `--markdown FILE` it writes this page to FILE, and the same as JSON\nbeside it. A run that is not valid prints every event of the messages concerned, with the commits that handed them out and\nsettled them, and writes its whole history to files. `npm test` runs the short form.",
    `${run.browser}, ${run.seconds} seconds of faults. ${verdictOf(run.problems)}`,
    ...parts,
  ].join("\n\n")}\n`;
}

export const jsonOf = (run: Run): string => {
  const { recoveries, ...rest } = run;
  return `${JSON.stringify({ ...rest, recoveryTimes: recoveryTimes(recoveries), recoveries }, null, 2)}\n`;
};
