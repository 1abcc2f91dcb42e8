// All queues, a row each: how much is in them, how old, how fast, and how near their limits.

import type { InspectedQueue, Inspection } from "../../index.js";
import { createRows, h, setFigure } from "../elements/dom.js";
import { duration, NOTHING, percent, shortCount } from "../elements/format.js";
import { createFilter } from "./filter.js";
import { createBadge, createTable, emptyNote, STATES } from "./parts.js";
import type { View } from "./view.js";

interface Column {
  readonly head: string;
  /** From which width on it is there: see the style sheet. */
  readonly from: "" | "some" | "wide";
  readonly title: string;
  /** `undefined`: nothing to say. */
  text(queue: InspectedQueue): string | undefined;
}

/** Of messages a queue has room for. */
export const depthOf = ({ ready, delayed, leased, blocked }: InspectedQueue): number =>
  ready + delayed + leased + blocked;

const some = (n: number): string | undefined => (n === 0 ? undefined : shortCount(n));
const rate = (n: number | undefined): string | undefined => (n === undefined ? undefined : `${shortCount(n)}/s`);

const COLUMNS: readonly Column[] = [
  { head: "Ready", from: "", title: "May be handed out now", text: ({ ready }) => some(ready) },
  { head: "Delayed", from: "some", title: "Wait for their time", text: ({ delayed }) => some(delayed) },
  { head: "In work", from: "", title: "In the hands of consumers", text: ({ leased }) => some(leased) },
  { head: "Blocked", from: "wide", title: "Wait behind the head of their group", text: ({ blocked }) => some(blocked) },
  { head: "Dead", from: "", title: "Given up, and kept", text: ({ dead }) => some(dead) },
  {
    head: "Oldest",
    from: "some",
    title: "Age of the longest-waiting ready message",
    text: ({ oldestAgeMs }) => (oldestAgeMs === null ? undefined : duration(oldestAgeMs)),
  },
  {
    head: "Arriving",
    from: "wide",
    title: "Messages a second, over the last 10 s",
    text: ({ load }) => rate(load.arrivalRate?.last10s),
  },
  {
    head: "Capacity",
    from: "wide",
    title: "What all handlers together can do in a second, by their pace of the last 10 s",
    text: ({ load: { serviceRate, handlers } }) =>
      handlers === 0 ? undefined : rate((serviceRate && handlers * serviceRate.last10s) || undefined),
  },
  {
    head: "Busy",
    from: "wide",
    title: "Share of their time that handlers are busy",
    text: ({ load }) => (load.utilisation ? percent(load.utilisation.last10s) : undefined),
  },
  {
    head: "Wait",
    from: "wide",
    title: "Measured mean time between ready and handed out",
    text: ({ load }) => (load.waitMs ? duration(load.waitMs.mean) : undefined),
  },
  {
    head: "Predicted",
    from: "wide",
    title: "What queueing theory says of the wait, for the rates of the last 60 s",
    text: ({ load }) => (load.predicted?.bounded ? duration(load.predicted.bounded.waitMs) : undefined),
  },
  {
    head: "Room",
    from: "some",
    title: "How much of its room is taken",
    text: (queue) => percent(depthOf(queue) / queue.settings.maxMessages),
  },
];

export interface QueueList extends View {
  /** Marks the one that is shown beside it. */
  select(name: string | undefined): void;
  /** Puts the focus on its row. */
  focus(name: string): void;
}

export function createQueueList(onChosen: (name: string) => void, lookFor: (text: string) => void): QueueList {
  const heads = COLUMNS.map(({ head, from }) => [head, `number ${from}`.trim()] as const);
  const table = createTable("Queues", [["Queue", "name"], ...heads]);
  COLUMNS.forEach(({ title }, i) => {
    table.element.querySelectorAll("th")[i + 1]?.setAttribute("title", title);
  });
  const none = emptyNote("No queue yet. One is there as soon as somebody opens it.");
  let latest: Inspection | undefined;
  const filter = createFilter("queues", () => {
    lookFor(filter.text);
    if (latest) list.update(latest);
  });
  let selected: string | undefined;
  const rows = new Map<string, ReturnType<typeof createRow>>();
  const shown = createRows<InspectedQueue>(
    table.body,
    ({ name }) => name,
    (queue) => {
      const row = createRow(queue.name, onChosen);
      row.setSelected(queue.name === selected);
      rows.set(queue.name, row);
      return row;
    },
  );
  const list: QueueList = {
    element: h("div", { class: "list" }, filter.element, table.element, none),
    update(inspection: Inspection) {
      latest = inspection;
      const { queues, queueCount } = inspection;
      const left = queues.filter(({ name }) => filter.leaves(name));
      const names = new Set(left.map(({ name }) => name));
      for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
      shown.show(left);
      none.hidden = queueCount > 0;
      table.element.hidden = left.length === 0;
      filter.tell(left.length, queueCount);
    },
    select(name) {
      selected = name;
      for (const [of, row] of rows) row.setSelected(of === name);
    },
    focus: (name) => rows.get(name)?.focus(),
  };
  return list;
}

function createRow(name: string, onChosen: (name: string) => void) {
  const choose = h("button", { type: "button", class: "choose" }, name);
  choose.addEventListener("click", () => onChosen(name));
  const badge = createBadge();
  const parts = STATES.map((state) => h("span", { class: state }));
  const mix = h("span", { class: "mix", "aria-hidden": "true" }, ...parts);
  const cells = COLUMNS.map(({ from }) => h("td", { class: `number ${from}`.trim() }));
  const element = h("tr", {}, h("th", { scope: "row", class: "name" }, choose, badge.element, mix), ...cells);
  return {
    element,
    focus: () => choose.focus(),
    setSelected(isSelected: boolean) {
      if (isSelected) choose.setAttribute("aria-current", "true");
      else choose.removeAttribute("aria-current");
      element.classList.toggle("selected", isSelected);
    },
    update(queue: InspectedQueue) {
      badge.set(queue.pausedBy === null ? "" : queue.pausedBy === "caller" ? "paused" : "full of dead letters", "warn");
      STATES.forEach((state, i) => {
        const part = parts[i] as HTMLElement;
        part.hidden = queue[state] === 0;
        part.style.setProperty("flex-grow", String(queue[state]));
      });
      mix.classList.toggle(
        "none",
        STATES.every((state) => queue[state] === 0),
      );
      COLUMNS.forEach(({ text }, i) => {
        const words = text(queue);
        const cell = cells[i] as HTMLElement;
        setFigure(cell, words ?? NOTHING);
        cell.classList.toggle("nothing", words === undefined);
      });
    },
  };
}
