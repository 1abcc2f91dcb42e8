// Load and faults on the way from queues to an engine, and what the history checker says of it: every message that was
// accepted has arrived once, groups in order, and what has no group in the order of its queue where that is promised.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Queue } from "../../../src/index.js";
import { serve } from "../../../src/server.js";
import { check, type HistoryEvent, type Report } from "../../checker/history.js";
import { startFaultyLine } from "../../edge/proxy.js";
import { commandOf } from "../../edge/server-process.js";
import { STREAMS, type StreamName } from "../streams.js";
import type { Arrived, Engine } from "./engine.js";

export const FAULTS = [
  "kill",
  "terminate",
  "bridge",
  "cut",
  "stall",
  "vanish",
  "pause",
  "fill",
  "revoke",
  "clock",
] as const;
export type Fault = (typeof FAULTS)[number];
/** Of these, those that an engine knows. */
export const faultsOf = (engine: Engine): Fault[] =>
  FAULTS.filter((fault) => (fault !== "fill" && fault !== "revoke") || engine[fault] !== undefined);

export interface TortureOptions {
  /** Closed in the end. */
  readonly engine: Engine;
  /** For scripts and what they write. */
  readonly folder: string;
  /** One after the other, again from the first after the last, until `forMs` is over. */
  readonly faults?: readonly Fault[];
  /** Default: each fault once. */
  readonly forMs?: number;
  readonly everyMs: number;
  /** Of each queue, ten are sent at a time, and so long nothing. The checker has to keep up. Default 10. */
  readonly restMs?: number;
  /** How long what stands still does so: longer than the 5 s in which nothing is answered, or shorter. */
  readonly stillMs: number;
  onFault?(fault: Fault, stored: number): void;
}

export interface Tortured {
  readonly reports: Readonly<Record<StreamName, Report>>;
  readonly faults: number;
  readonly stored: Readonly<Record<StreamName, number>>;
}

const GROUPS = 20;
const DRAIN_MS = 120_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function torture(options: TortureOptions): Promise<Tortured> {
  const {
    engine,
    faults = faultsOf(options.engine),
    everyMs,
    stillMs,
    restMs = 10,
    forMs = faults.length * everyMs,
  } = options;
  const line = await startFaultyLine(`ws://${engine.address}`);
  const host = await serve({ port: 0, memory: true, reconnectMs: 200 });
  const url = `${host.url}/mq/torture`;

  const startBridge = async () => {
    const [file = "", ...args] = commandOf("../bridge/bridge-child.ts", options.folder);
    const child = spawn(file, [...args, url, new URL(line.url).host, ...engine.target], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const exited = once(child, "exit").then(() => Promise.reject(new Error("the bridge's process has ended")));
    exited.catch(() => {});
    await Promise.race([once(child, "message"), exited]);
    return child;
  };
  let child = await startBridge();

  const connection = await connect({ url });
  const history: Record<StreamName, HistoryEvent[]> = { grouped: [], plain: [] };
  const queues = {} as Record<StreamName, Queue<string>>;
  for (const name of STREAMS) queues[name] = await connection.openQueue<string>(name);
  const producing = new AbortController();
  const produced = STREAMS.map((name) =>
    produce(name, queues[name], history[name], { restMs, signal: producing.signal }),
  );

  const bring: Record<Fault, () => Promise<unknown>> = {
    async kill() {
      await engine.kill("SIGKILL");
      await pause(200);
      await engine.start();
    },
    async terminate() {
      await engine.kill("SIGTERM");
      await engine.start();
    },
    async bridge() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      child = await startBridge();
    },
    cut: async () => line.cut(),
    async stall() {
      line.stall();
      await pause(stillMs);
      line.mend();
    },
    vanish: async () => line.vanish("server"),
    async pause() {
      engine.pause();
      await pause(stillMs);
      engine.resume();
    },
    async fill() {
      // Nothing arrives meanwhile: a limit below what is there would drop the oldest, also where the newest is refused.
      line.stall();
      await pause(200);
      const makeRoom = await engine.fill?.();
      line.mend();
      await pause(Math.min(stillMs, 2_000));
      await makeRoom?.();
    },
    revoke: async () => engine.revoke?.(Math.min(stillMs, 2_000)),
    async clock() {
      hoursAhead = hoursAhead > 0 ? -hoursAhead : 30;
      child.send(hoursAhead * 3_600_000);
    },
  };
  let hoursAhead = 0;
  // What has not begun cannot fail.
  while ((await engine.count()) === 0) await pause(50);
  const endsAt = performance.now() + forMs;
  let count = 0;
  while (performance.now() < endsAt) {
    const fault = faults[count++ % faults.length] as Fault;
    await pause(everyMs * (0.5 + Math.random() * 0.5));
    await bring[fault]();
    options.onFault?.(fault, await engine.count());
  }
  producing.abort();
  await Promise.all(produced);
  const deadline = performance.now() + DRAIN_MS;
  for (const queue of Object.values(queues)) {
    while (performance.now() < deadline) {
      const { ready, leased, blocked, delayed } = await queue.stats();
      if (ready + leased + blocked + delayed === 0) break;
      await pause(100);
    }
  }
  const reports = {} as Record<StreamName, Report>;
  const counts = {} as Record<StreamName, number>;
  for (const name of STREAMS) {
    const arrived = await engine.arrived(name);
    counts[name] = arrived.length;
    for (const dead of await queues[name].deadLetters.list()) {
      const { id, body, reason = "" } = dead;
      history[name].push({ type: "dead", at: performance.now(), body, id, reason });
    }
    reports[name] = judge(history[name], arrived, name === "plain" && engine.isOrdered);
  }
  child.kill("SIGKILL");
  await connection.close({ force: true });
  await host.close();
  await line.close();
  await engine.close();
  return { reports, faults: count, stored: counts };
}

/** What has arrived was delivered, and settled, in its order. */
export function judge(sent: readonly HistoryEvent[], arrived: readonly Arrived[], isOrdered: boolean): Report {
  const told = arrived.flatMap(({ body, id }, place): HistoryEvent[] => {
    const at = performance.now();
    const delivery = { at, consumer: "stream", body, id, attempt: 1, token: String(place) };
    return [
      { type: "delivered", ...delivery },
      { type: "settle", ...delivery, verdict: "ack" },
      { type: "settled", ...delivery, verdict: "ack" },
    ];
  });
  return check([...sent, ...told], { maxDeliveries: 1, isOrdered });
}

/** Sends until it is told to stop, ten at a time. */
async function produce(
  name: StreamName,
  queue: Queue<string>,
  history: HistoryEvent[],
  { restMs, signal }: { readonly restMs: number; readonly signal: AbortSignal },
) {
  const counters = new Map<string, number>();
  let turn = 0;
  while (!signal.aborted) {
    const sent = Array.from({ length: 10 }, async () => {
      const producer = name === "grouped" ? `g${turn++ % GROUPS}` : "plain";
      const counter = counters.get(producer) ?? 0;
      counters.set(producer, counter + 1);
      const body = `${producer}-${counter}`;
      const group = name === "grouped" && { groupId: producer };
      history.push({ type: "send", at: performance.now(), producer, body, ...group });
      const { id } = await queue.send(body, group || {});
      history.push({ type: "sent", at: performance.now(), body, id });
    });
    await Promise.all(sent);
    await pause(restMs);
  }
}
