// Tabs, after the pattern of the ARIA Authoring Practices: one stop of the Tab key, arrows between them.

import type { Inspection } from "../../index.js";
import { h, setText } from "../elements/dom.js";
import type { View } from "./view.js";

export interface TabSpec {
  readonly id: string;
  readonly label: string;
  /** What is counted behind the label. */
  count?(inspection: Inspection): number | undefined;
  /** Made when it is first looked at. */
  create(): View;
}

export interface Tabs extends View {
  readonly list: HTMLElement;
  show(id: string): void;
  readonly shown: string;
}

let last = 0;

export function createTabs(label: string, specs: readonly TabSpec[]): Tabs {
  const prefix = `t${++last}`;
  const list = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const panel = h("div", { role: "tabpanel", class: "tabpanel", id: `${prefix}-panel` });
  const made = new Map<string, View>();
  let shown = "";
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

  function show(id: string): void {
    if (id === shown) return;
    made.get(shown)?.end?.();
    shown = id;
    for (const { id, element } of tabs) {
      element.setAttribute("aria-selected", String(id === shown));
      element.tabIndex = id === shown ? 0 : -1;
    }
    const view = made.get(id) ?? (specs.find((spec) => spec.id === id) as TabSpec).create();
    made.set(id, view);
    panel.setAttribute("aria-labelledby", `${prefix}-${id}`);
    panel.replaceChildren(view.element);
    panel.scrollTop = 0;
    if (latest) view.update(latest);
  }
  show((specs[0] as TabSpec).id);

  return {
    element: panel,
    list,
    show,
    get shown() {
      return shown;
    },
    update(inspection) {
      latest = inspection;
      specs.forEach(({ count }, i) => {
        const number = count?.(inspection);
        setText(tabs[i]?.number as Element, number === undefined ? "" : String(number));
      });
      made.get(shown)?.update(inspection);
    },
    end: () => made.get(shown)?.end?.(),
  };
}
