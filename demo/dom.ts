// The few helpers that a page without a framework needs.

/** The element with this id; the page is broken without it. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element as E;
}

type Child = Node | string;

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Writes only what differs: the page keeps its selection, and nothing is laid out anew for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export interface Rows<Item> {
  /** Shows these items in this order; a row lives as long as its key, so that focus and ticks stay where they are. */
  show(items: readonly Item[]): void;
}

export function createRows<Item>(
  parent: Element,
  keyOf: (item: Item) => string,
  create: (item: Item) => { readonly element: Element; update(item: Item): void },
): Rows<Item> {
  let rows = new Map<string, ReturnType<typeof create>>();
  return {
    show(items) {
      const next: typeof rows = new Map();
      for (const item of items) next.set(keyOf(item), rows.get(keyOf(item)) ?? create(item));
      for (const [key, { element }] of rows) if (!next.has(key)) element.remove();
      rows = next;
      let place = parent.firstElementChild;
      for (const item of items) {
        const row = rows.get(keyOf(item));
        if (row === undefined) continue;
        row.update(item);
        if (row.element === place) place = place.nextElementSibling;
        else parent.insertBefore(row.element, place);
      }
    },
  };
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
