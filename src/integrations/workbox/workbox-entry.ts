// An entry as Workbox keeps it, read as what a stranger may have written.

import { check } from "../../core/spec/check.js";
import { queueName as nameOfQueue } from "../../core/spec/fields.js";
import { queueNameOf, type StoredEntry } from "./entries.js";
import { StorableRequest } from "./storable-request.js";

/** What was pushed, and where to. */
export interface WorkboxEntry {
  /** Its key in Workbox's store. */
  readonly id: number;
  readonly queueName: string;
  readonly deduplicationId: string;
  readonly entry: StoredEntry;
}

/** `undefined` for what no request can be made of: it would be tried for ever, and all behind it would wait. */
export function readEntry(stored: unknown): WorkboxEntry | undefined {
  const { id, queueName, requestData, timestamp, metadata } = Object(stored) as Partial<WorkboxEntry & StoredEntry>;
  if (!Number.isSafeInteger(id) || typeof timestamp !== "number" || typeof queueName !== "string") return undefined;
  try {
    check(nameOfQueue, queueNameOf(queueName), "queueName");
    new StorableRequest({ ...requestData } as StoredEntry["requestData"]).toRequest();
  } catch {
    return undefined;
  }
  return {
    ...{ id: id as number, queueName, deduplicationId: `workbox-import:${id}:${timestamp}` },
    entry: { requestData, timestamp, ...(metadata && { metadata }) } as StoredEntry,
  };
}
