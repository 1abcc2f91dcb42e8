// The small pieces that the views are made of: figures, meters, badges, empty places, buttons.

import { h, setFigure, setText } from "../elements/dom.js";
import { count, percent } from "../elements/format.js";

/** Words for states, as people say them. */
export const STATE_WORDS = {
  ready: "Ready",
  delayed: "Delayed",
  leased: "In work",
  blocked: "Blocked",
  dead: "Dead",
} as const;
export type StateName = keyof typeof STATE_WORDS;
export const STATES = Object.keys(STATE_WORDS) as StateName[];

/** Pressed while what it does goes on, or while it is not usable, it does nothing. */
export const button = (label: string, run: () => unknown, kind = ""): HTMLButtonElement => {
  const element = h("button", { type: "button", class: `button ${kind}`.trim() }, label);
  let isRunning = false;
  element.addEventListener("click", async () => {
    if (isRunning || element.getAttribute("aria-disabled") === "true") return;
    isRunning = true;
    try {
      await run();
    } finally {
      isRunning = false;
    }
  });
  return element;
};

/** Not by `disabled`: a button that is disabled loses the focus, and who uses the keyboard their place. */
export const setUsable = (button: HTMLElement, isUsable: boolean): void =>
  button.setAttribute("aria-disabled", String(!isUsable));

/** A figure with what it is of. */
export function createFact(label: string, title?: string): { readonly element: HTMLElement; set(text: string): void } {
  const value = h("dd", {});
  return { element: h("div", { title }, h("dt", {}, label), value), set: (text) => setFigure(value, text) };
}

/** How much of something is taken: a bar, and the same in words. */
export function createMeter(label: string) {
  const value = h("span", { class: "figure" });
  const fill = h("span", {});
  const bar = h("span", { class: "bar", "aria-hidden": "true" }, fill);
  const element = h("div", { class: "meter" }, h("span", {}, label), value, bar);
  return {
    element,
    set(share: number, words = percent(share)) {
      setFigure(value, words);
      fill.style.setProperty("inline-size", `${Math.min(100, Math.max(0, share * 100))}%`);
      element.classList.toggle("near", share >= 0.8);
    },
  };
}

/** So much of so much, or how much there is where there is no limit. */
export function createLimit(label: string) {
  const meter = createMeter(label);
  return {
    element: meter.element,
    set(taken: number, limit: number | null | undefined, words: (n: number) => string = count) {
      if (limit == null) meter.set(0, `${words(taken)}, no limit`);
      else meter.set(taken / limit, `${words(taken)} of ${words(limit)}`);
    },
  };
}

export function createBadge() {
  const element = h("span", { class: "badge" });
  return {
    element,
    set(text: string, kind: "" | "warn" | "on" = "") {
      element.hidden = text === "";
      element.className = `badge ${kind}`.trim();
      setText(element, text);
    },
  };
}

/** What is said where there is nothing to show. */
export const emptyNote = (text: string): HTMLElement => h("p", { class: "empty" }, text);

export const section = (title: string, ...content: (Node | string)[]): HTMLElement =>
  h("section", {}, h("h4", {}, title), ...content);

/** A table that scrolls sideways where it must, also by keyboard. */
export function createTable(label: string, heads: readonly (readonly [text: string, kind?: string])[]) {
  const body = h("tbody", {});
  const head = h("tr", {}, ...heads.map(([text, kind]) => h("th", { scope: "col", class: kind }, text)));
  const table = h("table", { "aria-label": label }, h("thead", {}, head), body);
  return { element: h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table), body };
}
