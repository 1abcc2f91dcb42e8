// What went wrong, as sentences that stay until they are dismissed.

import { QueueError } from "../src/index.js";
import { h } from "./dom.js";

export interface Problems {
  /** Shows a failure; what failed is named as in "Sending failed". */
  report(what: string, error: unknown): void;
  /** Runs, and shows its failure: nothing the page starts ends as an unhandled rejection. */
  guard(what: string, run: () => unknown): void;
}

const SHOWN_MAX = 4;

/** What the codes that a visitor can meet mean for them. */
const ADVICE: Partial<Record<QueueError["code"], string>> = {
  full: "The queue has no room left. Let a tab consume, or give it more room.",
  "quota-exceeded": "The browser gives this site no more storage.",
  "host-lost": "The host went away before it answered. Reload this tab.",
  unsupported: "This browser, or this address, lacks something that the queue needs.",
  "storage-failed": "The browser refused to read or write its storage.",
};

function sentence(what: string, error: unknown): string {
  if (!(error instanceof QueueError)) return `${what}: ${error instanceof Error ? error.message : String(error)}`;
  const advice = ADVICE[error.code];
  return `${what}: ${advice ? `${advice} ` : ""}(${error.code}: ${error.message})`;
}

export function createProblems(list: HTMLElement): Problems {
  const shown = new Map<string, HTMLElement>();

  const report = (what: string, error: unknown) => {
    const text = sentence(what, error);
    if (shown.has(text)) return;
    const close = h("button", { type: "button", class: "quiet small" }, "Dismiss");
    const problem = h("div", { class: "problem" }, h("p", {}, text), close);
    const dismiss = () => {
      shown.delete(text);
      problem.remove();
    };
    close.addEventListener("click", dismiss);
    shown.set(text, problem);
    list.append(problem);
    if (shown.size > SHOWN_MAX) list.querySelector("button")?.click();
  };

  return {
    report,
    guard(what, run) {
      Promise.resolve()
        .then(run)
        .catch((error: unknown) => report(what, error));
    },
  };
}
