// A seeded world: a few tabs that send and consume, while tabs, workers, the store and the clock misbehave. Then
// everything is healed, the queue is drained, and the history is judged.

import { check, type History, type HistoryEvent, type Report } from "../checker/history.js";
import { createBeside } from "./beside.js";
import { calmed, drawFaults, lostInVain, QUIET } from "./faults.js";
import type { StoreFault } from "./faulty-store.js";
import { createOrigin, type Origin } from "./origin.js";
import { createRandom } from "./random.js";
import { createScheduler } from "./scheduler.js";
import { createServer, drawLineFaults } from "./server.js";
import type { SiteParts, Worker } from "./site.js";
import { openTab, type Sends, type Tab, type Unstamped } from "./tab.js";

export interface Verdict extends Report {
  readonly seed: number;
  readonly steps: number;
  readonly history: History;
  /** What happened last, for a person. */
  readonly trace: readonly string[];
  readonly hosts: number;
  readonly tasks: number;
}

const TABS_MAX = 4;
const DRAIN_MS = 1_000;
const DRAIN_SLICES_MAX = 900;
const OUTAGES = 2 ** 20;
const RANKS = 2 ** 21;

export async function runWorld({ seed, steps }: { seed: number; steps: number }): Promise<Verdict> {
  const random = createRandom(seed);
  const scheduler = createScheduler();
  const history: HistoryEvent[] = [];
  const trace: string[] = [];
  const note = (text: string) => void trace.push(`${scheduler.now} ${text}`);
  const record = (event: Unstamped) => void history.push({ at: scheduler.now, ...event } as HistoryEvent);

  const isOverSockets = seed % 5 === 2;
  const isCalm = isOverSockets && random.chance(0.2);
  const drawn = isCalm ? calmed(drawFaults(random)) : drawFaults(random);
  let faults = drawn;
  let hosts = 0;
  let tabsOpened = 0;
  let workersNamed = 0;
  const isOrdered = random.chance(0.25);
  const sends: Sends = {
    groups: random.chance(0.4) ? random.between(1, 12) : 0,
    areUnique: random.chance(0.4),
    ttl: !isOrdered && random.chance(0.3),
  };
  const settings = {
    // Where order is judged, no slow disk ends the lease of what waits in the consumer's buffer.
    leaseMs: random.between(500, 3_000) + (isOrdered ? 30_000 : 0),
    handlerTimeoutMs: random.between(2_000, 5_000),
    maxDeliveries: random.between(2, 5),
    backoff: { type: "exponential", baseMs: random.between(10, 200), maxMs: 2_000, jitter: "full" },
    onGroupFailure: "skip",
    deduplicationWindowMs: 10 * 60_000,
    ...(random.chance(0.15) && {
      maxMessages: random.between(20, 60),
      // What was on its way when the queue filled may overtake what waits for room.
      overflow: random.pick(isOrdered ? (["dead-letter"] as const) : (["block", "dead-letter"] as const)),
    }),
    ...(random.chance(0.2) && { maxInFlight: random.between(2, 10) }),
    ...(random.chance(0.2) && { rateLimit: { limit: random.between(5, 20), intervalMs: random.between(20, 100) } }),
  } as const;

  /** Of its own chance: the other worlds, and what befalls them, stay what they were. */
  const outages = seed % 4 === 2 && !isOverSockets ? createRandom(seed + OUTAGES) : undefined;
  let outUntil = 0;

  const parts: SiteParts = {
    scheduler,
    random,
    isOut: () => scheduler.now < outUntil,
    ranked: seed % 3 === 0 && !isOverSockets ? createRandom(seed + RANKS) : undefined,
    isNoticeLost: () => random.chance(faults.loseNotice),
    nextFault: () => {
      for (const [fault, probability] of Object.entries(faults.store)) {
        if (probability > 0 && random.chance(probability)) return fault as StoreFault;
      }
      return undefined;
    },
    onHost(worker) {
      note(`${worker.context.name} hosts`);
      if (hosts++ > 0) record({ type: "host-lost" });
    },
    onEnd: (worker, error) => note(`${worker.context.name} hosts no longer: ${error ?? "closed"}`),
  };
  const server = isOverSockets ? createServer(parts) : undefined;
  const origin = server ? undefined : createOrigin(parts);
  const site = server ?? (origin as Origin);
  let lineFaults = server && drawLineFaults(random);

  const beside = createBeside({ seed, isTimed: drawn.jumpClock === 0 });
  const problems: string[] = [];
  const tabs: Tab[] = [];
  const newTab = (url: string): Tab => {
    const tab = openTab({
      name: `p${tabsOpened++}`,
      url,
      scheduler,
      site,
      random,
      settings,
      sends,
      record,
      mustSettleByHand: drawn.store.abort > 0 || drawn.store.quota > 0,
      isHealed: () => faults === QUIET,
      note,
      onWiped: () => void problems.push(`${tab.context.name} was told that the database was deleted`),
    });
    note(`${tab.context.name} opens, with worker ${url}`);
    tabs.push(tab);
    beside.join(tab);
    return tab;
  };
  const consumeIn = (tab: Tab) => {
    const concurrency = random.between(1, 4);
    if (!isOrdered && random.chance(0.15)) tab.receive(random.between(1, 5));
    else tab.consume({ concurrency, prefetch: concurrency + random.between(0, 6) });
  };

  const crashTab = (tab: Tab) => {
    note(`${tab.context.name} crashes`);
    tabs.splice(tabs.indexOf(tab), 1);
    tab.crash();
    if (!tabs.some(({ url }) => url === tab.url)) site.onLeft(tab.url);
  };
  const crashWorker = (worker: Worker) => {
    note(`${worker.context.name} is killed`);
    record({ type: "host-lost" });
    worker.context.die();
  };
  const later = scheduler.context("the world");
  const stall = (context: Tab["context"], ms: number, standStill = context.standStill) => {
    note(`${context.name} stands still for ${ms} ms`);
    standStill();
    later.plan(() => context.goOn(), ms);
  };

  const fault = () => {
    const hit = (probability: number) => probability > 0 && random.chance(probability);
    const worker = site.workers.size > 0 ? random.pick([...site.workers.values()]) : undefined;
    // Where order is judged, by when handlers start, the one consumer lives in peace, and nothing ends a lease before its
    // handler starts: what is handed out in order and then taken back unstarted rightly comes later.
    const tab = random.pick(tabs);
    const mayTouch = (touched: Tab) => !isOrdered || !touched.hasConsumer;
    if (hit(faults.crashHost) && worker) crashWorker(worker);
    if (!isOrdered && hit(faults.stallHost) && worker && !worker.context.isStill) {
      for (const { url, cutOff } of tabs) if (url === worker.url) cutOff();
      stall(worker.context, random.between(50, 8_000));
    }
    if (hit(faults.stallTab) && mayTouch(tab) && !tab.context.isStill && !tab.isAsleep)
      stall(tab.context, random.between(50, 6_000), tab.standStill);
    if (hit(faults.sleepTab) && mayTouch(tab) && !tab.context.isStill && !tab.isAsleep) {
      const ms = random.between(20, 6_000);
      note(`${tab.context.name} sleeps for ${ms} ms`);
      tab.sleep();
      later.plan(() => tab.wake(), ms);
    }
    if (hit(faults.crashTab) && mayTouch(tab)) {
      crashTab(tab);
      const next = newTab(site.pickUrl(true));
      if (!isOrdered && (tab.hasConsumer || random.chance(0.5))) consumeIn(next);
    }
    if (origin && hit(faults.usurp) && tabs.length < TABS_MAX) {
      const url = `usurper-${++workersNamed}`;
      note(`a worker that hears nobody: ${url}`);
      origin.makeDeaf(url, 2_500);
      newTab(url);
    }
    if (!isOrdered && hit(faults.jumpClock)) {
      const byMs = random.between(1, random.pick([500, 5_000, 100_000])) * random.pick([1, -1]);
      note(`the clock jumps by ${byMs} ms`);
      site.clockMs += byMs;
      record({ type: "clock", byMs });
    }
  };

  const loseStorage = () => {
    if (!outages?.chance(0.006)) return;
    const ms = outages.between(50, outages.pick([1_000, 5_000, 20_000]));
    note(`the storage is gone for ${ms} ms`);
    outUntil = scheduler.now + ms;
  };

  const disturbLine = () => {
    if (!server || !lineFaults) return;
    const tab = random.pick(tabs);
    const { context } = tab;
    const hit = (probability: number) => probability > 0 && random.chance(probability);
    if (hit(lineFaults.cut) && server.cut(context)) note(`${context.name}'s line is cut`);
    if (hit(lineFaults.restart) && server.restart()) {
      note("the server is started anew");
      record({ type: "host-lost", isPlanned: true });
    }
    if (isOrdered && tab.hasConsumer) return;
    for (const fault of ["die", "hold"] as const) {
      if (!hit(lineFaults[fault]) || !server[fault](context)) continue;
      note(`${context.name}'s line: ${fault}`);
      tab.cutOff();
    }
  };

  const act = () => {
    const tab = random.pick(tabs);
    if (tab.isAsleep || tab.context.isStill) return;
    beside.act(tab);
    const what = random.next();
    if (what < 0.35) tab.send(1, false);
    else if (what < 0.42) tab.send(random.between(2, 8), false);
    else if (what < 0.5) tab.send(random.between(2, 6), true);
  };

  // ---- the world's life

  const opened = random.between(1, 3);
  for (let i = 0; i < opened; i++) {
    const tab = newTab(site.pickUrl(false));
    if (i === 0 || (!isOrdered && random.chance(0.6))) consumeIn(tab);
  }
  for (let step = 0; step < steps; step++) {
    act();
    fault();
    disturbLine();
    loseStorage();
    await scheduler.run(random.chance(0.03) ? random.between(200, 3_000) : random.between(0, 20));
  }

  // ---- heal, drain

  note("healed");
  faults = QUIET;
  lineFaults = undefined;
  outUntil = 0;
  for (const worker of site.workers.values()) worker.context.goOn();
  for (const tab of tabs) if (!tab.isAsleep) tab.context.goOn();
  // Those that sleep wake by themselves.
  await scheduler.run(10_000);
  const last = newTab(origin ? "a" : site.pickUrl(true));
  if (!isOrdered) consumeIn(last);
  let drained: Awaited<ReturnType<NonNullable<Tab["queue"]>["stats"]>> | undefined;
  for (let slice = 0; slice < DRAIN_SLICES_MAX && drained === undefined; slice++) {
    await scheduler.run(DRAIN_MS);
    if (tabs.some((tab) => tab.pending > 0)) continue;
    last.queue?.stats().then(
      (stats) => {
        if (stats.ready + stats.delayed + stats.leased + stats.blocked === 0) drained = stats;
      },
      (error) => note(`stats: ${error}`),
    );
    await scheduler.run(100);
  }
  for (const tab of tabs) if (tab.pending > 0) problems.push(`${tab.context.name}: ${tab.pending} sends never settled`);
  if (drained === undefined) problems.push("the queue was not drained: somebody waits for ever");
  else {
    const { ready, delayed, leased, blocked, dead, totals } = drained;
    const { accepted, acked, dropped, purged, replaced, quarantined } = totals;
    record({
      type: "stats",
      ...{ ready, delayed, leased, blocked, dead },
      ...{ accepted, acked, dropped, purged, replaced, quarantined },
    });
    const listed = last.queue?.deadLetters.list({ max: 10_000 }).then((letters) => {
      for (const { id, body, reason = "" } of letters) record({ type: "dead", id, body, reason });
    });
    void listed;
    await scheduler.run(1_000);
  }
  let isJudged = false;
  beside.judge(last).then(
    (found) => {
      isJudged = true;
      problems.push(...found);
    },
    (error) => problems.push(`what goes on beside the queue: ${error}`),
  );
  for (let slice = 0; slice < DRAIN_SLICES_MAX && !isJudged; slice++) await scheduler.run(100);
  if (!isJudged) problems.push("what goes on beside the queue could not be judged");

  const report = check(history, { maxDeliveries: settings.maxDeliveries, isOrdered });
  if (isCalm) problems.push(...lostInVain(history, settings.handlerTimeoutMs));
  const all = [...problems, ...report.problems];
  return {
    ...report,
    isValid: all.length === 0,
    problems: all,
    seed,
    steps,
    history,
    trace,
    hosts,
    tasks: scheduler.tasksRun,
  };
}
