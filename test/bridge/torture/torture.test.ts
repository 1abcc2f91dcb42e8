// Minutes of it, with a fault every 15 s: what stands still does so for longer than a client waits for an answer.

import { appendFile, rm } from "node:fs/promises";
import { beforeAll, expect, inject, test } from "vitest";
import { folderFor } from "../../edge/server-process.js";
import { markdownTable } from "../../torture/report.js";
import type { Engine } from "./engine.js";
import { startJetStream } from "./jetstream.js";
import { startMqtt } from "./mqtt.js";
import { type Fault, faultsOf, type Tortured, torture } from "./torture.js";

const minutes = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 10);
const { ORIGINMQ_TORTURE_MARKDOWN: MARKDOWN, ORIGINMQ_TORTURE_ONLY: ONLY } = process.env;
const { natsServer, mosquitto } = inject("brokers");

/** Each engine, where messages arrive there, and what it is. */
const ENGINES: [name: string, start: () => Promise<Engine>, where: string, what: string][] = [
  [
    "jetstream",
    () => startJetStream(natsServer),
    "a JetStream stream of its own, on disk,",
    "what lies in the streams is read, and the history checker (`test/checker`) compares it with what was accepted: every message once, each\ngroup in order, and what has no group in the order of its queue. The server is nats-server as it is installed.",
  ],
  [
    "mqtt",
    () => startMqtt(mosquitto, true),
    "a topic of an MQTT broker with persistence, whose subscriber confirms by id,",
    "what the subscriber got, each id once, is compared by the history checker (`test/checker`) with what was accepted: every message once, and\neach group in order. The broker is mosquitto as it is installed.",
  ],
];

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

interface About {
  readonly where: string;
  readonly what: string;
  readonly faults: readonly Fault[];
  readonly times: ReadonlyMap<Fault, number>;
  readonly seconds: number;
}

function pageOf({ reports, stored }: Tortured, { where, what, faults, times, seconds }: About): string {
  const names = Object.keys(reports) as (keyof typeof reports)[];
  const row = (title: string, of: (name: keyof typeof reports) => number) => [title, ...names.map(of)];
  const problems = Object.values(reports).flatMap((report) => report.problems);
  return `${[
    "# Torture of bridges",
    `Two queues on a server in memory, one with 20 groups and one without, get ten messages at a time. One process bridges each to
${where} over a line that fails. About every 11 s there is a fault. At the end the queues run empty,
${what}`,
    "Run it with `npm run torture:bridge -- --minutes 10`; with `--markdown FILE` it writes this page to FILE.",
    `${seconds} seconds. ${problems.length === 0 ? "Valid: nothing was lost, nothing is there twice, nothing is out of order." : `**Not valid:** ${problems.length} problems.`}`,
    ...[
      { title: "Faults", head: ["what", "times"], rows: faults.map((fault) => [WORDS[fault], times.get(fault) ?? 0]) },
      {
        title: "Messages",
        head: ["what", ...names],
        rows: [
          row("accepted by the queue", (name) => reports[name].sent),
          row("arrived", (name) => stored[name]),
          row("dead letters", (name) => reports[name].dead),
          row("problems (must be 0)", (name) => reports[name].problems.length),
        ],
      },
    ].map(markdownTable),
  ].join("\n\n")}\n`;
}

beforeAll(async () => {
  if (MARKDOWN !== undefined) await rm(MARKDOWN, { force: true });
});

test.each(ENGINES.filter(([name]) => ONLY === undefined || ONLY === name))(
  `%s, ${minutes} minutes: nothing is lost, and each message has arrived once, in order`,
  async (_, start, where, what) => {
    const engine = await start();
    const times = new Map<Fault, number>();
    const startedAt = performance.now();
    const done = await torture({
      engine,
      folder: folderFor("bridge-torture"),
      forMs: minutes * 60_000,
      everyMs: 15_000,
      stillMs: 8_000,
      restMs: 100,
      onFault(fault, count) {
        times.set(fault, (times.get(fault) ?? 0) + 1);
        console.log(`${fault}: ${count} arrived`);
      },
    });
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const page = pageOf(done, { where, what, faults: faultsOf(engine), times, seconds });
    console.log(page);
    if (MARKDOWN !== undefined) await appendFile(MARKDOWN, page);
    expect(Object.values(done.reports).flatMap(({ problems }) => problems)).toEqual([]);
    expect(Math.min(...Object.values(done.stored))).toBeGreaterThan(1_000);
  },
);
