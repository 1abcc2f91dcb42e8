// What the inspector says of what was done: announced, shown for a while, and taken back where that is possible.

import { h, setText } from "../elements/dom.js";
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
  const hush = () => {
    clearTimeout(timer);
    said.replaceChildren();
    back = waiting = undefined;
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
    byKey.get(key)?.remove();
    byKey.delete(key);
  };

  const saying: Saying = {
    element: h("div", { class: "saying" }, said, problems),
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
      timer = setTimeout(hush, SHOWN_MS);
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
