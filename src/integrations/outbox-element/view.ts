// What the outbox element shows of a snapshot: how far it is, the network, and three lists. Invariant: what has the focus keeps
// it, or the row behind it gets it.

import { createRows, h, type Row, type Rows, setText } from "../elements/dom.js";
import type { OutboxSnapshot } from "../frameworks/outbox-store.js";
import { createProgress } from "./progress.js";
import { createFailedRow, createSentRow, createWaitingRow, type RowHost } from "./rows.js";
import type { OutboxItem } from "./words.js";

export interface ViewHost extends RowHost {
  /** Epoch milliseconds; missing when the browser was offline from the beginning. */
  offlineSince(): number | undefined;
  readonly headingLevel: string;
  retryAll(): void;
  /** Rows of each list, at most, and how many come with more of them. */
  shown(): number;
  readonly pageSize: number;
  /** More of each list is wanted. */
  showMore(): void;
}

export interface View {
  readonly elements: readonly HTMLElement[];
  show(snapshot: OutboxSnapshot): void;
  /** Where the focus goes when what had it has gone. */
  takeFocus(): void;
}

interface List<Item> {
  readonly element: HTMLElement;
  /** `total`: how many there are, shown or not; infinite when nobody knows. */
  show(items: readonly Item[], total: number): void;
}

export function createView(host: ViewHost): View {
  const { speech } = host;
  const progressOf = createProgress();
  const summary = h("p", { part: "summary", tabindex: "-1", id: "summary", dir: "auto" });
  const bar = h("progress", { part: "progress", "aria-labelledby": "summary", hidden: "" });
  const network = h("p", { part: "network", dir: "auto", hidden: "" });
  const header = h("div", { part: "header" }, summary, bar, network);
  const takeFocus = () => summary.focus();

  const createList = <Item extends OutboxItem>(
    name: "failed" | "waiting" | "sent",
    createRow: (host: RowHost) => Row<Item>,
    ...acts: readonly HTMLElement[]
  ): List<Item> => {
    const id = `${name}-title`;
    const title = h("div", { role: "heading", id, dir: "auto", "aria-level": host.headingLevel });
    const rows = h("ul", { part: "list", role: "list", "aria-labelledby": id });
    const more = h("button", { type: "button", part: "button more" });
    more.addEventListener("click", host.showMore);
    const heading = h("div", { part: "heading" }, title, ...acts);
    const element = h("section", { part: `section ${name}-section`, "aria-labelledby": id }, heading, rows, more);
    const shown: Rows<Item> = createRows(
      rows,
      ({ id }) => id,
      () => createRow(host),
    );
    return {
      element,
      show(items, total) {
        setText(title, speech.say(name, { count: total }));
        const isLost = shown.show(items) !== undefined;
        const count = Math.min(host.pageSize, total - items.length);
        setText(more, speech.say("more", { count }));
        const hadFocus = more.matches(":focus");
        more.hidden = count <= 0 || items.length < host.shown();
        element.hidden = items.length === 0;
        if (isLost || (hadFocus && more.hidden)) takeFocus();
      },
    };
  };

  const retryAll = h("button", { type: "button", part: "button retry-all" }, speech.say("retryAll"));
  retryAll.addEventListener("click", host.retryAll);
  const failed = createList("failed", createFailedRow, retryAll);
  const waiting = createList("waiting", createWaitingRow);
  const sent = createList("sent", createSentRow);
  const empty = h("slot", { name: "empty" }, h("p", { part: "empty", dir: "auto" }, speech.say("empty")));

  const showNetwork = () => {
    const since = host.offlineSince();
    network.hidden = !host.isOffline();
    if (network.hidden) return;
    const at = since === undefined ? undefined : speech.time(since, host.now());
    setText(network, at === undefined ? speech.say("offline") : speech.say("offlineSince", { time: at }));
  };
  const summarise = (acked: number, remaining: number): string => {
    const progress = progressOf(acked, remaining);
    bar.hidden = progress === undefined || remaining === 0;
    if (progress === undefined) return speech.say("nothingWaits");
    const { sent: done, count } = progress;
    bar.max = count;
    bar.value = done;
    return done === count ? speech.say("allSent", { count }) : speech.say("progress", { sent: done, count });
  };

  return {
    elements: [header, failed.element, waiting.element, sent.element, empty],
    takeFocus,
    show(snapshot) {
      const { status, error, stats } = snapshot;
      showNetwork();
      if (status === "failed") setText(summary, speech.say("unreadable", { reason: error?.message ?? "" }));
      else if (stats === undefined) setText(summary, speech.say("loading"));
      else {
        const remaining = stats.ready + stats.delayed + stats.leased + stats.blocked;
        setText(summary, summarise(stats.totals.acked, remaining));
        failed.show(snapshot.dead, stats.dead);
        waiting.show(snapshot.waiting, remaining);
        sent.show(snapshot.delivered, Number.POSITIVE_INFINITY);
      }
      retryAll.hidden = snapshot.dead.length < 2;
      const isEmpty = [snapshot.dead, snapshot.waiting, snapshot.delivered].every(({ length }) => length === 0);
      empty.hidden = stats === undefined || !isEmpty;
    },
  };
}
