// What befalls a world, and how often. Each has some of the faults: all at once hide each other.

import type { History } from "../checker/history.js";
import type { StoreFault } from "./faulty-store.js";
import type { Random } from "./random.js";
import { BY_HAND } from "./tab.js";

export interface Faults {
  readonly crashHost: number;
  readonly crashTab: number;
  readonly sleepTab: number;
  readonly stallTab: number;
  readonly stallHost: number;
  readonly usurp: number;
  readonly jumpClock: number;
  /** Of each write. */
  readonly store: Readonly<Record<StoreFault, number>>;
  readonly loseNotice: number;
}

export const QUIET: Faults = {
  crashHost: 0,
  crashTab: 0,
  sleepTab: 0,
  stallTab: 0,
  stallHost: 0,
  usurp: 0,
  jumpClock: 0,
  store: { abort: 0, quota: 0, "lost-reply": 0, lost: 0, slow: 0 },
  loseNotice: 0,
};

export function drawFaults(random: Random): Faults {
  const sometimes = (probability: number) => (random.chance(0.5) ? probability : 0);
  return {
    crashHost: sometimes(0.02),
    crashTab: sometimes(0.01),
    sleepTab: sometimes(0.01),
    stallTab: sometimes(0.008),
    stallHost: sometimes(0.008),
    usurp: sometimes(0.006),
    jumpClock: sometimes(0.01),
    store: {
      abort: sometimes(0.02),
      quota: sometimes(0.03),
      "lost-reply": sometimes(0.008),
      lost: sometimes(0.004),
      slow: sometimes(0.01),
    },
    loseNotice: sometimes(0.3),
  };
}

/** No page, server or clock stands still: servers die, lines break in every way, and whoever comes back keeps what it holds. */
export const calmed = (faults: Faults): Faults => ({
  ...{ ...faults, sleepTab: 0, stallTab: 0, stallHost: 0, jumpClock: 0 },
  store: { ...faults.store, abort: 0, quota: 0, slow: 0 },
});

/** Leases that ended under handlers which had more time, and whose consumers were there. */
export function lostInVain(history: History, handlerTimeoutMs: number): string[] {
  const startedAt = new Map<string, number>();
  return history.flatMap((event) => {
    if (event.type === "delivered") startedAt.set(`${event.token}`, event.at);
    if (event.type !== "aborted" || event.code !== "lease-lost" || event.consumer.includes(`/${BY_HAND}`)) return [];
    const ms = event.at - (startedAt.get(`${event.token}`) ?? 0);
    return ms < handlerTimeoutMs ? [`${event.consumer} came back and had lost its lease: ${event.body}`] : [];
  });
}
