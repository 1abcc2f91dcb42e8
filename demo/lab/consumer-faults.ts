// What can happen to those who work messages off: they die, a message kills them, a handler never ends.

import { plural } from "../format.js";
import { PREFETCH } from "./crew.js";
import { type Lab, since, times } from "./lab.js";
import { ENDLESS_DELIVERIES, POISON_DELIVERIES } from "./queues.js";
import type { Report } from "./words.js";

const MESSAGE_MS = 400;
const MIDDLE_MS = 150;
/** More than it takes: a poison message that still kills after so many is a fault of the queue. */
const DEATHS_MAX = POISON_DELIVERIES + 4;
const POISON_MS_MAX = 40_000;
const ENDLESS_MS_MAX = 20_000;

export async function startConsumer(lab: Lab): Promise<void> {
  const askedAt = performance.now();
  const name = await lab.crew.start();
  lab.say(`Connected after ${since(askedAt)}: ${name}, which takes up to ${PREFETCH} messages ahead.`);
}

export async function killConsumer(lab: Lab): Promise<void> {
  const { crew, reports } = lab;
  const name = crew.names[0] ?? (await crew.start());
  const started = reports.next((report) => report.type === "started" && report.by === name, 5_000);
  const begun = new Map<number, number>();
  const over = new Set<number>();
  let killedAt = Number.POSITIVE_INFINITY;
  const stop = reports.listen((report) => {
    if (report.type === "open" || killedAt < Number.POSITIVE_INFINITY) return;
    if (report.type === "started" && report.by === name) begun.set(report.number, report.attempt);
    if (report.type === "handled") over.add(report.number);
  });
  const numbers = await lab.send(times(12, "work"), MESSAGE_MS);
  if ((await started) === undefined) {
    stop();
    return lab.say(`No message came to ${name}, so it was not killed.`);
  }
  await lab.clock.wait(MIDDLE_MS);
  const held = [...begun.keys()].filter((number) => !over.has(number));
  const again = reports.next(
    (report) => report.type === "started" && report.by !== name && held.includes(report.number),
    10_000,
  );
  crew.kill(name);
  killedAt = performance.now();
  stop();
  lab.say(`Killed in the middle of message ${held.join(", ")}: ${name}.`);
  const next = await again;
  if (next && next.type !== "open") {
    lab.say(`After ${since(killedAt)} message ${next.number} was back in the queue and begun by ${next.by}.`);
  }
  await lab.conclude(numbers);
}

export async function sendPoison(lab: Lab): Promise<void> {
  const { crew, reports, ledger } = lab;
  const sentAt = performance.now();
  // Only consumers that may die: this page steps back.
  await crew.setPageActive(false);
  if (crew.names.length === 0) await crew.start();
  const deaths: string[] = [];
  const onDeath = (report: Report) => report.type === "dies" && report.run === ledger.run && deaths.push(report.by);
  const stop = reports.listen(onDeath);
  try {
    const numbers = await lab.send([...times(3, "work"), "poison", ...times(3, "work")], 50);
    const poison = numbers[3] as number;
    const neighbours = numbers.filter((number) => number !== poison);
    const isBuried = await untilBuried(lab, poison, deaths);
    const dead = await lab.queues.deadNumbers(ledger.run);
    const harmed = neighbours.filter((number) => dead.has(number)).length;
    lab.say(
      isBuried
        ? `The poison (message ${poison}) is among the dead letters after ${plural(deaths.length, "death")} and ${since(sentAt)}. Of its 6 neighbours ${harmed === 0 ? "none is" : `${harmed} are`}.`
        : `The poison (message ${poison}) was not given up after ${plural(deaths.length, "death")}.`,
    );
    // Buried, it is where it belongs; nobody waits for it.
    if (isBuried) ledger.writeOff([poison]);
    await crew.setPageActive(true);
    await lab.conclude(neighbours);
  } finally {
    stop();
    await crew.setPageActive(true);
  }
}

/** Starts a consumer for each that dies. */
async function untilBuried({ crew, clock, queues, ledger, say }: Lab, poison: number, deaths: readonly string[]) {
  const until = performance.now() + POISON_MS_MAX;
  let seen = 0;
  while (performance.now() < until) {
    if (deaths.length > seen) {
      say(`Message ${poison} is poison: ${deaths[seen]} died of it.`);
      seen++;
    } else if ((await queues.deadNumbers(ledger.run)).has(poison)) return true;
    else if (crew.names.length === 0) {
      if (deaths.length >= DEATHS_MAX) return false;
      await crew.start();
    } else await clock.wait(100);
  }
  return false;
}

export async function sendEndless(lab: Lab): Promise<void> {
  const { queues, ledger, reports } = lab;
  const sentAt = performance.now();
  let begunAt = sentAt;
  const stop = reports.listen((report) => {
    if (report.type === "open" || report.number !== numbers[0]) return;
    if (report.type === "started") begunAt = performance.now();
    if (report.type !== "timed-out") return;
    lab.say(`Time-out after ${since(begunAt)}, attempt ${report.attempt} of ${ENDLESS_DELIVERIES}.`);
  });
  let numbers: readonly number[] = [];
  try {
    numbers = await lab.send(["endless", ...times(3, "work")], 50, queues.impatient);
    const [endless, ...others] = numbers as [number, ...number[]];
    const until = performance.now() + ENDLESS_MS_MAX;
    let isBuried = false;
    while (!isBuried && performance.now() < until) {
      await lab.clock.wait(100);
      isBuried = (await queues.deadNumbers(ledger.run)).has(endless);
    }
    lab.say(
      isBuried
        ? `Message ${endless}, whose handler never ends, is among the dead letters after ${since(sentAt)}.`
        : `Message ${endless}, whose handler never ends, was not given up.`,
    );
    if (isBuried) ledger.writeOff([endless]);
    await lab.conclude(others);
  } finally {
    stop();
  }
}
