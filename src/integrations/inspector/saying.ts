// What the inspector says of what was done: announced, shown for a while, and taken back where that is possible.

import { focusedIn, h, setText } from "../elements/dom.js";
import { wordsOf } from "../elements/words-of.js";
import { button } from "./parts.js";

const SHOWN_MS = 8_000;
/** In which what cannot be taken back is not done yet. */
const GRACE_MS = 5_000;

export interface Saying {
  readonly element: HTMLElement;
  say(text: string, undo?: () => Promise<unknown>): void;
  /** Runs it when its grace is over, when something else is said, or by `finish`, unless it is taken back before. */
  later(text: string, failed: string, run: () => Promise<unknown>): void;
  /** Does at once what waits for its grace. */
  finish(): Promise<unknown>;
  /** Takes back what was done last, or is not done yet. */
  undo(): void;
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
  let waiting: (() => Promise<unknown>) | undefined;
  let back: HTMLButtonElement | undefined;
  const element = h("div", { class: "saying" }, said, problems);
  let cameFrom: HTMLElement | undefined;
  element.addEventListener("focusin", ({ relatedTarget: from }) => {
    if (from instanceof HTMLElement && !element.contains(from)) cameFrom = from;
  });
  /** What goes gives the focus back to where it came from. */
  const remove = (gone: Element) => {
    const hasFocus = gone.contains(focusedIn(gone));
    gone.remove();
    if (hasFocus) cameFrom?.focus();
  };
  const isFocused = () => said.contains(focusedIn(said));
  const hush = () => {
    clearTimeout(timer);
    back = waiting = undefined;
    for (const gone of [...said.children]) remove(gone);
  };
  /** What can be taken back is offered for as long as the offer has the focus, too. */
  const hushSoon = (ms: number) => {
    timer = setTimeout(() => (isFocused() ? hushSoon(1_000) : hush()), ms);
  };
  const show = (text: string, undo: (() => unknown) | undefined, ...others: HTMLElement[]) => {
    back = undo && button("Undo", undo, "quiet");
    back?.setAttribute("aria-keyshortcuts", "Control+Z");
    said.append(h("p", {}, text), ...(back ? [back] : []), ...others);
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
    const known = byKey.get(key);
    if (known) remove(known);
    byKey.delete(key);
  };

  const saying: Saying = {
    element,
    say(text, undo) {
      void saying.finish();
      hush();
      show(
        text,
        undo &&
          (async () => {
            hush();
            if (await saying.attempt("It could not be taken back", undo)) saying.say("It is as it was.");
          }),
      );
      hushSoon(SHOWN_MS);
    },
    later(text, failed, run) {
      void saying.finish();
      hush();
      const now = () => {
        hush();
        return saying.attempt(failed, run);
      };
      const takeBack = () => {
        hush();
        saying.say("Nothing was done.");
      };
      waiting = now;
      show(`${text}, in ${GRACE_MS / 1_000} seconds.`, takeBack, button("Do it now", now, "quiet"));
      timer = setTimeout(now, GRACE_MS);
    },
    finish: async () => waiting?.(),
    undo: () => back?.click(),
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
