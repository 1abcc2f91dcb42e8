// Where the databases of a server lie. Invariant: each has a file of its own, whatever it is called.

import { QueueError } from "../core/spec/errors.js";
import type { LogStore } from "../store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../store/memory/memory.js";

/** A store for each database: in the directory, or in memory without one. */
export async function storeIn(directory: string | undefined): Promise<(database: string) => Promise<LogStore>> {
  if (directory !== undefined) throw new QueueError("unsupported", "no SQLite yet");
  return async () => createMemoryStore({ disk: createMemoryDisk() });
}
