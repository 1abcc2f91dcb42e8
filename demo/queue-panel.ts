// The queue as a whole: its counts, its settings, who hosts it, and how the tabs share its work.

import type { QueueStats } from "../src/index.js";
import { byId, createRows, h, onSecondPress, setText } from "./dom.js";
import { count, shortCount } from "./format.js";
import type { Problems } from "./problems.js";
import type { Sample } from "./series.js";
import type { Session } from "./session.js";
import type { Role, Tab } from "./tabs.js";

export interface QueuePanel {
  showStats(stats: QueueStats, last: Sample | undefined): void;
  showHost(): void;
  showTabs(tabs: readonly Tab[]): void;
}

const HOST_NAMES: Readonly<Record<string, string>> = {
  "shared-worker": "SharedWorker",
  "dedicated-worker": "a tab's worker",
  "service-worker": "service worker",
  "in-process": "this page",
  server: "a server",
};
const ROLE_WORDS: Readonly<Record<Role, string>> = {
  watch: "looks on",
  produce: "produces",
  consume: "consumes",
  both: "does both",
};

export function createQueuePanel({ connection, queue, room, setRoom }: Session, problems: Problems): QueuePanel {
  const limit = byId<HTMLSelectElement>("limit");
  const pause = byId<HTMLButtonElement>("pause");
  const tiles = [...document.querySelectorAll(".queue .tiles dd")];
  let isPaused = false;

  limit.value = String(room);
  limit.addEventListener("change", () => problems.guard("Setting the room failed", () => setRoom(Number(limit.value))));
  queue.addEventListener("configured", ({ detail }) => {
    if (detail.settings.maxMessages !== undefined) limit.value = String(detail.settings.maxMessages);
  });
  pause.addEventListener("click", () =>
    problems.guard("Pausing failed", () => (isPaused ? queue.resume() : queue.pause())),
  );
  onSecondPress(byId<HTMLButtonElement>("purge"), "Really delete it?", () =>
    problems.guard("Deleting failed", () => queue.purge()),
  );

  const share = createShare();
  const lanes = createLanes();

  return {
    showStats(stats, last) {
      const { ready, delayed, leased, dead, totals } = stats;
      [ready, delayed, leased, totals.acked, dead].forEach((n, i) => {
        setText(tiles[i] as Element, n < 100_000 ? count(n) : shortCount(n));
      });
      lanes(stats.byPriority.map((level) => level.ready));
      isPaused = stats.paused;
      setText(pause, isPaused ? "Resume the queue" : "Pause the queue");
      const waiting = ready + delayed + leased;
      const state = stats.pausedBy === "dead-letters" ? "full of dead letters" : isPaused ? "paused" : "";
      const badge = byId("queue-badge");
      setText(badge, state || (waiting > 0 ? "has work" : "empty"));
      badge.className = `badge ${state ? "warn" : waiting > 0 ? "on" : ""}`;
      setText(byId("queue-state"), `${count(waiting)} waiting or in work`);
      showPipe("pipe-in", last?.arrivals ?? 0);
      showPipe("pipe-out", last?.services ?? 0);
    },
    showHost() {
      const { host } = connection;
      setText(byId("host"), host ? `${HOST_NAMES[host.kind] ?? host.kind}, term ${host.epoch}` : "connecting…");
    },
    showTabs(tabs) {
      setText(byId("tab-count"), count(tabs.filter((tab) => !tab.gone).length));
      const open = tabs.filter((tab) => !tab.gone);
      const hint = byId("share-hint");
      hint.hidden = open.filter(({ role }) => role === "consume" || role === "both").length > 1;
      setText(
        hint,
        open.length > 1
          ? "Let two of the tabs consume: they share the queue."
          : "Open another tab and let it consume: the two share the queue.",
      );
      share(tabs);
    },
  };
}

function showPipe(id: string, perSecond: number): void {
  const label = byId(id);
  setText(label, `${shortCount(perSecond)}/s`);
  label.parentElement?.classList.toggle("moving", perSecond >= 0.5);
}

/** Columns: how many are ready in each priority, 9 on the left as it goes first. */
function createLanes(): (ready: readonly number[]) => void {
  const columns = Array.from({ length: 10 }, (_, i) => {
    const bar = h("div", { class: "bar", "aria-hidden": "true" }, h("span"));
    const words = h("span", { class: "visually-hidden" });
    byId("lanes").append(h("li", {}, bar, String(9 - i), words));
    return { bar, words };
  });
  return (ready) => {
    const most = Math.max(1, ...ready);
    columns.forEach(({ bar, words }, i) => {
      const n = ready[9 - i] ?? 0;
      bar.style.setProperty("--part", `${Math.ceil((n / most) * 100)}%`);
      setText(words, `: ${count(n)} ready`);
    });
  };
}

/** Bars: what each tab handled, of what all of them did. */
function createShare(): (tabs: readonly Tab[]) => void {
  const createRow = ({ name, colour }: Tab) => {
    const dot = h("span", { class: "dot" });
    const what = h("span", { class: "what" });
    const handled = h("b", { "data-testid": `share-${name}` });
    const part = h("span", { class: "what" });
    const element = h(
      "li",
      { style: `--tab: ${colour}` },
      h("span", { class: "who" }, dot, name, " ", what),
      h("span", { class: "bar", "aria-hidden": "true" }, h("span")),
      h("span", { class: "count" }, handled, " ", part),
    );
    return { element, handled, part, what };
  };
  let total = 0;
  let isFirst = true;
  const rows = createRows<Tab>(
    byId("share"),
    (tab) => tab.name,
    (tab) => {
      const { element, handled, part, what } = createRow(tab);
      const own = isFirst;
      isFirst = false;
      return {
        element,
        update(now) {
          const percent = total === 0 ? 0 : (now.handled / total) * 100;
          element.style.setProperty("--part", `${percent}%`);
          element.classList.toggle("gone", now.gone);
          setText(handled, count(now.handled));
          setText(part, `${Math.round(percent)} %`);
          setText(what, now.gone ? "closed" : own ? `this tab ${ROLE_WORDS[now.role]}` : ROLE_WORDS[now.role]);
        },
      };
    },
  );
  return (tabs) => {
    total = tabs.reduce((sum, tab) => sum + tab.handled, 0);
    rows.show(tabs);
  };
}
