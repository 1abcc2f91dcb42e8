// Light or dark: what the system prefers, until the visitor chooses; the choice is kept.

import { byId, setText } from "./dom.js";

const KEY = "originmq-demo:theme";

/** Calls `onChange` whenever the colours have changed, whoever changed them. */
export function wireTheme(onChange: () => void): void {
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    setText(byId("theme-label"), isDark() ? "Light theme" : "Dark theme");
    onChange();
  };
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem(KEY, root.dataset.theme);
    show();
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== KEY) return;
    if (newValue === null) delete root.dataset.theme;
    else root.dataset.theme = newValue;
    show();
  });
  systemIsDark.addEventListener("change", show);
  show();
}
