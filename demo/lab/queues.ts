// The lab's queues, this tab's own, so that neither the rest of the demo nor another tab's lab is in the way.

import type { Connection, Queue, QueueOptions } from "../../src/index.js";
import type { LabBody } from "./words.js";

export const HANDLER_MS_MAX = 1_000;
export const ENDLESS_DELIVERIES = 2;
export const POISON_DELIVERIES = 3;
const LOOK_MAX = 1_000;

export interface LabQueues {
  readonly main: Queue<LabBody>;
  /** Its handlers have only so long. */
  readonly impatient: Queue<LabBody>;
  readonly all: readonly Queue<LabBody>[];
  counts(): Promise<{ readonly ready: number; readonly leased: number; readonly dead: number }>;
  /** Numbers of this run's messages that wait, are in work, or are dead; `undefined` when there are too many to look. */
  numbers(run: string): Promise<ReadonlySet<number> | undefined>;
  deadNumbers(run: string): Promise<ReadonlySet<number>>;
  /** Deletes what waits and what is dead. */
  purge(): Promise<void>;
  /** Stores the settings once more: they went with the database. */
  configure(): Promise<void>;
}

const SETTINGS: Readonly<Record<"main" | "impatient", QueueOptions>> = {
  main: { maxDeliveries: POISON_DELIVERIES, backoff: { type: "fixed", baseMs: 300, jitter: "none" } },
  impatient: {
    maxDeliveries: ENDLESS_DELIVERIES,
    handlerTimeoutMs: HANDLER_MS_MAX,
    backoff: { type: "fixed", baseMs: 300, jitter: "none" },
  },
};

export async function openLabQueues(connection: Connection, tab: string): Promise<LabQueues> {
  const openMain = () => connection.openQueue<LabBody>(`crash-lab:${tab}`, SETTINGS.main);
  const openImpatient = () => connection.openQueue<LabBody>(`crash-lab-impatient:${tab}`, SETTINGS.impatient);
  const main = await openMain();
  const impatient = await openImpatient();
  const all = [main, impatient];

  const numbersOf = (run: string, views: readonly { readonly body: LabBody }[]) =>
    views.filter(({ body }) => body.run === run).map(({ body }) => body.number);
  const deadNumbers = async (run: string) => {
    const dead = await Promise.all(all.map((queue) => queue.deadLetters.list({ max: LOOK_MAX })));
    return new Set(numbersOf(run, dead.flat()));
  };

  return {
    main,
    impatient,
    all,
    async counts() {
      const stats = await Promise.all(all.map((queue) => queue.stats()));
      const sum = (count: (one: (typeof stats)[number]) => number) => stats.reduce((n, one) => n + count(one), 0);
      return {
        ready: sum(({ ready, delayed }) => ready + delayed),
        leased: sum(({ leased }) => leased),
        dead: sum(({ dead }) => dead),
      };
    },
    async numbers(run) {
      // What dies between the two looks is in the first.
      const waiting = await Promise.all(all.map((queue) => queue.peek({ max: LOOK_MAX })));
      if (waiting.some((views) => views.length === LOOK_MAX)) return undefined;
      return new Set([...numbersOf(run, waiting.flat()), ...(await deadNumbers(run))]);
    },
    deadNumbers,
    async purge() {
      for (const queue of all) {
        await queue.purge();
        await queue.deadLetters.purge();
      }
    },
    async configure() {
      for (const again of [await openMain(), await openImpatient()]) await again.close();
    },
  };
}
