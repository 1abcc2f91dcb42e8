// One message, whole: what it is, what became of it so far, its headers, its body.

import type { MessageView } from "../../index.js";
import { h, setText } from "../elements/dom.js";
import { away, instant, plural } from "../elements/format.js";
import { createBodyTree } from "./body-tree.js";
import { button, createFact, createTable, STATE_WORDS, section } from "./parts.js";

export interface MessagePane {
  readonly element: HTMLElement;
  readonly heading: HTMLElement;
  end(): void;
}

/** `acts`: what can be done with it; `readEvents`: what the journal tells of it. */
export function createMessagePane(
  message: MessageView,
  acts: readonly HTMLElement[],
  readEvents: () => Promise<[at: number, words: string][] | undefined>,
  now: number,
): MessagePane {
  const heading = h("h4", { class: "title", tabindex: "-1" }, h("code", {}, message.id));
  const state = h("span", { class: `state ${message.state}` }, STATE_WORDS[message.state]);
  const tree = createBodyTree(message.body);
  const facts = [
    ["Priority", String(message.priority)],
    ["Group", message.groupId ?? "none"],
    ["Attempts", String(message.attempts)],
    ["Expires", message.expiresAt === null ? "never" : instant(message.expiresAt, now)],
  ].map(([label = "", text = ""]) => {
    const fact = createFact(label);
    fact.set(text);
    return fact.element;
  });
  const lineOf = ([at, words]: readonly [at: number | undefined, words: string]) =>
    h("li", {}, h("time", {}, at === undefined ? "" : instant(at, now)), h("span", {}, words));
  const history = h("ol", { class: "history" }, ...historyOf(message, now).map(lineOf));
  const told = h("p", { class: "note" }, "As far as the queue remembers it.");
  const tell = button(
    "Ask the journal",
    async () => {
      const events = await readEvents();
      if (events === undefined) return;
      if (events.length > 0) history.replaceChildren(...events.map(lineOf));
      setText(told, events.length > 0 ? "As the end of the journal tells it." : "The journal tells of it no more.");
    },
    "quiet",
  );
  const headers = Object.entries(message.headers);
  const table = createTable("Headers", [["Name", "name"], ["Value"]]);
  table.body.append(
    ...headers.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "wraps" }, value))),
  );
  return {
    heading,
    element: h(
      "article",
      { class: "message" },
      h("header", {}, heading, state, h("div", { class: "acts" }, ...acts)),
      h("dl", { class: "facts" }, ...facts),
      section("What became of it", history, h("div", { class: "toolbar" }, told, tell)),
      ...(headers.length > 0 ? [section("Headers", table.element)] : []),
      section("Body", tree.element),
    ),
    end: tree.release,
  };
}

/** As far as the queue remembers it: its first moment, its last failure, and where it is now. */
export function historyOf(message: MessageView, now: number): [at: number | undefined, words: string][] {
  const { sentAt, attempts, redelivered, error, state, deliverAt, diedAt, reason } = message;
  const before = attempts - Number(state === "leased" && attempts > 0);
  const history: [number | undefined, string][] = [[sentAt, "Sent"]];
  if (before > 0) history.push([undefined, `Handed out: ${plural(before, "attempt")} that counted`]);
  else if (redelivered) history.push([undefined, "Handed out before, without an attempt that counted"]);
  if (error) history.push([undefined, `The last attempt failed: ${error.name}: ${error.message}`]);
  if (state === "delayed" && deliverAt !== null)
    history.push([deliverAt, `Waits until then (${away(deliverAt, now)})`]);
  if (state === "ready") history.push([undefined, "Ready to be handed out"]);
  if (state === "blocked") history.push([undefined, "Waits behind another of its group"]);
  if (state === "leased") history.push([undefined, "In the hands of a consumer"]);
  if (state === "dead") history.push([diedAt, `Given up: ${reason}`]);
  return history;
}
