// The rows of the three lists: what waits, what failed, what was sent. Invariant: what can be done with a row is done by a button
// that names it, and never before a question where it cannot be undone.

import { focusedIn, h, type Row, setText } from "../elements/dom.js";
import type { WaitingOutboxMessage } from "../outbox/message.js";
import type { DeadOutboxMessage, DeliveredOutboxMessage } from "../outbox/options.js";
import {
  deathOf,
  failureOf,
  type OutboxDescription,
  type OutboxItem,
  type OutboxSpeech,
  quoteOf,
  stateOf,
} from "./words.js";

export type Act = "retry" | "edit" | "discard";

/** What a row asks of the element that it is in. */
export interface RowHost {
  readonly speech: OutboxSpeech;
  describe(message: OutboxItem): OutboxDescription;
  isOffline(): boolean;
  now(): number;
  /** Whether there is a form to edit with. */
  canEdit(): boolean;
  act(act: Act, message: WaitingOutboxMessage | DeadOutboxMessage): void;
}

type Part = "title" | "detail" | "state" | "reason" | "answer";

/** Texts one under the other, each with its part; those that say nothing are hidden. */
function createBody(list: string) {
  const texts = (["title", "detail", "state", "reason", "answer"] as const).map(
    (part) => [part, h("p", { part, dir: "auto" })] as const,
  );
  const element = h("li", { part: `item ${list}`, tabindex: "-1" }, ...texts.map(([, paragraph]) => paragraph));
  const say = (said: Readonly<Partial<Record<Part, string>>>) => {
    for (const [part, paragraph] of texts) {
      setText(paragraph, said[part] ?? "");
      paragraph.hidden = !said[part];
    }
  };
  return { element, say };
}

/** Buttons, and a question in their place while it is asked. */
function createActs(host: RowHost, acts: readonly Act[], run: (act: Act) => void) {
  const { speech } = host;
  const buttonOf = (name: Act | "keep", part: string, press: () => void) => {
    const button = h("button", { type: "button", part: `button ${part}`, "data-act": name }, speech.say(name));
    button.addEventListener("click", press);
    return button;
  };
  const question = h("p", { dir: "auto" });
  const ask = (isAsked: boolean) => {
    offered.hidden = isAsked;
    asked.hidden = !isAsked;
    // What does no harm is where the next press goes.
    (isAsked ? keep : discard).focus();
  };
  const buttons = acts.map((act) =>
    buttonOf(act, act === "retry" ? "primary" : act, () => (act === "discard" ? ask(true) : run(act))),
  );
  const discard = buttons.at(-1) as HTMLButtonElement;
  const keep = buttonOf("keep", "keep", () => ask(false));
  const really = buttonOf("discard", "discard danger", () => run("discard"));
  const offered = h("div", { part: "actions" }, ...buttons);
  const asked = h("div", { part: "actions question", role: "group", hidden: "" }, question, really, keep);
  asked.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    ask(false);
  });
  return {
    elements: [offered, asked],
    update(title: string, isSending: boolean, canEdit: boolean) {
      setText(question, speech.say(isSending ? "reallyDiscardSending" : "reallyDiscard"));
      asked.setAttribute("aria-label", `${question.textContent} ${title}`);
      for (const button of [...buttons, really, keep]) {
        const name = speech.say("named", { act: button.textContent ?? "", title });
        if (button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
        if (button.dataset.act !== "edit") continue;
        // What is on its way cannot be changed: the server may have it already.
        const isHidden = isSending || !canEdit;
        if (isHidden && focusedIn(button) === button) discard.focus();
        button.hidden = isHidden;
      }
    },
  };
}

function createActedRow<Item extends WaitingOutboxMessage | DeadOutboxMessage>(
  host: RowHost,
  list: string,
  acts: readonly Act[],
  sayOf: (item: Item, description: OutboxDescription) => Readonly<Partial<Record<Part, string>>>,
): Row<Item> {
  const { element, say } = createBody(list);
  let current: Item;
  const buttons = createActs(host, acts, (act) => host.act(act, current));
  element.append(...buttons.elements);
  return {
    element,
    update(item) {
      current = item;
      const description = host.describe(item);
      const { title, detail = "", isEditable = true } = description;
      say({ title, detail, ...sayOf(item, description) });
      const isSending = "state" in item && item.state === "leased";
      buttons.update(title, isSending, isEditable && host.canEdit());
    },
    takeFocus(lost) {
      const { act } = (lost as HTMLElement).dataset;
      const same = act && element.querySelector<HTMLElement>(`[data-act="${act}"]`);
      (same && same.checkVisibility?.() !== false ? same : element).focus();
    },
  };
}

export const createWaitingRow = (host: RowHost): Row<WaitingOutboxMessage> =>
  createActedRow(host, "waiting", ["edit", "discard"], (item, { reason }) => {
    const isOffline = host.isOffline();
    const state = stateOf(host.speech, item, isOffline, host.now());
    return { state, reason: reason ?? failureOf(host.speech, item, isOffline) };
  });

export const createFailedRow = (host: RowHost): Row<DeadOutboxMessage> =>
  createActedRow(host, "failed", ["retry", "edit", "discard"], (item, { reason }) => ({
    reason: reason ?? deathOf(host.speech, item),
    answer: quoteOf(item.answer),
  }));

export function createSentRow(host: RowHost): Row<DeliveredOutboxMessage> {
  const { element, say } = createBody("sent");
  return {
    element,
    update(item) {
      const { title, detail = "" } = host.describe(item);
      const time = host.speech.time(item.deliveredAt, host.now());
      say({ title, detail, state: host.speech.say("sentAt", { time }) });
    },
    takeFocus: () => element.focus(),
  };
}
