// Handles lab messages, and tells the lab. The same in the page and in workers that can be killed.

import type { Delivery } from "../../src/index.js";
import type { LabBody, Report } from "./words.js";

export interface HandlerParts {
  readonly by: string;
  report(report: Report): void;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends this context, as far as it can. */
  die(): void;
}

export const createHandler =
  ({ by, report, wait, die }: HandlerParts) =>
  async ({ body, attempt, signal }: Delivery<LabBody>): Promise<void> => {
    const { run, number, deed, ms } = body;
    const tell = (type: "started" | "handled" | "dies" | "timed-out") => report({ type, by, run, number, attempt });
    tell("started");
    if (deed === "endless") {
      signal.addEventListener("abort", () => tell("timed-out"), { once: true });
      await new Promise(() => {});
    }
    if (deed === "poison") {
      tell("dies");
      die();
      await new Promise(() => {});
    }
    await wait(ms, signal);
    tell("handled");
  };
