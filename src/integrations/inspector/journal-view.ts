// Time travel: the end of the journal, commit by commit, with what every queue held, and where each message was, before
// and after it.

import type { JournalCommit, JournalTail, QueueDepths } from "../../index.js";
import { createRows, h, setText } from "../elements/dom.js";
import { count, instant, plural } from "../elements/format.js";
import { type Fate, fatesOf } from "./journal-fates.js";
import { commitWords } from "./journal-words.js";
import { button, createTable, emptyNote, STATE_WORDS, STATES, setUsable } from "./parts.js";
import type { Inspecting, View } from "./view.js";

/** What every queue held before the commit at this place; after the last one, now. */
export function depthsAt({ before, commits }: JournalTail, place: number): Record<string, QueueDepths> {
  // A queue may be called as members of every object are.
  return Object.assign(Object.create(null), before, ...commits.slice(0, place).map(({ after }) => after));
}

interface Row {
  readonly name: string;
  readonly before: QueueDepths;
  readonly after: QueueDepths;
}

/** Of messages that fared alike. */
const ROWS_MAX = 100;
const NONE: QueueDepths = { ready: 0, delayed: 0, leased: 0, blocked: 0, dead: 0 };

export function createJournalView({ source, attempt, now }: Inspecting): View {
  const earlier = button("Earlier", () => show(place - 1));
  const later = button("Later", () => show(place + 1));
  const slider = h("input", { type: "range", min: "0", "aria-label": "Commit" });
  const again = button("Read again", () => read(), "quiet");
  const title = h("h3", { class: "title" });
  const words = h("ul", { class: "lines" });
  const table = createTable("Queues, before and after this commit", [
    ["Queue", "name"],
    ...STATES.map((state) => [STATE_WORDS[state], "number"] as const),
  ]);
  const rows = createRows<Row>(table.body, ({ name }) => name, createRow);
  const messages = createTable("Messages, before and after this commit", [
    ["Messages", "name"],
    ["Queue"],
    ["Before"],
    ["After"],
    ["What was done"],
  ]);
  const more = h("p", { class: "note" });
  const none = emptyNote("The journal is empty: a checkpoint holds everything.");
  const content = h(
    "div",
    { class: "stack" },
    h("div", { class: "toolbar travel" }, earlier, slider, later, again),
    title,
    words,
    table.element,
    messages.element,
    more,
  );
  let tail: JournalTail | undefined;
  let place = 0;

  const read = () =>
    attempt("The journal could not be read", async () => {
      tail = await source.journal();
      slider.max = String(Math.max(0, tail.commits.length - 1));
      show(tail.commits.length - 1);
    });
  const show = (to: number) => {
    const { commits } = tail ?? { commits: [] };
    place = Math.max(0, Math.min(to, commits.length - 1));
    const commit = commits[place];
    content.hidden = commit === undefined;
    none.hidden = tail === undefined || commit !== undefined;
    if (tail === undefined || commit === undefined) return;
    slider.value = String(place);
    slider.setAttribute("aria-valuetext", titleOf(commit, now()));
    setText(title, `${titleOf(commit, now())}, ${count(place + 1)} of ${count(commits.length)}`);
    const lines = commitWords(commit.changes);
    words.replaceChildren(
      ...(lines.length > 0 ? lines : ["Nothing that concerns messages"]).map((line) => h("li", {}, line)),
    );
    const before = depthsAt(tail, place);
    const after = depthsAt(tail, place + 1);
    rows.show(Object.keys(after).map((name) => ({ name, before: before[name] ?? NONE, after: after[name] ?? NONE })));
    table.element.hidden = Object.keys(after).length === 0;
    const { fates, more: others } = fatesOf(commit);
    messages.element.hidden = fates.length === 0;
    messages.body.replaceChildren(...fates.slice(0, ROWS_MAX).map(fateRow));
    const left = fates.slice(ROWS_MAX).reduce((sum, fate) => sum + fate.count, others);
    more.hidden = left === 0;
    setText(more, `And ${plural(left, "message")} more.`);
    setUsable(earlier, place > 0);
    setUsable(later, place < commits.length - 1);
  };
  slider.addEventListener("input", () => show(Number(slider.value)));
  content.hidden = none.hidden = true;

  return {
    element: h("div", { class: "page" }, content, none),
    update() {
      if (tail === undefined) void read();
      tail ??= { before: {}, commits: [] };
    },
  };
}

const titleOf = ({ lsn, at, epoch }: JournalCommit, now: number): string =>
  `Commit ${count(lsn)}, ${instant(at, now)}, term ${epoch}`;

const numberOf = (seq: number): string => `…-${seq.toString(36)}`;

const fateRow = ({ queue, seq, count: many, before, after, words }: Fate): HTMLElement =>
  h(
    "tr",
    {},
    h(
      "th",
      { scope: "row", class: "name mono" },
      many === 1 ? numberOf(seq) : `${numberOf(seq)} to ${numberOf(seq + many - 1)} (${count(many)})`,
    ),
    h("td", {}, queue),
    h("td", {}, before),
    h("td", { class: "changed" }, after),
    h("td", { class: "wraps" }, words),
  );

function createRow({ name }: Row) {
  const cells = STATES.map(() => h("td", { class: "number" }));
  return {
    element: h("tr", {}, h("th", { scope: "row", class: "name" }, name), ...cells),
    update({ before, after }: Row) {
      STATES.forEach((state, i) => {
        const cell = cells[i] as HTMLElement;
        const isChanged = before[state] !== after[state];
        setText(cell, isChanged ? `${count(before[state])} → ${count(after[state])}` : count(after[state]));
        cell.classList.toggle("changed", isChanged);
        cell.classList.toggle("nothing", !isChanged && after[state] === 0);
      });
    },
  };
}
