// Tabs, after the pattern of the ARIA Authoring Practices: one stop of the Tab key, arrows between them.

import type { Inspection } from "../../index.js";
import { h, setText } from "../elements/dom.js";
import type { View } from "./view.js";

export interface TabSpec<Id extends string> {
  readonly id: Id;
  readonly label: string;
  /** What is counted behind the label. */
  count?(inspection: Inspection): number | undefined;
  /** Made when it is first looked at. */
  create(): View;
}

export interface Tabs<Id extends string> extends View {
  readonly list: HTMLElement;
  show(id: Id): void;
}

let last = 0;

export function createTabs<Id extends string>(label: string, specs: readonly TabSpec<Id>[]): Tabs<Id> {
  const prefix = `t${++last}`;
  const list = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const panel = h("div", { role: "tabpanel", class: "tabpanel", id: `${prefix}-panel` });
  const made = new Map<Id, View>();
  let shown: Id | undefined;
  let latest: Inspection | undefined;
  const tabs = specs.map(({ id, label }) => {
    const number = h("span", { class: "number" });
    const attributes = { type: "button", role: "tab", id: `${prefix}-${id}`, "aria-controls": panel.id };
    const element = h("button", attributes, label, number);
    element.addEventListener("click", () => show(id));
    list.append(element);
    return { id, element, number };
  });
  list.addEventListener("keydown", (event) => {
    const { key } = event;
    const at = tabs.findIndex(({ id }) => id === shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[key];
    const next = to === undefined ? undefined : tabs.at(to % tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    show(next.id);
    next.element.focus();
  });

  const current = () => (shown === undefined ? undefined : made.get(shown));
  function show(id: Id): void {
    if (id === shown) return;
    current()?.end?.();
    shown = id;
    for (const { id, element } of tabs) {
      element.setAttribute("aria-selected", String(id === shown));
      element.tabIndex = id === shown ? 0 : -1;
    }
    const view = made.get(id) ?? (specs.find((spec) => spec.id === id) as TabSpec<Id>).create();
    made.set(id, view);
    panel.setAttribute("aria-labelledby", `${prefix}-${id}`);
    panel.replaceChildren(view.element);
    panel.scrollTop = 0;
    if (latest) view.update(latest);
  }
  show((specs[0] as TabSpec<Id>).id);

  return {
    element: panel,
    list,
    show,
    update(inspection) {
      latest = inspection;
      specs.forEach(({ count }, i) => {
        const number = count?.(inspection);
        setText(tabs[i]?.number as Element, number === undefined ? "" : String(number));
      });
      current()?.update(inspection);
    },
    end: () => current()?.end?.(),
  };
}
