// The messages of a queue: any of a million, found by what is in them, and each of them whole.

import type { InspectedQueue, Inspection, MessageState, MessageView } from "../../index.js";
import { focusedIn, h, setText } from "../elements/dom.js";
import { count, duration, shortId } from "../elements/format.js";
import { eventsOf } from "./journal-words.js";
import { createMessageActs } from "./message-acts.js";
import { createMessagePane, type MessagePane } from "./message-view.js";
import { button, STATE_WORDS } from "./parts.js";
import { type Line, lineOf, PLACES, type SearchPlace, search } from "./search.js";
import type { Inspecting, View } from "./view.js";
import { createVirtualList } from "./virtual-list.js";

const TYPING_MS = 250;

/** More than anybody reads: then the search waits until it is asked to go on. */
const FOUND_AT_ONCE = 1_000;

const SHOWN: readonly (readonly [MessageState | "", string])[] = [
  ["", "waiting or in work"],
  ["ready", "ready"],
  ["delayed", "delayed"],
  ["leased", "in work"],
  ["blocked", "blocked"],
  ["dead", "dead"],
];

const totalOf = (queue: InspectedQueue, state: MessageState | undefined): number =>
  state === undefined ? queue.ready + queue.delayed + queue.leased + queue.blocked : queue[state];

