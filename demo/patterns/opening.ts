// A section of the page that begins to work when it is opened, and is open again after a reload.

import { byId } from "../dom.js";
import type { Problems } from "../problems.js";

export function whenOpened(id: string, tab: string, problems: Problems, open: () => Promise<void>): void {
  const section = byId<HTMLDetailsElement>(id);
  const key = `originmq-demo:${id}-open:${tab}`;
  let opening: Promise<void> | undefined;
  section.addEventListener("toggle", () => {
    sessionStorage.setItem(key, String(section.open));
    if (section.open) problems.guard("This part of the page could not be opened", () => (opening ??= open()));
  });
  section.open = sessionStorage.getItem(key) === "true";
}
