// Messages and their state: those first in line, as the queue shows them, and the last that this tab worked off.

import type { MessageView } from "../src/index.js";
import { byId, createRows, h, setText } from "./dom.js";
import { count, duration, preview, shortId } from "./format.js";
import type { HandledLog } from "./handled-log.js";
import type { DemoQueue } from "./session.js";

export interface MessageTable {
  /** Asks the queue and shows what it says. */
  refresh(): Promise<void>;
}

interface Row {
  readonly key: string;
  readonly id: string;
  readonly body: unknown;
  readonly state: keyof typeof STATE_WORDS;
  readonly priority: number;
  readonly attempts: number;
  readonly sentAt: number;
}

const STATE_WORDS = {
  ready: "ready",
  delayed: "delayed",
  leased: "in work",
  blocked: "blocked",
  dead: "dead",
  done: "done",
  failed: "failed here",
} as const;

const WAITING_MAX = 8;
const HANDLED_MAX = 6;
const ROWS_MAX = 12;

export function createMessageTable(queue: DemoQueue, log: HandledLog): MessageTable {
  const wanted = byId<HTMLSelectElement>("message-state");
  const rows = createRows<Row>(byId("messages"), (row) => row.key, createRow);

  const waiting = async (max: number): Promise<Row[]> => {
    if (wanted.value === "done") return [];
    const state = wanted.value === "all" ? {} : { state: wanted.value as MessageView["state"] };
    const views = await queue.peek({ max, ...state });
    return views.map((view) => ({ ...view, key: view.id }));
  };
  const handled = (max: number): Row[] =>
    log.latest(max).map((entry) => ({
      ...entry,
      key: `${entry.id} ${entry.attempt}`,
      state: entry.outcome === "handled" ? "done" : "failed",
      attempts: entry.attempt,
    }));

  const refresh = async () => {
    const isAll = wanted.value === "all";
    const some = await waiting(isAll ? WAITING_MAX : ROWS_MAX);
    const others = isAll ? handled(HANDLED_MAX) : wanted.value === "done" ? handled(ROWS_MAX) : [];
    const all = [...some, ...others];
    rows.show(all);
    byId("messages-empty").hidden = all.length > 0;
    setText(
      byId("messages-empty"),
      isAll ? "No messages yet. Press “Send one”, or choose what this tab does." : "No message is in this state now.",
    );
  };
  return { refresh };
}

function createRow(first: Row) {
  const id = h("td", { class: "id", title: first.id }, shortId(first.id));
  const body = h("td", { class: "body", title: preview(first.body) }, preview(first.body));
  const state = h("span", {});
  const priority = h("td", { class: "number" }, String(first.priority));
  const attempts = h("td", { class: "number" });
  const age = h("td", { class: "number" });
  const element = h("tr", {}, id, body, h("td", {}, state), priority, attempts, age);
  return {
    element,
    update(row: Row) {
      state.className = `state ${row.state}`;
      setText(state, STATE_WORDS[row.state]);
      setText(attempts, count(row.attempts));
      setText(age, duration(Math.max(0, Date.now() - row.sentAt)));
    },
  };
}
