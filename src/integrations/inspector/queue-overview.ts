// One queue at this moment: its states, its load beside what theory predicts, its limits, its totals.

import type { InspectedQueue, Inspection } from "../../index.js";
import { h, setFigure, setText } from "../elements/dom.js";
import { bytes, count, duration, NOTHING, percent, plural, shortCount } from "../elements/format.js";
import { createFact, createLimit, createMeter, STATE_WORDS, STATES, section } from "./parts.js";
import { depthOf } from "./queue-list.js";
import { createSpark, type Histories } from "./spark.js";
import type { View } from "./view.js";

const TOTALS = [
  ["accepted", "accepted"],
  ["acked", "acknowledged"],
  ["retried", "tried again"],
  ["died", "died"],
  ["redriven", "redriven"],
  ["dropped", "dropped"],
  ["purged", "purged"],
  ["replaced", "replaced"],
  ["quarantined", "quarantined"],
] as const;

export function createQueueOverview(name: string, histories: Histories): View {
  const tiles = STATES.map((state) => {
    const value = h("dd", {});
    return { state, value, element: h("div", { class: state }, h("dt", {}, STATE_WORDS[state]), value) };
  });
  const spark = createSpark(`Messages in ${name}`);
  const oldest = h("span", { class: "figure" });
  const load = createLoad();
  const limits = {
    messages: createLimit("Messages"),
    bytes: createLimit("Bytes"),
    inWork: createLimit("In work"),
    dead: createLimit("Dead letters"),
  };
  const pace = h("p", { class: "note" });
  const totals = TOTALS.map(([key, words]) => ({ key, fact: createFact(words) }));
  const lanes = createLanes();
  const element = h(
    "div",
    { class: "overview" },
    h("dl", { class: "tiles" }, ...tiles.map(({ element }) => element)),
    h("div", { class: "depth" }, spark.element, h("p", { class: "note" }, "Oldest ready message: ", oldest)),
    section("Load", load.element),
    section("Limits", h("div", { class: "meters" }, ...Object.values(limits).map(({ element }) => element)), pace),
    lanes.element,
    section("Since it was made", h("dl", { class: "facts" }, ...totals.map(({ fact }) => fact.element))),
  );
  return {
    element,
    update({ queues }: Inspection) {
      const queue = queues.find((one) => one.name === name);
      if (queue === undefined) return;
      for (const { state, value } of tiles) setFigure(value, count(queue[state]));
      spark.show(histories.of(name));
      setFigure(oldest, queue.oldestAgeMs === null ? "none" : duration(queue.oldestAgeMs));
      load.update(queue);
      const { settings } = queue;
      limits.messages.set(depthOf(queue), settings.maxMessages);
      limits.bytes.set(queue.bytes, settings.maxBytes, bytes);
      limits.inWork.set(queue.leased, settings.maxInFlight);
      limits.dead.set(queue.dead, settings.maxDeadLetters);
      setText(pace, paceWords(settings.rateLimit));
      lanes.update(queue);
      for (const { key, fact } of totals) fact.set(shortCount(queue.totals[key]));
    },
  };
}

const paceWords = (rate: InspectedQueue["settings"]["rateLimit"]): string =>
  rate == null
    ? "Handed out as fast as it is taken."
    : `${plural(rate.limit, "message")} in ${duration(rate.intervalMs)}, ${rate.per === "group" ? "of each group" : "at most"}.`;

/** What comes, what can be done, and how long a message waits: measured, and as theory has it. */
function createLoad() {
  const arriving = createFact("Arriving", "λ: messages accepted a second, over the last 10 s");
  const capacity = createFact("Capacity", "cμ: what all handlers together can do in a second");
  const handlers = createFact("Handlers", "c: how many can run at once");
  const service = createFact("Time each takes", "Mean time that a handler took, over the last minutes");
  const drain = createFact("Done with it in", "How long what is ready will take, at the pace of the last 10 s");
  const busy = createMeter("Busy");
  const measured = createMeter("Wait, measured");
  const predicted = createMeter("Wait, predicted");
  const note = h("p", { class: "note" });
  const facts = [arriving, capacity, handlers, service, drain];
  const element = h(
    "div",
    {},
    h("dl", { class: "facts" }, ...facts.map(({ element }) => element)),
    h("div", { class: "meters" }, busy.element, measured.element, predicted.element),
    note,
  );
  return {
    element,
    update({ load }: InspectedQueue) {
      const { arrivalRate, serviceRate, serviceMs, waitMs, utilisation, predicted: theory, drainMs } = load;
      arriving.set(arrivalRate ? `${shortCount(arrivalRate.last10s)}/s` : NOTHING);
      capacity.set(serviceRate && load.handlers > 0 ? `${shortCount(load.handlers * serviceRate.last10s)}/s` : NOTHING);
      handlers.set(count(load.handlers));
      service.set(serviceMs ? duration(serviceMs.mean) : NOTHING);
      drain.set(drainMs === null || !Number.isFinite(drainMs) ? NOTHING : duration(drainMs));
      busy.set(utilisation?.last10s ?? 0, utilisation ? percent(utilisation.last10s) : NOTHING);
      const waits = [waitMs?.mean ?? 0, theory?.bounded.waitMs ?? 0] as const;
      const longest = Math.max(...waits, 1e-9);
      measured.set(
        waits[0] / longest,
        waitMs ? `mean ${duration(waitMs.mean)}, 99 of 100 within ${duration(waitMs.p99)}` : NOTHING,
      );
      predicted.set(waits[1] / longest, theory ? `mean ${duration(theory.bounded.waitMs)}` : NOTHING);
      for (const { element } of [measured, predicted]) element.classList.remove("near");
      setText(note, wordsOf(load));
    },
  };
}

function wordsOf({ handlers, utilisation, waitMs, predicted }: InspectedQueue["load"]): string {
  if (handlers === 0) return "No handler takes messages of this queue now.";
  if (utilisation === null) return "Measured from 30 messages on.";
  if (utilisation.last10s >= 1) return "More comes than its handlers can do: it grows.";
  if (waitMs === null || predicted === null) return "The wait is measured from 30 messages on.";
  const ratio = waitMs.mean / Math.max(predicted.bounded.waitMs, 1);
  if (waitMs.mean > 5 && ratio > 2)
    return "They wait longer than theory says: messages come in bursts, or take unlike times.";
  return "What is measured is in line with theory, or better.";
}

/** How many are ready in each priority, where there is more than one. */
function createLanes() {
  const bars = Array.from({ length: 10 }, (_, i) => createMeter(`Priority ${9 - i}`));
  const element = section("Ready by priority", h("div", { class: "meters" }, ...bars.map(({ element }) => element)));
  return {
    element,
    update({ byPriority }: InspectedQueue) {
      const most = Math.max(1, ...byPriority.map(({ ready }) => ready));
      element.hidden = byPriority.filter(({ ready }) => ready > 0).length < 2;
      bars.forEach((bar, i) => {
        const { ready = 0, oldestAgeMs = null } = byPriority[9 - i] ?? {};
        bar.element.hidden = ready === 0;
        bar.set(ready / most, `${count(ready)}${oldestAgeMs === null ? "" : `, oldest ${duration(oldestAgeMs)}`}`);
        bar.element.classList.remove("near");
      });
    },
  };
}
