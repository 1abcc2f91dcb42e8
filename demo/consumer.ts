// Works messages off, as the sliders say: how many at once, how long each takes, how many fail.
// The sliders are read while handlers run; only what the queue must know (how many at once) makes a new consumer.

import type { Delivery, Consumer as QueueConsumer } from "../src/index.js";
import type { Clock } from "./clock.js";
import { byId, setText } from "./dom.js";
import { count, duration as inWords, plural, preview, shortId } from "./format.js";
import { createHandledLog, type HandledLog } from "./handled-log.js";
import type { Problems } from "./problems.js";
import { fromSlider, HANDLER_MS_MAX } from "./scales.js";
import type { DemoQueue } from "./session.js";

export interface Consumer {
  setActive(active: boolean): void;
  /** Brings the numbers on the page up to date. */
  show(): void;
  readonly log: HandledLog;
}

export interface ConsumerParts {
  readonly queue: DemoQueue;
  readonly tab: string;
  readonly clock: Clock;
  readonly problems: Problems;
}

/** How much work a tab takes ahead: enough for this long, so that quick handlers never wait and slow ones share. */
const AHEAD_MS = 100;
const AHEAD_MAX = 500;

export function createConsumer({ queue, tab, clock, problems }: ConsumerParts): Consumer {
  const log = createHandledLog();
  const controls = wireControls();
  const pause = byId<HTMLButtonElement>("pause-consumer");
  let active = false;
  let paused = false;
  let current: Delivery | undefined;
  let running: QueueConsumer | undefined;
  let changes = Promise.resolve();

  const handle = async (delivery: Delivery) => {
    current = delivery;
    const ms = controls.durationMs();
    if (ms > 0) await clock.wait(ms, delivery.signal);
    const why = controls.failure();
    log.add(delivery, why === undefined ? "handled" : "failed");
    if (why !== undefined) throw new Error(why);
  };

  const consume = () => {
    const concurrency = controls.concurrency();
    const perHandler = AHEAD_MS / Math.max(1, controls.durationMs());
    const prefetch = Math.max(concurrency, Math.min(AHEAD_MAX, Math.round(concurrency * perHandler)));
    const consumer = queue.consume(handle, { concurrency, prefetch });
    if (paused) consumer.pause();
    return consumer;
  };
  /** One change after the other: the old consumer has ended before the new one starts. */
  const renew = () => {
    changes = changes
      .catch(() => {})
      .then(async () => {
        const old = running;
        running = undefined;
        await old?.stop();
        if (active) running = consume();
      });
    problems.guard("Consuming failed", () => changes);
  };
  controls.onChange(() => active && renew());

  const show = () => {
    const badge = byId("consumer-badge");
    const state = !active ? "off" : paused ? "paused" : "on";
    setText(badge, state);
    badge.className = `badge ${state === "on" ? "on" : ""}`;
    pause.disabled = !active;
    setText(pause, paused ? "Resume this tab's handlers" : "Pause this tab's handlers");
    setText(byId("handled-here"), count(log.handled));
    setText(byId("failed-here"), count(log.failed));
    const isBusy = current !== undefined && running !== undefined && running.active > 0;
    setText(byId("current"), isBusy && current ? `${shortId(current.id)} ${preview(current.body)}` : "nothing");
  };

  pause.addEventListener("click", () => {
    paused = !paused;
    if (paused) running?.pause();
    else running?.resume();
    show();
  });
  byId("download-log").addEventListener("click", () => download(log.toFile(), `handled-by-${fileName(tab)}.jsonl`));
  show();

  return {
    setActive(wanted) {
      if (wanted === active) return;
      active = wanted;
      paused = false;
      renew();
      show();
    },
    show,
    log,
  };
}

function wireControls() {
  const concurrency = byId<HTMLInputElement>("concurrency");
  const duration = byId<HTMLInputElement>("duration");
  const failing = byId<HTMLInputElement>("failing");
  const failAlways = byId<HTMLInputElement>("fail-always");
  const durationMs = () => fromSlider(duration.valueAsNumber, HANDLER_MS_MAX);

  const show = (input: HTMLInputElement, words: string) => {
    setText(byId(`${input.id}-value`), words);
    input.setAttribute("aria-valuetext", words);
  };
  const showAll = () => {
    show(concurrency, plural(concurrency.valueAsNumber, "handler"));
    show(duration, durationMs() === 0 ? "no time" : inWords(durationMs()));
    failing.disabled = failAlways.checked;
    show(failing, failAlways.checked ? "every message" : `${failing.valueAsNumber} %`);
  };
  for (const input of [concurrency, duration, failing, failAlways]) input.addEventListener("input", showAll);
  showAll();

  return {
    concurrency: () => concurrency.valueAsNumber,
    durationMs,
    /** Why this handler fails; `undefined` when it does not. */
    failure(): string | undefined {
      if (failAlways.checked) return "The handler was told to fail every message";
      const chance = failing.valueAsNumber;
      return Math.random() * 100 < chance ? `The handler was told to fail ${chance} % of its messages` : undefined;
    },
    /** Calls once the slider is let go. */
    onChange(listener: () => void) {
      for (const input of [concurrency, duration]) input.addEventListener("change", listener);
    },
  };
}

const fileName = (text: string) => text.toLowerCase().replaceAll(" ", "-");

function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
