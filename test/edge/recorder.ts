// The history of one run, in this process, which outlives whatever dies; and its end, which the checker judges.

import { type Connection, type ConnectOptions, connect } from "../../src/index.js";
import { check, type HistoryEvent, type Report as Verdict } from "../checker/history.js";
import type { Report } from "../faults/page/lab.js";
import { eventOf } from "../torture/history.js";
import { storyOf } from "../torture/story.js";
import { createDevice, type Device } from "./device.js";
import { MAX_DELIVERIES, QUEUE } from "./names.js";

export interface Recorder {
  readonly history: HistoryEvent[];
  /** The highest epoch that anybody has met. */
  readonly epoch: number;
  count(type: HistoryEvent["type"]): number;
  /** A report of that device has arrived. */
  take(device: string, report: Report): void;
}

export function createRecorder(): Recorder {
  const history: HistoryEvent[] = [];
  const counts = new Map<string, number>();
  let newest = 0;
  const push = (event: HistoryEvent) => {
    history.push(event);
    counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
  };
  return {
    history,
    get epoch() {
      return newest;
    },
    count: (type) => counts.get(type) ?? 0,
    take(tab, report) {
      const at = performance.now();
      const { type, epoch } = report;
      // Whoever reports a higher epoch than all before it has met another host.
      if ((type === "sent" || type === "delivered") && epoch > newest) {
        if (newest > 0) push({ type: "host-lost", at });
        newest = epoch;
      }
      push(eventOf({ ...report, tab, at }));
    },
  };
}

/** Resolves once it is so. Rejects, saying what was waited for, after a time that no busy machine needs. */
export async function until(what: string, is: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A client in this process, its queue open. */
export async function joinAs(name: string, recorder: Recorder, options: ConnectOptions): Promise<Device> {
  const connection = await connect(options);
  const queue = await connection.openQueue<string>(QUEUE, { maxDeliveries: MAX_DELIVERIES });
  return createDevice(name, connection, queue, async (report) => recorder.take(name, report));
}

/** Reads what is left at the end: dead letters, and what the queue counted. */
export async function noteEnd({ history }: Recorder, connection: Connection): Promise<void> {
  const queue = await connection.openQueue<string>(QUEUE);
  const dead = await queue.deadLetters.list({ max: 1_000 });
  const stats = await queue.stats();
  const at = performance.now();
  for (const { id, body, reason = "" } of dead) history.push({ type: "dead", at, id, body, reason });
  history.push({ type: "stats", at, ...stats, ...stats.totals, dead: stats.dead });
}

/** Every event of the messages that a verdict names, for whoever reads the log. */
export function tellStories(history: readonly HistoryEvent[], concerned: readonly string[]): void {
  for (const body of concerned.slice(0, 20))
    console.log([`Message ${body}:`, ...storyOf(body, history, [])].join("\n    "));
}

/**
 * The devices stop sending, the queue runs empty, and the checker judges; throws what it found. `direct`: how the end is
 * read, past any proxy.
 */
export async function judge(recorder: Recorder, devices: readonly Device[], direct: ConnectOptions): Promise<Verdict> {
  await Promise.all(devices.map((device) => device.stopProducing()));
  const connection = await connect(direct);
  const queue = await connection.openQueue<string>(QUEUE);
  await until("the queue is empty", async () => {
    const { ready, delayed, leased, blocked } = await queue.stats();
    return ready + delayed + leased + blocked === 0;
  });
  await Promise.all(devices.map((device) => device.stopConsuming()));
  await noteEnd(recorder, connection);
  await Promise.all([...devices.map((device) => device.connection.close()), connection.close()]);
  return judgeHistory(recorder);
}

/** Throws what the checker finds, and tells what happened to each message that it names. */
export function judgeHistory({ history }: Pick<Recorder, "history">): Verdict {
  const verdict = check(history, { maxDeliveries: MAX_DELIVERIES, toleranceMs: 5 });
  tellStories(history, verdict.concerned);
  if (!verdict.isValid) throw new Error(`the history is not valid:\n${verdict.problems.join("\n")}`);
  return verdict;
}
