// The few helpers that an element without a framework needs. Nothing here parses markup or writes a style attribute, so that
// it works under a strict content security policy, Trusted Types included.

type Child = Node | string;

/** An element with these attributes and children; those with an attribute `undefined` lack it. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** What was set on an element before it was defined stands in the way of its own properties: they take it. */
export function takeEarly(element: HTMLElement, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value: unknown = Reflect.get(element, name);
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, value);
  }
}

/** Writes only what differs: the page keeps its selection, and nothing is laid out anew for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The element that has the focus, in the tree that this one is in. */
export const focusedIn = (element: Element): Element | null =>
  (element.getRootNode() as Document | ShadowRoot).activeElement;

export interface Row<Item> {
  readonly element: HTMLElement;
  update(item: Item): void;
  /** Takes the focus of a row that has gone, of whose parts `lost` had it. */
  takeFocus?(lost: Element): void;
}

export interface Rows<Item> {
  /**
   * Shows these items in this order; a row lives as long as its key, so that focus and ticks stay where they are. Answers with
   * what had the focus and is gone, where no row is left to take it.
   */
  show(items: readonly Item[]): Element | undefined;
}

/** Where a row goes that has the focus, the next one takes it, or the one before. */
export function createRows<Item>(
  parent: Element,
  keyOf: (item: Item) => string,
  create: (item: Item) => Row<Item>,
): Rows<Item> {
  let rows = new Map<string, Row<Item>>();

  /** Of those that were there, the first behind the one that goes which stays, or the last before it. */
  const heirOf = (gone: Row<Item>, next: ReadonlyMap<string, Row<Item>>) => {
    const order = [...rows];
    const place = order.findIndex(([, row]) => row === gone);
    const candidates = [...order.slice(place + 1), ...order.slice(0, place).reverse()];
    return candidates.find(([key]) => next.has(key))?.[1] ?? next.values().next().value;
  };

  return {
    show(items) {
      const next = new Map<string, Row<Item>>();
      for (const item of items) next.set(keyOf(item), rows.get(keyOf(item)) ?? create(item));
      const focused = focusedIn(parent);
      let lost: Element | undefined;
      let heir: Row<Item> | undefined;
      for (const [key, row] of rows) {
        if (next.has(key)) continue;
        if (focused && row.element.contains(focused)) {
          lost = focused;
          heir = heirOf(row, next);
        }
        row.element.remove();
      }
      rows = next;
      let place = parent.firstElementChild;
      for (const item of items) {
        const row = rows.get(keyOf(item));
        if (row === undefined) continue;
        row.update(item);
        if (row.element === place) place = place.nextElementSibling;
        else parent.insertBefore(row.element, place);
      }
      if (lost === undefined) return undefined;
      heir?.takeFocus?.(lost);
      return heir?.takeFocus ? undefined : lost;
    },
  };
}

/** Each level of a fade is a frame to draw: an animation draws sixty a second, which costs more than all else that is shown. */
const FADE_STEP_MS = 90;
const FADE_LEVELS = ["0.4", "0.7"] as const;
/** Which level each figure that fades in comes to next. */
const fading = new Map<HTMLElement, number>();
let stillness: MediaQueryList | undefined;

function fadeOn(): void {
  for (const [element, level] of fading) {
    const opacity = FADE_LEVELS[level];
    fading.set(element, level + 1);
    if (opacity !== undefined) element.style.setProperty("opacity", opacity);
    else {
      element.style.removeProperty("opacity");
      fading.delete(element);
    }
  }
  if (fading.size > 0) setTimeout(fadeOn, FADE_STEP_MS);
}

/** Writes a figure that changes: the new one fades in, where the reader does not ask for stillness. */
export function setFigure(element: HTMLElement, text: string): void {
  const before = element.textContent;
  if (before === text) return;
  element.textContent = text;
  stillness ??= matchMedia("(prefers-reduced-motion: reduce)");
  if (before === "" || stillness.matches) return;
  if (fading.size === 0) setTimeout(fadeOn, FADE_STEP_MS);
  fading.set(element, 1);
  element.style.setProperty("opacity", FADE_LEVELS[0]);
}
