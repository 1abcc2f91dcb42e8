// Schedules of all queues, or of one: when each ticks next, and when it last did.

import type { Inspection, ScheduleView } from "../../index.js";
import { createRows, h, setFigure, setText } from "../elements/dom.js";
import { away, count, duration, instant, NOTHING } from "../elements/format.js";
import { preview } from "../elements/text-of.js";
import { createReading } from "../frameworks/reading.js";
import { createFilter } from "./filter.js";
import { createTable, emptyNote } from "./parts.js";
import type { Inspecting, View } from "./view.js";

/** After so long they are read again, though nothing speaks of a change. */
const EVERY_MS = 10_000;

type Row = ScheduleView & { readonly queue: string };

export function createSchedulesView({ source, rest, showQueue, attempt, now }: Inspecting, only?: string): View {
  const table = createTable("Schedules", [
    ["Schedule", "name"],
    ...(only === undefined ? ([["Queue"]] as const) : []),
    ["Ticks"],
    ["Next"],
    ["Last"],
    ["Sends", "some"],
  ]);
  const none = emptyNote("No schedule sends messages.");
  const more = h("p", { class: "note" });
  const rows = createRows<Row>(
    table.body,
    ({ queue, id }) => `${queue}\n${id}`,
    (row) => createRow(row, only === undefined ? showQueue : undefined, now),
  );
  let names: readonly string[] = [];
  let known: readonly Row[] = [];
  let seen = "";
  let staleAt = 0;
  const filter = createFilter("schedules", () => show());
  const show = () => {
    const left = known.filter(({ queue, id }) => filter.leaves(queue, id));
    rows.show(left);
    filter.tell(left.length, known.length);
    none.hidden = known.length > 0;
    table.element.hidden = left.length === 0;
  };
  const reading = createReading(
    () =>
      rest.measured(async () => {
        const lists = names.map(async (queue) =>
          (await (await source.readQueue(queue)).schedules.list()).map((one) => ({ ...one, queue })),
        );
        return (await Promise.all(lists)).flat();
      }),
    (all) => {
      known = all;
      staleAt = Math.min(staleAt, ...all.flatMap(({ nextAt }) => nextAt ?? []));
      show();
    },
    (reason) => void attempt("Reading the schedules failed", () => Promise.reject(reason)),
  );
  return {
    element: h("div", { class: "page" }, filter.element, table.element, none, more),
    update({ at, queues, queueCount }: Inspection) {
      more.hidden = only !== undefined || queues.length === queueCount;
      setText(more, `Those of ${count(queues.length)} of ${count(queueCount)} queues.`);
      const having = queues.filter(({ name, schedules }) => schedules > 0 && (only ?? name) === name);
      names = having.map(({ name }) => name);
      const glance = JSON.stringify(having.map(({ name, schedules }) => [name, schedules]));
      if (glance === seen && at < staleAt) return show();
      seen = glance;
      staleAt = at + EVERY_MS;
      reading.ask();
    },
  };
}

function createRow({ id, queue, body }: Row, showQueue: ((name: string) => void) | undefined, now: () => number) {
  const [ticks, next, last] = [h("td", {}), h("td", {}), h("td", {})];
  const open = h("button", { type: "button", class: "choose" }, queue);
  open.addEventListener("click", () => showQueue?.(queue));
  return {
    element: h(
      "tr",
      {},
      h("th", { scope: "row", class: "name" }, id),
      ...(showQueue ? [h("td", {}, open)] : []),
      ticks,
      next,
      last,
      h("td", { class: "some cut", title: preview(body) }, preview(body)),
    ),
    update({ cron, timeZone, everyMs, nextAt, lastAt }: Row) {
      setText(ticks, cron === null ? `every ${duration(everyMs ?? 0)}` : `${cron} ${timeZone ?? ""}`.trim());
      setFigure(next, nextAt === null ? "never again" : away(nextAt, now()));
      next.title = nextAt === null ? "" : instant(nextAt, now());
      setFigure(last, lastAt == null ? NOTHING : away(lastAt, now()));
      last.title = lastAt == null ? "" : instant(lastAt, now());
    },
  };
}
