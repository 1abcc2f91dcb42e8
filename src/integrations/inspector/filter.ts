// What narrows a list that is too long to be looked through: a text, and how many it leaves, which is announced.

import { h, setText } from "../elements/dom.js";
import { count } from "../elements/format.js";

/** So many are looked through sooner than a text is written. */
const SEEN_AT_ONCE = 10;
const TYPING_MS = 250;

export interface Filter {
  readonly element: HTMLElement;
  /** What is written, in lower case; "" leaves all. */
  readonly text: string;
  /** Whether one of these has the text in it. */
  leaves(...texts: readonly (string | null)[]): boolean;
  /** How many are shown, of how many there are: where these are many, it offers itself. */
  tell(shown: number, of: number): void;
}

/** `things`: what the list holds, as it is called when it is counted; `changed`: the list is to be shown anew. */
export function createFilter(things: string, changed: () => void): Filter {
  const input = h("input", { type: "search", placeholder: "Filter", "aria-label": `Filter ${things}` });
  const note = h("p", { class: "note", role: "status" });
  const element = h("div", { class: "toolbar filter", hidden: "" }, input, note);
  const text = () => input.value.trim().toLowerCase();
  let typing: ReturnType<typeof setTimeout> | undefined;
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(changed, TYPING_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || input.value === "") return;
    // It closes nothing: the next one does.
    event.preventDefault();
    input.value = "";
    changed();
  });
  return {
    element,
    get text() {
      return text();
    },
    leaves: (...texts) => texts.some((one) => one?.toLowerCase().includes(text())),
    tell(shown, of) {
      element.hidden = of <= SEEN_AT_ONCE && input.value === "";
      const isAll = shown === of && text() === "";
      setText(note, isAll ? "" : `${text() === "" ? "The first " : ""}${count(shown)} of ${count(of)} ${things}.`);
    },
  };
}
