// Four browsers' tabs and two processes send and handle over lines that fail in every way, while the server gets kill -9 every
// twenty seconds and devices die. Everything is recorded in this process, and judged at the end.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { connect } from "../../../src/index.js";
import { check, type HistoryEvent } from "../../checker/history.js";
import { duplicatedTable, markdownTable, messagesTable, recoveryTable, verdictOf } from "../../torture/report.js";
import { MAX_DELIVERIES, QUEUE } from "../names.js";
import { createRecorder, noteEnd, tellStories, until } from "../recorder.js";
import { folderFor, startServerProcess } from "../server-process.js";
import { createFleet, type Fleet, MEMBERS, type Member, servePages, WAITING_MAX } from "./fleet.js";

const MINUTES = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 0.5);
const MARKDOWN = process.env.ORIGINMQ_TORTURE_MARKDOWN;
const SERVER_LIFE_MS = 20_000;
const DRAIN_MS = 300_000;
const RESULTS = fileURLToPath(new URL("../../../test-results/torture-histories", import.meta.url));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T;

/** In turn, each on a device that is drawn. */
const FAULTS: Readonly<Record<string, (member: Member, fleet: Fleet) => unknown>> = {
  "line cut": ({ line }) => line.cut(),
  async "line stands still for a while"({ line }) {
    line.stall(pick([undefined, "up", "down"] as const));
    await sleep(3_000 * Math.random());
    line.mend();
  },
  "line gone, one end told": ({ line }) => line.vanish(pick(["client", "server"] as const)),
  "line gone, nobody told": ({ line }) => line.vanish("nobody"),
  "older bytes after a newer connection's": ({ line }) => line.overtake(300).catch(() => {}),
  async "line slow for a while"({ line }) {
    line.delay({ ms: 30, jitterMs: 300 });
    await sleep(3_000);
    line.mend();
  },
  "device killed": (member, fleet) => fleet.kill(member),
};

