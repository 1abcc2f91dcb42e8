// The outbox of the field notes, as its page and its service worker both open it.

import type { OutboxOptions } from "../../src/outbox.js";

export const OUTBOX: OutboxOptions = {
  name: "field-notes",
  database: "field-notes",
  keepDelivered: 50,
  // A visitor wants to see it happen: waits of a real application are longer.
  backoff: { baseMs: 1_000, maxMs: 10_000 },
  unreachableMaxMs: 2_000,
  reconnectSpreadMs: 1_000,
  // The server is on this machine. A request that is never answered holds up its group for so long.
  timeoutMs: 3_000,
  minUploadBytesPerS: 1_000_000,
};

/** What a page knows of a note that waits. */
export interface NoteInfo {
  readonly text: string;
  readonly place: string;
  readonly photo: string | null;
}
