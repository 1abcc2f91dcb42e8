// The few helpers that a page without a framework needs, beside those of the elements.

export { createRows, h, type Rows, setText } from "../src/integrations/elements/dom.js";

/** The element with this id; the page is broken without it. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element as E;
}

const ARMED_MS = 4_000;

/** A button for what cannot be undone: the first press asks, a second one within four seconds does it. */
export function onSecondPress(button: HTMLButtonElement, question: string, run: () => void): void {
  const label = button.textContent ?? "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const disarm = () => {
    clearTimeout(timer);
    timer = undefined;
    button.classList.remove("armed");
    button.textContent = label;
  };
  button.addEventListener("click", () => {
    if (timer !== undefined) {
      disarm();
      return run();
    }
    button.classList.add("armed");
    button.textContent = `${question} Press again`;
    timer = setTimeout(disarm, ARMED_MS);
  });
}