test(`nothing is lost in ${MINUTES} minutes of devices, lines and servers that fail`, async () => {
  const folder = folderFor("torture");
  const pages = await servePages();
  const server = await startServerProcess({ allowOrigins: [pages.origin] }, folder);
  const recorder = createRecorder();
  const { history } = recorder;
  const fleet = createFleet({ recorder, pages, serverUrl: server.url, folder });
  const counts: Record<string, number> = {};
  const recoveries: { fault: string; sentMs: number; deliveredMs: number }[] = [];
  const problems: string[] = [];
  let startedAt = 0;
  const passedMs = () => performance.now() - startedAt;
  const done = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
    const [sent, acked] = (["sent", "settled"] as const).map((type) => recorder.count(type));
    console.log(`    ${Math.round(passedMs() / 1_000)} s: ${what}; ${sent} sent, ${acked} acked`);
  };
  /** What buffers held of the host before tells nothing of the next one. */
  const first = (type: HistoryEvent["type"], place: number, epoch: number) =>
    history.slice(place).find((event) => event.type === type && (event.epoch ?? 0) > epoch)?.at;

  const killServer = async () => {
    await server.kill();
    const at = performance.now();
    const { epoch } = recorder;
    const place = history.length;
    await server.restart();
    const sentAt = () => first("sent", place, epoch);
    const deliveredAt = () => first("delivered", place, epoch);
    await until("messages are stored and handled again", () => Boolean(sentAt() && deliveredAt()));
    const msOf = (found: number | undefined) => Math.round((found ?? Number.NaN) - at);
    recoveries.push({
      fault: "server killed, and started again at once",
      sentMs: msOf(sentAt()),
      deliveredMs: msOf(deliveredAt()),
    });
    done("server killed");
  };

  const isOver = () => passedMs() >= MINUTES * 60_000;
  const breakLinesAndDevices = async () => {
    const names = Object.keys(FAULTS);
    for (let i = 0; i < names.length || !isOver(); i++) {
      await sleep(1_000);
      const name = names[i % names.length] as string;
      await FAULTS[name]?.(pick([...fleet.live]), fleet);
      await fleet.fill();
      done(name);
    }
  };
  const killServers = async () => {
    for (let at = startedAt + SERVER_LIFE_MS; !isOver(); at += SERVER_LIFE_MS) {
      await sleep(at - performance.now());
      await killServer();
    }
  };

  /** Past all lines that fail. */
  const openDirectly = async () => {
    const connection = await connect({ url: `${server.url}/mq/torture` });
    const options = { maxDeliveries: MAX_DELIVERIES, maxMessages: WAITING_MAX, overflow: "block" } as const;
    return { connection, queue: await connection.openQueue<string>(QUEUE, options) };
  };
  const drain = async () => {
    for (const { line } of fleet.live) line.mend();
    await Promise.all([...fleet.live].map((member) => member.evaluate((device) => device.stopProducing())));
    const { connection, queue } = await openDirectly();
    await until(
      "the queue is empty",
      async () => {
        const { ready, delayed, leased, blocked } = await queue.stats();
        return ready + delayed + leased + blocked === 0;
      },
      DRAIN_MS,
    );
    await Promise.all([...fleet.live].map((member) => member.evaluate((device) => device.stopConsuming())));
    await noteEnd(recorder, connection);
    await connection.close();
  };

  const { connection } = await openDirectly();
  await connection.close();
  await fleet.fill();
  startedAt = performance.now();
  for (const outcome of await Promise.allSettled([breakLinesAndDevices(), killServers()]))
    if (outcome.status === "rejected") problems.push(`faults ended early: ${outcome.reason}`);
  const seconds = Math.round(passedMs() / 1_000);
  await drain().catch((error) => problems.push(`the queue did not run empty: ${error}`));
  const report = check(history, { maxDeliveries: MAX_DELIVERIES, toleranceMs: 5 });
  problems.push(...report.problems);
  const refusals: Record<string, number> = {};
  for (const event of history) {
    if (event.type !== "send-failed" && event.type !== "send-unknown") continue;
    refusals[event.code ?? ""] = (refusals[event.code ?? ""] ?? 0) + 1;
  }
  const browsers = Object.entries(MEMBERS).flatMap(([kind, n]) =>
    kind === "Node process" || n === 0 ? [] : `${n} ${kind}`,
  );
  const page = `${[
    "# Torture of a server",
    `Four browsers (${browsers.join(", ")}) with a tab each and ${MEMBERS["Node process"]} processes of Node's send to one queue and handle what is in
it; of what they send at most ${WAITING_MAX} messages wait in the queue. Each has a line of its own to the server, which is
cut, stands still, is slow, ends for one side only or for none, or delivers what an older connection had under way after a
newer one has begun. The server, with SQLite and strict durability, gets \`kill -9\` every ${SERVER_LIFE_MS / 1_000} s; devices are killed and
replaced. Every twentieth handler takes 1.5 s, so that some always run. A process beside them records what they report,
and the history checker (\`test/checker\`) judges it.`,
    "Run it with `npm run torture:edge -- --minutes 10`; with `--markdown FILE` it writes this page to FILE. A run that is not\nvalid prints every event of the messages concerned, and writes its whole history to a file.",
    `${seconds} seconds of faults. ${verdictOf(problems)}`,
    ...[
      { title: "Faults", head: ["what", "times"], rows: Object.entries(counts) },
      messagesTable(report, refusals),
      duplicatedTable(report),
      recoveryTable(recoveries),
    ].map(markdownTable),
  ].join("\n\n")}\n`;
  console.log(page);
  if (problems.length > 0) {
    tellStories(history, report.concerned);
    await mkdir(RESULTS, { recursive: true });
    const file = join(RESULTS, `edge-${new Date().toISOString().replaceAll(":", "-")}.jsonl`);
    await writeFile(file, history.map((event) => `${JSON.stringify(event)}\n`).join(""));
    console.log(`The whole history: ${file}`);
  }
  if (MARKDOWN !== undefined) await writeFile(MARKDOWN, page);
  for (const member of [...fleet.live]) await member.kill();
  await server.close();
  pages.close();
  expect(problems).toEqual([]);
});