export function createMessagesView(name: string, inspecting: Inspecting): View {
  const { source, live, attempt, now } = inspecting;
  const state = h(
    "select",
    { "aria-label": "Which messages" },
    ...SHOWN.map(([value, text]) => h("option", { value }, text)),
  );
  const place = h(
    "select",
    { "aria-label": "Where to search" },
    ...PLACES.map((value) => h("option", { value }, value === "anywhere" ? value : `in the ${value}`)),
  );
  const text = h("input", { type: "search", placeholder: "Search", "aria-label": "Search messages" });
  const note = h("p", { class: "note", role: "status" });
  const progress = h("progress", { "aria-label": "Searched" });
  const stop = button("Stop", () => endSearch?.(), "quiet");
  const goOn = button("Search on", () => searchOn?.(), "quiet");
  const list = createVirtualList<Line>({
    label: `Messages of ${name}`,
    columns: [
      { head: "Id", kind: "mono", text: ({ id }) => shortId(id) },
      { head: "Body", kind: "mono grow", text: ({ glance }) => glance },
      { head: "State", kind: "some", text: ({ state }) => STATE_WORDS[state].toLowerCase() },
      { head: "Tries", kind: "number", text: ({ attempts }) => String(attempts) },
      { head: "Age", kind: "number", text: ({ sentAt }) => duration(Math.max(0, now() - sentAt)) },
    ],
    rest: inspecting.rest,
    onOpen: (line) =>
      void attempt("The message could not be read", async () => {
        const message = await line.read();
        if (message === undefined) throw new Error("It has changed since it was found, or is gone.");
        openMessage(message);
      }),
    onFailed: (reason) => void attempt("The messages could not be read", () => Promise.reject(reason)),
  });
  const browsing = h(
    "div",
    { class: "browsing" },
    h("div", { class: "toolbar" }, state, text, place),
    h("div", { class: "toolbar found" }, note, progress, stop, goOn),
    list.element,
  );
  const element = h("div", { class: "messages" }, browsing);
  const showSearch = (state: "over" | "runs" | "waits") => {
    const focused = focusedIn(element);
    progress.hidden = stop.hidden = state === "over";
    goOn.hidden = state !== "waits";
    // A button that goes leaves the focus to what was found.
    if (focused instanceof HTMLElement && [stop, goOn].some((one) => one === focused && one.hidden)) list.focus();
  };
  showSearch("over");
  let queue: InspectedQueue | undefined;
  let seen = "";
  let pane: MessagePane | undefined;
  /** Ends the search that goes on, or that was ended and whose results are shown. */
  let endSearch: (() => void) | undefined;
  let searchOn: (() => void) | undefined;

  const shown = () => (state.value === "" ? undefined : (state.value as MessageState));
  const read = async (skip: number, max: number) => {
    const of = shown();
    const messages = await (await source.readQueue(name)).peek({ skip, max, ...(of && { state: of }) });
    return messages.map((message) => lineOf(message));
  };
  const noteLength = (total: number) =>
    setText(note, total === 0 ? "None." : `${count(total)}, in the order they were sent.`);

  const browse = () => {
    endSearch?.();
    endSearch = undefined;
    if (queue === undefined) return;
    if (text.value.trim() !== "") return find(queue);
    const [total, of] = [totalOf(queue, shown()), shown()];
    void attempt("The messages could not be read", async () => {
      const { known } = await source.readQueue(name);
      if (of !== shown() || text.value.trim() !== "") return;
      const there = known?.(of) ?? total;
      if (there < total) setText(note, `The first ${count(there)} of ${count(total)} are in this bundle.`);
      else noteLength(total);
      list.reset(there, read);
    });
  };
  const find = (counts: InspectedQueue) => {
    const of = shown() === undefined ? totalOf(counts, undefined) + counts.dead : totalOf(counts, shown());
    const found: Line[] = [];
    let searched = 0;
    let isEnded = false;
    const say = (more: string) =>
      setText(note, `${count(found.length)} found in ${count(searched)} of ${count(of)}${more}`);
    const end = () => {
      isEnded = true;
      showSearch("over");
      searchOn?.();
      if (endSearch === end) say(": stopped.");
    };
    endSearch = end;
    progress.max = Math.max(1, of);
    progress.value = 0;
    showSearch("runs");
    setText(note, "Searching…");
    list.reset(0, async (from, max) => found.slice(from, from + max));
    void attempt("The search failed", async () => {
      try {
        const asked = { text: text.value, place: place.value as SearchPlace, state: shown(), counts };
        let pauseAt = FOUND_AT_ONCE;
        for await (const step of search(await source.readQueue(name), asked)) {
          if (isEnded) return;
          found.push(...step.found);
          searched = progress.value = step.searched;
          if (step.found.length > 0) list.refresh(found.length);
          say(".");
          if (found.length < pauseAt) continue;
          pauseAt = found.length + FOUND_AT_ONCE;
          showSearch("waits");
          await new Promise<void>((resolve) => {
            searchOn = resolve;
          });
          searchOn = undefined;
          if (isEnded) return;
          showSearch("runs");
        }
        if (!isEnded && found.length === 0) setText(note, `Nothing found in ${count(of)}.`);
      } finally {
        if (!isEnded) showSearch("over");
      }
    });
  };

  const openMessage = (message: MessageView) => {
    pane?.end();
    const back = button("All messages", closeMessage, "quiet");
    const acts = live ? createMessageActs({ name, message, live, inspecting, done: closeMessage }) : [];
    const readEvents = async () => {
      let events: [number, string][] | undefined;
      await attempt("The journal could not be read", async () => {
        events = eventsOf(await source.journal(), message.id, inspecting.clientName);
      });
      return events;
    };
    pane = createMessagePane(message, [...acts, back], readEvents, now());
    browsing.hidden = true;
    element.append(pane.element);
    pane.heading.focus();
  };
  function closeMessage(): void {
    pane?.end();
    pane?.element.remove();
    pane = undefined;
    browsing.hidden = false;
    list.focus();
    inspecting.refresh();
  }
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || pane === undefined) return;
    event.preventDefault();
    closeMessage();
  });

  state.addEventListener("change", browse);
  place.addEventListener("change", () => text.value !== "" && browse());
  let typing: ReturnType<typeof setTimeout> | undefined;
  text.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(browse, TYPING_MS);
  });

  return {
    element,
    update({ queues }: Inspection) {
      queue = queues.find((one) => one.name === name);
      if (queue === undefined) return;
      // Whatever comes, goes or changes its state changes one of these.
      const glance = JSON.stringify([
        totalOf(queue, undefined),
        queue.totals,
        queue.ready,
        queue.delayed,
        queue.leased,
        queue.dead,
      ]);
      if (seen === "") browse();
      else if (glance !== seen && endSearch === undefined && live) {
        const total = totalOf(queue, shown());
        noteLength(total);
        list.refresh(total);
      }
      seen = glance;
    },
    end() {
      endSearch?.();
      pane?.end();
    },
  };
}
