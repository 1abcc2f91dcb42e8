// What went wrong, as sentences that stay until they are dismissed, or until it is over.

import { QueueError } from "../src/index.js";
import { wordsOf } from "../src/integrations/elements/words-of.js";
import { h, setText } from "./dom.js";

export interface Problems {
  /** Shows a failure; what failed is named as in "Sending failed". */
  report(what: string, error: unknown): void;
  /** Runs, and shows its failure: nothing the page starts ends as an unhandled rejection. */
  guard(what: string, run: () => unknown): void;
  /** What had this code is over: nobody needs to read of it any more. */
  over(code: QueueError["code"]): void;
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
  if (!(error instanceof QueueError)) return `${what}: ${wordsOf(error)}`;
  const advice = ADVICE[error.code];
  return `${what}: ${advice ? `${advice} ` : ""}(${error.code}: ${error.message})`;
}

export function createProblems(list: HTMLElement): Problems {
  const shown = new Map<string, { readonly text: HTMLElement; readonly code: string | undefined; dismiss(): void }>();

  const report = (what: string, error: unknown) => {
    const text = sentence(what, error);
    // What goes wrong again and again takes one place.
    const kind = error instanceof QueueError ? `${what} ${error.code}` : text;
    const known = shown.get(kind);
    if (known) return setText(known.text, text);
    const close = h("button", { type: "button", class: "quiet small" }, "Dismiss");
    const paragraph = h("p", {}, text);
    const problem = h("div", { class: "problem" }, paragraph, close);
    const dismiss = () => {
      shown.delete(kind);
      problem.remove();
    };
    close.addEventListener("click", dismiss);
    shown.set(kind, { text: paragraph, code: error instanceof QueueError ? error.code : undefined, dismiss });
    list.append(problem);
    const [oldest] = shown.values();
    if (shown.size > SHOWN_MAX) oldest?.dismiss();
  };

  return {
    report,
    guard(what, run) {
      Promise.resolve()
        .then(run)
        .catch((error: unknown) => report(what, error));
    },
    over(code) {
      for (const problem of [...shown.values()]) if (problem.code === code) problem.dismiss();
    },
  };
}
