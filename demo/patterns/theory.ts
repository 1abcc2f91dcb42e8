// The queueing-theory panel: what M/M/c predicts for the measured rates, beside what is measured. Shows what
// `subscribeStats` tells, computes nothing itself.

import type { Connection, QueueLoad, QueueStats } from "../../src/index.js";
import type { Clock } from "../clock.js";
import { byId, setText } from "../dom.js";
import { duration, plural, shortCount } from "../format.js";
import type { Problems } from "../problems.js";
import { type Setup, startExperiment } from "./experiment.js";

export interface TheoryParts {
  readonly connection: Connection;
  readonly tab: string;
  readonly clock: Clock;
  readonly problems: Problems;
}

const SHOW_EVERY_MS = 500;
const NOTHING = "–";
/** Fewer waits are judged by chance. */
const JUDGED_FROM = 500;

export async function openTheory({ connection, tab, clock, problems }: TheoryParts): Promise<void> {
  const queue = await connection.openQueue<null>(`theory:${tab}`, { durability: "relaxed" });
  await queue.purge();
  const controls = wireControls();
  const button = byId<HTMLButtonElement>("theory-run");
  const badge = byId("theory-badge");
  let stop: (() => Promise<void>) | undefined;
  let changes = Promise.resolve();

  const run = (wanted: boolean) => {
    setText(button, wanted ? "Stop the experiment" : "Start the experiment");
    setText(badge, wanted ? "running" : "stopped");
    badge.className = `badge ${wanted ? "on" : ""}`;
    // One change after the other: the old experiment has ended before the next begins.
    changes = changes.then(async () => {
      await stop?.();
      stop = wanted ? startExperiment(queue, controls.setup(), { clock, problems }) : undefined;
    });
    problems.guard("The experiment failed", () => changes);
  };
  button.addEventListener("click", () => run(badge.textContent !== "running"));
  controls.onChange(() => badge.textContent === "running" && run(true));
  queue.subscribeStats((stats) => show(stats), { everyMs: SHOW_EVERY_MS });
}

function wireControls() {
  const rate = byId<HTMLInputElement>("theory-rate");
  const handlers = byId<HTMLInputElement>("theory-handlers");
  const service = byId<HTMLInputElement>("theory-service");
  const kind = byId<HTMLSelectElement>("theory-kind");
  const words = (input: HTMLInputElement, text: string) => {
    setText(byId(`${input.id}-value`), text);
    input.setAttribute("aria-valuetext", text);
  };
  const setup = (): Setup => ({
    arrivalRate: rate.valueAsNumber,
    handlers: handlers.valueAsNumber,
    serviceMs: service.valueAsNumber,
    isRandom: kind.value === "random",
  });
  const showAll = () => {
    const { arrivalRate, handlers: c, serviceMs } = setup();
    words(rate, `${plural(arrivalRate, "message")} a second`);
    words(handlers, plural(c, "handler"));
    words(service, duration(serviceMs));
    const load = (arrivalRate * serviceMs) / (1_000 * c);
    const advice = load >= 1 ? ": more than the handlers can do, so the queue grows and there is no prediction" : "";
    setText(byId("theory-planned"), `Planned: handlers busy ${Math.round(load * 100)} % of their time${advice}.`);
  };
  for (const input of [rate, handlers, service]) input.addEventListener("input", showAll);
  showAll();
  return {
    setup,
    /** Calls once a slider is let go. */
    onChange(listener: () => void) {
      for (const control of [rate, handlers, service, kind]) control.addEventListener("change", listener);
    },
  };
}

function show({ load, ready, leased }: QueueStats): void {
  const put = (id: string, text: string | undefined) => setText(byId(`theory-${id}`), text ?? NOTHING);
  const ms = (n: number | null | undefined) => (typeof n === "number" ? duration(n) : undefined);
  const { arrivalRate, serviceRate, utilisation, waitMs, predicted, drainMs } = load;
  put("lambda", arrivalRate ? `${shortCount(arrivalRate.last60s)}/s` : undefined);
  put("mu", serviceRate ? `${shortCount(serviceRate.last60s)}/s` : undefined);
  put("c", String(load.handlers));
  put("rho", utilisation ? `${Math.round(utilisation.last60s * 100)} %` : undefined);
  put("depth", shortCount(ready + leased));
  put("drain", ms(drainMs));
  put("predicted", ms(predicted?.unbounded?.waitMs));
  put("measured", ms(waitMs?.mean));
  put("percentiles", waitMs ? `p50 ${ms(waitMs.p50)} · p90 ${ms(waitMs.p90)} · p99 ${ms(waitMs.p99)}` : undefined);
  put("waiting", predicted?.unbounded ? `${Math.round(predicted.unbounded.waitProbability * 100)} %` : undefined);
  showBars(predicted?.unbounded?.waitMs, waitMs?.mean);
  setText(byId("theory-verdict"), verdictOn(load));
}

function showBars(predictedMs: number | undefined, measuredMs: number | undefined): void {
  const most = Math.max(1, predictedMs ?? 0, measuredMs ?? 0);
  const part = (n: number | undefined) => `${(100 * (n ?? 0)) / most}%`;
  byId("theory-predicted-bar").style.setProperty("--part", part(predictedMs));
  byId("theory-measured-bar").style.setProperty("--part", part(measuredMs));
}

function verdictOn({ waitMs, predicted }: QueueLoad): string {
  if (waitMs === null || predicted === null) return "Both need 30 messages first.";
  if (predicted.unbounded === null)
    return "More comes than can be done: no prediction, and the wait grows without end.";
  if (waitMs.samples < JUDGED_FROM) {
    return `After ${plural(waitMs.samples, "message")}: from ${JUDGED_FROM} on the two can be compared.`;
  }
  const ratio = waitMs.mean / predicted.unbounded.waitMs;
  if (ratio > 1.5) return "Longer than predicted: messages come in bursts, or the rates have just changed.";
  if (ratio < 0.67) return "Shorter than predicted: arrivals or handlers are more even than chance.";
  return "As predicted, give or take: arrivals and service times are about as random as the theory takes them to be.";
}
