// A schedule that all tabs share: whichever are open, each tick is one message, and one of them gets it.

import type { Connection, Queue, ScheduleTiming } from "../../src/index.js";
import type { Clock } from "../clock.js";
import { byId, setText } from "../dom.js";
import { count } from "../format.js";
import type { Problems } from "../problems.js";

const QUEUE = "ticks";
const SCHEDULE = "heartbeat";
const LOOK_MS = 500;

type Timing = { readonly everyMs: number } | { readonly cron: string };

const TIMINGS: Readonly<Record<string, Timing>> = {
  "2s": { everyMs: 2_000 },
  "10s": { everyMs: 10_000 },
  minute: { cron: "* * * * *" },
};

export async function openTicks(connection: Connection, clock: Clock, problems: Problems): Promise<void> {
  const queue: Queue<string> = await connection.openQueue(QUEUE, { durability: "relaxed" });
  let got = 0;
  queue.consume(({ sentAt }) => {
    setText(byId("schedule-got"), count(++got));
    setText(byId("schedule-last"), new Date(sentAt).toLocaleTimeString("en", { hour12: false }));
  });

  const look = async () => {
    const schedule = (await queue.schedules.list()).find(({ id }) => id === SCHEDULE);
    byId<HTMLButtonElement>("schedule-remove").disabled = schedule === undefined;
    setText(byId("schedule-next"), nextWords(schedule?.nextAt));
  };
  const act = (id: string, what: string, run: () => Promise<unknown>) =>
    byId(id).addEventListener("click", () => problems.guard(what, () => run().then(look)));
  act("schedule-set", "Scheduling failed", () => queue.schedules.upsert(SCHEDULE, chosenTiming(), "tick"));
  act("schedule-remove", "Removing the schedule failed", () => queue.schedules.remove(SCHEDULE));
  await look();
  let looking = false;
  clock.every(LOOK_MS, () => {
    if (looking || !byId<HTMLDetailsElement>("patterns").open) return;
    looking = true;
    problems.guard("Looking at the schedule failed", () => look().finally(() => (looking = false)));
  });
}

function chosenTiming(): ScheduleTiming {
  const timing = TIMINGS[byId<HTMLSelectElement>("schedule-every").value] ?? { everyMs: 2_000 };
  const catchUp = byId<HTMLSelectElement>("schedule-catch-up").value as "none" | "one" | "all";
  return { ...timing, catchUp };
}

function nextWords(nextAt: number | null | undefined): string {
  if (typeof nextAt !== "number") return "none";
  return `in ${Math.max(0, Math.ceil((nextAt - Date.now()) / 1_000))} s`;
}
