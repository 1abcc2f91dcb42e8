// Who works the lab's messages off: this page, which stays, and crash-test consumers, which can be killed.

import type { Consumer } from "../../src/index.js";
import type { Clock } from "../clock.js";
import { createHandler } from "./handler.js";
import type { LabQueues } from "./queues.js";
import type { Reports } from "./reports.js";
import type { ConsumerOrder } from "./words.js";

export const THIS_PAGE = "this page";
export const PREFETCH = 8;
const PAGE_HANDLERS = 2;
const START_MS_MAX = 15_000;

export interface Crew {
  /** This page takes messages, or gives back what it has not started and finishes the rest. */
  setPageActive(active: boolean): Promise<void>;
  /** Starts a crash-test consumer; resolves with its name once it consumes. */
  start(): Promise<string>;
  /** Ends it in the middle of whatever it does. */
  kill(name: string): void;
  wasKilled(name: string): boolean;
  /** Crash-test consumers that live. */
  readonly names: readonly string[];
}

export interface CrewParts {
  readonly queues: LabQueues;
  readonly reports: Reports;
  readonly clock: Clock;
  onChange(): void;
}

export function createCrew({ queues, reports, clock, onChange }: CrewParts): Crew {
  const workers = new Map<string, Worker>();
  const killed = new Set<string>();
  let started = 0;
  let own: Consumer[] = [];

  const kill = (name: string) => {
    const worker = workers.get(name);
    if (worker === undefined) return;
    worker.terminate();
    workers.delete(name);
    killed.add(name);
    onChange();
  };
  // It ended itself: what is left of it goes, too.
  reports.listen((report) => report.type === "dies" && kill(report.by));

  const handler = createHandler({
    by: THIS_PAGE,
    report: reports.tell,
    wait: clock.wait,
    die: () => {
      throw new Error("A page does not die of poison: it fails");
    },
  });

  return {
    async setPageActive(active) {
      if (active === own.length > 0) return;
      const old = own;
      own = active ? queues.all.map((queue) => queue.consume(handler, { concurrency: PAGE_HANDLERS })) : [];
      await Promise.all(old.map((consumer) => consumer.stop()));
    },
    async start() {
      const name = `crash-test consumer ${++started}`;
      const worker = new Worker(new URL("./consumer-worker.ts", import.meta.url), { type: "module", name });
      workers.set(name, worker);
      const opened = reports.next((report) => report.type === "open" && report.by === name, START_MS_MAX);
      const order: ConsumerOrder = {
        name,
        queue: queues.main.name,
        reports: reports.channel,
        prefetch: PREFETCH,
      };
      worker.postMessage(order);
      if ((await opened) === undefined) {
        kill(name);
        throw new Error(`${name} did not start`);
      }
      onChange();
      return name;
    },
    kill,
    wasKilled: (name) => killed.has(name),
    get names() {
      return [...workers.keys()];
    },
  };
}
