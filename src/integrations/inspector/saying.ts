// What the inspector says of what was done: announced, shown for a while, and taken back where that is possible.

import { h, setText } from "../elements/dom.js";
import { wordsOf } from "../elements/words-of.js";
import { button } from "./parts.js";

const SHOWN_MS = 8_000;

export interface Saying {
  readonly element: HTMLElement;
  say(text: string, undo?: () => Promise<unknown>): void;
  attempt(what: string, run: () => Promise<unknown>): Promise<boolean>;
  /** Shows what is wrong until it is cleared by the same key. */
  problem(key: string, what: string, reason: unknown): void;
  clear(key: string): void;
}

export function createSaying(): Saying {
  // There before anything is said in it, so that it is announced.
  const said = h("div", { class: "said", role: "status" });
  const problems = h("div", { class: "problems", role: "alert" });
  const byKey = new Map<string, HTMLElement>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hush = () => {
    clearTimeout(timer);
    said.replaceChildren();
  };

  const problem = (key: string, what: string, reason: unknown) => {
    const text = `${what}: ${wordsOf(reason)}`;
    const known = byKey.get(key);
    if (known) return setText(known.firstElementChild as Element, text);
    const element = h(
      "div",
      { class: "problem" },
      h("p", {}, text),
      button("Dismiss", () => clear(key), "quiet"),
    );
    byKey.set(key, element);
    problems.append(element);
  };
  const clear = (key: string) => {
    byKey.get(key)?.remove();
    byKey.delete(key);
  };

  const saying: Saying = {
    element: h("div", { class: "saying" }, said, problems),
    say(text, undo) {
      hush();
      const back =
        undo && button("Undo", () => saying.attempt("It could not be taken back", undo).finally(hush), "quiet");
      said.append(h("p", {}, text), ...(back ? [back] : []));
      timer = setTimeout(hush, SHOWN_MS);
    },
    async attempt(what, run) {
      try {
        await run();
        clear(what);
        return true;
      } catch (reason) {
        problem(what, what, reason);
        return false;
      }
    },
    problem,
    clear,
  };
  return saying;
}
