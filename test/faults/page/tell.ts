// Tells the site, which outlives all that may be killed, what happens where no page is: in service workers and hosts.

import type { JournalRecord } from "../../../src/core/log/journal.js";
import type { Report } from "./lab.js";

export type Told =
  /** A host's commit is complete. */
  | { readonly type: "committed"; readonly record: JournalRecord }
  | { readonly type: "reported"; readonly by: string; readonly report: Report };

/** Resolves once it is known there. Killed meanwhile: nobody is left to care. */
export const tell = (all: readonly Told[]): Promise<unknown> =>
  fetch("/told", { method: "POST", body: JSON.stringify(all), keepalive: true }).catch(() => {});
