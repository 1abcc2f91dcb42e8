// Sends at the rate of the slider, and at the press of a button.
// What a tick owes goes out as one batch; a batch that is still on its way makes the next one bigger, not a second one.

import { QueueError } from "../src/index.js";
import type { Clock } from "./clock.js";
import { byId, h, setText } from "./dom.js";
import { count, plural } from "./format.js";
import type { Problems } from "./problems.js";
import { fromSlider, RATE_MAX } from "./scales.js";
import type { DemoQueue } from "./session.js";

const TICK_MS = 50;
const BATCH_MAX = 5_000;
const FULL_WAIT_MS = 500;

export interface Producer {
  setActive(active: boolean): void;
  /** Messages that this tab sent, files not counted. */
  readonly sent: number;
}

export interface ProducerParts {
  readonly queue: DemoQueue;
  readonly tab: string;
  readonly clock: Clock;
  readonly problems: Problems;
}

const ITEMS = ["green tea", "espresso beans", "oat biscuits", "lemon cake", "sparkling water", "dark chocolate"];

export function createProducer({ queue, tab, clock, problems }: ProducerParts): Producer {
  const rate = byId<HTMLInputElement>("rate");
  const priority = byId<HTMLSelectElement>("priority");
  const delay = byId<HTMLSelectElement>("delay");
  const badge = byId("producer-badge");
  let active = false;
  let sent = 0;
  let numbered = 0;
  let owed = 0;
  let dueSince = performance.now();
  let isSending = false;

  for (let p = 9; p >= 0; p--) {
    const name = p === 9 ? "9, first" : p === 4 ? "4, normal" : p === 0 ? "0, last" : String(p);
    priority.append(h("option", { value: String(p) }, name));
  }
  priority.value = "4";

  const perSecond = () => fromSlider(rate.valueAsNumber, RATE_MAX);
  const showRate = () => {
    const words = `${plural(perSecond(), "message")} a second`;
    setText(byId("rate-value"), words);
    rate.setAttribute("aria-valuetext", words);
  };
  rate.addEventListener("input", showRate);
  showRate();

  const nextMessage = () => {
    const number = ++numbered;
    const delayMs = Number(delay.value);
    const body = { order: number, item: ITEMS[number % ITEMS.length], from: tab };
    return { body, priority: Number(priority.value), ...(delayMs > 0 && { delayMs }) };
  };
  const note = (n: number) => {
    sent += n;
    setText(byId("sent-here"), count(sent));
  };
  const sendMany = async (n: number) => {
    await queue.sendBatch(Array.from({ length: n }, nextMessage));
    note(n);
  };

  byId("send-one").addEventListener("click", () =>
    problems.guard("Sending failed", async () => {
      const { body, ...options } = nextMessage();
      await queue.send(body, options);
      note(1);
    }),
  );
  byId("send-many").addEventListener("click", () => problems.guard("Sending failed", () => sendMany(1_000)));

  const showState = (words?: string) => {
    setText(badge, words ?? (active ? "on" : "off"));
    badge.className = `badge ${words ? "warn" : active ? "on" : ""}`;
  };

  const tick = async () => {
    const now = performance.now();
    // A tab that slept owes at most a second.
    owed += (perSecond() * Math.min(1_000, now - dueSince)) / 1_000;
    dueSince = now;
    const n = Math.min(BATCH_MAX, Math.floor(owed));
    if (n === 0 || isSending) return;
    owed = Math.min(owed - n, perSecond());
    isSending = true;
    try {
      await sendMany(n);
      if (active) showState();
    } catch (error) {
      if (!(error instanceof QueueError && error.code === "full")) throw error;
      showState("queue full, waiting");
      owed = 0;
      await clock.wait(FULL_WAIT_MS);
    } finally {
      isSending = false;
    }
  };
  let stop: (() => void) | undefined;

  return {
    setActive(wanted) {
      if (wanted === active) return;
      active = wanted;
      showState();
      stop?.();
      stop = undefined;
      if (!active) return;
      dueSince = performance.now();
      owed = 0;
      stop = clock.every(TICK_MS, () => problems.guard("Producing failed", tick));
    },
    get sent() {
      return sent;
    },
  };
}
