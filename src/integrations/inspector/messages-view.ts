// The messages of a queue: any of a million, found by what is in them, and each of them whole.

import type { InspectedQueue, Inspection, MessageState, MessageView } from "../../index.js";
import { h, setText } from "../elements/dom.js";
import { count, duration, preview, shortId } from "../elements/format.js";
import { eventsOf } from "./journal-words.js";
import { createMessageActs } from "./message-acts.js";
import { createMessagePane, type MessagePane } from "./message-view.js";
import { button, STATE_WORDS } from "./parts.js";
import { FOUND_MAX, PLACES, type SearchPlace, search } from "./search.js";
import type { Inspecting, View } from "./view.js";
import { createVirtualList } from "./virtual-list.js";

const TYPING_MS = 250;

type Shown = MessageState | "";
const SHOWN: readonly (readonly [Shown, string])[] = [
  ["", "waiting or in work"],
  ["ready", "ready"],
  ["delayed", "delayed"],
  ["leased", "in work"],
  ["blocked", "blocked"],
  ["dead", "dead"],
];

const totalOf = (queue: InspectedQueue, state: Shown): number =>
  state === "" ? queue.ready + queue.delayed + queue.leased + queue.blocked : queue[state];

export function createMessagesView(name: string, inspecting: Inspecting): View {
  const { source, live, attempt } = inspecting;
  const state = h(
    "select",
    { "aria-label": "Which messages" },
    ...SHOWN.map(([value, text]) => h("option", { value }, text)),
  );
  const place = h(
    "select",
    { "aria-label": "Where to search" },
    ...PLACES.map((value) =>
      h(
        "option",
        { value },
        value === "anywhere" ? value : `in ${value === "headers" || value === "id" ? "the " : "the "}${value}`,
      ),
    ),
  );
  const text = h("input", { type: "search", placeholder: "Search", "aria-label": "Search messages" });
  const note = h("p", { class: "note", role: "status" });
  const list = createVirtualList<MessageView>({
    label: `Messages of ${name}`,
    columns: [
      { head: "Id", kind: "mono", text: ({ id }) => shortId(id) },
      {
        head: "Body",
        kind: "mono grow",
        text: ({ body, error, reason }) =>
          reason === undefined ? preview(body) : `${error?.message ?? reason} · ${preview(body)}`,
      },
      { head: "State", kind: "some", text: ({ state }) => STATE_WORDS[state].toLowerCase() },
      { head: "Tries", kind: "number", text: ({ attempts }) => String(attempts) },
      { head: "Age", kind: "number", text: ({ sentAt }) => duration(Math.max(0, Date.now() - sentAt)) },
    ],
    onOpen: (message) => openMessage(message),
    onFailed: (reason) => void attempt("The messages could not be read", () => Promise.reject(reason)),
  });
  const browsing = h(
    "div",
    { class: "browsing" },
    h("div", { class: "toolbar" }, state, text, place),
    note,
    list.element,
  );
  const element = h("div", { class: "messages" }, browsing);
  let queue: InspectedQueue | undefined;
  let seen = "";
  let pane: MessagePane | undefined;
  let searching: AbortController | undefined;

  const shown = () => state.value as Shown;
  const read = async (skip: number, max: number) =>
    (await source.readQueue(name)).peek({ skip, max, ...(shown() !== "" && { state: shown() as MessageState }) });
  const noteLength = (total: number) =>
    setText(note, total === 0 ? "None." : `${count(total)}, in the order they were sent.`);

  const browse = () => {
    searching?.abort();
    searching = undefined;
    if (queue === undefined) return;
    if (text.value.trim() !== "") return find(queue);
    const [total, of] = [totalOf(queue, shown()), shown()];
    void attempt("The messages could not be read", async () => {
      const { known } = await source.readQueue(name);
      if (of !== shown() || text.value.trim() !== "") return;
      const there = known?.(of === "" ? undefined : of) ?? total;
      if (there < total) setText(note, `The first ${count(there)} of ${count(total)} are in this bundle.`);
      else noteLength(total);
      list.reset(there, read);
    });
  };
  const find = ({ ready, delayed, leased, blocked, dead }: InspectedQueue) => {
    const own = new AbortController();
    searching = own;
    const of = shown() === "" ? ready + delayed + leased + blocked + dead : totalOf(queue as InspectedQueue, shown());
    let found: readonly MessageView[] = [];
    setText(note, "Searching…");
    list.reset(0, async (from, max) => found.slice(from, from + max));
    const onProgress = (now: readonly MessageView[], searched: number) => {
      if (own.signal.aborted) return;
      const hasMore = now.length !== found.length;
      found = now;
      if (hasMore) list.refresh(found.length);
      setText(
        note,
        `${count(found.length)} found in ${count(searched)} of ${count(of)}${found.length >= FOUND_MAX ? ", the first of more" : ""}.`,
      );
    };
    void attempt("The search failed", async () => {
      const asked = {
        text: text.value,
        place: place.value as SearchPlace,
        state: shown() === "" ? undefined : (shown() as MessageState),
      };
      await search(await source.readQueue(name), { ...asked, signal: own.signal, onProgress });
      if (!own.signal.aborted && found.length === 0) setText(note, `Nothing found in ${count(of)}.`);
    });
  };

  const openMessage = (message: MessageView) => {
    pane?.end();
    const back = button("All messages", closeMessage, "quiet");
    const acts = live ? createMessageActs({ name, message, live, inspecting, done: closeMessage }) : [];
    const readEvents = async () => {
      let events: [number, string][] | undefined;
      await attempt("The journal could not be read", async () => {
        events = eventsOf(await source.journal(), message.id);
      });
      return events;
    };
    pane = createMessagePane(message, [...acts, back], readEvents);
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
      const now = JSON.stringify([
        totalOf(queue, ""),
        queue.totals,
        queue.ready,
        queue.delayed,
        queue.leased,
        queue.dead,
      ]);
      if (seen === "") browse();
      else if (now !== seen && searching === undefined && live) {
        const total = totalOf(queue, shown());
        noteLength(total);
        list.refresh(total);
      }
      seen = now;
    },
    end() {
      searching?.abort();
      pane?.end();
    },
  };
}
