// Sends the records of a file in batches, in their order: the next batch leaves when the last one is durable.
// A full queue is waited for. Cancelled or failed, what was sent stays sent, and the outcome says how much that is.

import { QueueError } from "../../src/index.js";
import type { Clock } from "../clock.js";
import type { DemoQueue } from "../session.js";
import { type Format, readRecords } from "./records.js";

const BATCH_MESSAGES = 1_000;
const ROOM_WAIT_MS = 300;

export interface Progress {
  lines: number;
  sent: number;
  bytes: number;
  empty: number;
  /** Lines that are no message, with why; the first hundred. */
  readonly skipped: { readonly line: number; readonly problem: string }[];
  skippedCount: number;
  isWaitingForRoom: boolean;
}

export interface SendFileParts {
  readonly queue: DemoQueue;
  readonly clock: Clock;
  readonly format: Format;
  readonly signal: AbortSignal;
  onProgress(progress: Readonly<Progress>): void;
}

const SKIPPED_SHOWN_MAX = 100;

export async function sendFile(file: File, parts: SendFileParts): Promise<void> {
  const { queue, clock, format, signal, onProgress } = parts;
  const progress: Progress = {
    lines: 0,
    sent: 0,
    bytes: 0,
    empty: 0,
    skipped: [],
    skippedCount: 0,
    isWaitingForRoom: false,
  };
  const tell = () => onProgress(progress);

  const send = async (batch: readonly { body: unknown; headers: Record<string, string> }[]): Promise<void> => {
    let size = batch.length;
    for (let at = 0; at < batch.length; ) {
      signal.throwIfAborted();
      try {
        const part = batch.slice(at, at + size);
        await queue.sendBatch(part);
        at += part.length;
        progress.sent += part.length;
        progress.isWaitingForRoom = false;
      } catch (error) {
        if (!(error instanceof QueueError && error.code === "full")) throw error;
        progress.isWaitingForRoom = true;
        // A batch goes in as a whole or not at all: a smaller one finds room earlier.
        size = Math.max(1, Math.ceil(size / 2));
        tell();
        await clock.wait(ROOM_WAIT_MS, signal);
      }
      tell();
    }
  };

  const batch: Parameters<typeof send>[0][number][] = [];
  const onRead = (bytes: number) => {
    progress.bytes += bytes;
  };
  for await (const records of readRecords(file, format, onRead)) {
    for (const record of records) {
      progress.lines++;
      if ("empty" in record) progress.empty++;
      else if ("problem" in record) {
        progress.skippedCount++;
        if (progress.skipped.length < SKIPPED_SHOWN_MAX) progress.skipped.push(record);
      } else {
        batch.push({ body: record.body, headers: { file: file.name, line: String(record.line) } });
        if (batch.length >= BATCH_MESSAGES) await send(batch.splice(0));
      }
    }
    tell();
  }
  if (batch.length > 0) await send(batch);
  signal.throwIfAborted();
  tell();
}
