// What the handlers of this tab did, in the order they ended; to look at, and to download as JSON lines.

import type { Delivery } from "../src/index.js";

export interface Handled {
  readonly id: string;
  readonly attempt: number;
  readonly outcome: "handled" | "failed";
  readonly at: number;
  readonly priority: number;
  readonly sentAt: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface HandledLog {
  add(delivery: Delivery, outcome: Handled["outcome"]): void;
  readonly handled: number;
  readonly failed: number;
  toFile(): Blob;
}

/** Older entries make room beyond this. */
export const LOG_MAX = 100_000;

export function createHandledLog(): HandledLog {
  let entries: Handled[] = [];
  const counts = { handled: 0, failed: 0 };
  return {
    add({ id, attempt, priority, sentAt, headers, body }, outcome) {
      counts[outcome]++;
      entries.push({ id, attempt, outcome, at: Date.now(), priority, sentAt, headers, body });
      if (entries.length > LOG_MAX * 1.1) entries = entries.slice(-LOG_MAX);
    },
    get handled() {
      return counts.handled;
    },
    get failed() {
      return counts.failed;
    },
    toFile() {
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
      return new Blob(lines, { type: "application/jsonl" });
    },
  };
}
