// Queues as text, for backups and support tickets.

import { QueueError } from "./core/spec/errors.js";
import type { Queue } from "./index.js";
import {
  type ExportOptions,
  exportOver,
  type ImportOptions,
  type ImportResult,
  importOver,
} from "./integrations/backup.js";

export type { BackupEncryption, ExportOptions, ImportOptions, ImportResult } from "./integrations/backup.js";

const pieces = async () => {
  try {
    return await import("./wiring/pieces.js");
  } catch (cause) {
    const what = "the part that encrypts backups could not be loaded: serve its file beside this one";
    throw new QueueError("unsupported", what, { cause });
  }
};

/**
 * Every message that waits, is in work or is dead, in that order and each once, as JSON lines: body, headers, attributes, attempts and
 * why it died. Binary bodies are in it (base64), as are Date, Map, Set, RegExp, Error, bigint, undefined, Blob and File; a
 * CryptoKey and its like are not, and marked. Takes nothing from the queue and counts as no delivery. It is the queue as it was
 * at one moment, when it is first read, whatever is sent and handled meanwhile, and is read as its reader asks
 * (`peekPages({ snapshot: true })`). Where a host of an earlier build has the queue, what changes meanwhile may be in it or not. With `encryption` the
 * text is encrypted; read so, it rejects with `invalid-argument` where that is no key that a backup takes.
 */
export function exportQueue<Input, Output>(
  queue: Queue<Input, Output>,
  options?: ExportOptions,
): ReadableStream<string> {
  return exportOver(pieces, queue, options);
}

/**
 * Sends what `exportQueue` wrote, in its order, with headers and attributes: as new messages, with ids and times of their
 * own, their attempts at zero; settings stay as they are. Chunks need not be lines; bytes go through a
 * `TextDecoderStream` first. Sends some at a time: when one is refused it rejects as `sendBatch` does, and what came before
 * is in the queue. Rejects with `invalid-argument` when the text is no export, or of a later version. An encrypted text is
 * taken with its key alone, and a plain one without (`encrypted`, `wrong-key`: nothing is sent then); one that was changed or cut off
 * rejects with `tampered`, and nothing is sent of what is behind that.
 */
export function importQueue<Input, Output>(
  queue: Queue<Input, Output>,
  stream: ReadableStream<string>,
  options?: ImportOptions,
): Promise<ImportResult> {
  return importOver(pieces, queue, stream, options);
}
