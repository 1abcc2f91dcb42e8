// The sending part of a queue, which is all of it that a page needs that only sends.
// Invariant: what is sent through one sender is accepted in the order of the calls, whatever is read or asked for it first.

import { checkOptions } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { writableTo } from "../receiving/streams.js";
import { abortable } from "../runtime/abortable.js";
import { hasFile, withFilesRead } from "../sending/files.js";
import type { Item } from "../sending/item.js";
import { itemOf, itemsOf, WAIT_SPEC, WRITABLE_SPEC } from "../sending/options.js";
import type { Pipeline } from "../sending/pipeline.js";
import { assertFits, type StandardSchema } from "../sending/schema.js";
import type { Queue } from "./queue.js";

export interface Sender<Input> extends Pick<Queue<Input, unknown>, "name" | "send" | "sendBatch" | "writable"> {
  /** Calls `next` with the items once they fit, their files read; at once, when nobody has to be waited for. */
  whenRead<T>(items: readonly Item[], next: (items: readonly Item[]) => Promise<T>): Promise<T>;
  /** Aborts with the reason when the queue is closed here. */
  readonly closing: AbortSignal;
  assertOpen(): void;
  /** Takes nothing more; resolves once what was taken is on its way. */
  close(): Promise<void>;
}

export interface SenderParts {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly schema?: StandardSchema | undefined;
}

export function createSender<Input>({ name, pipeline, schema }: SenderParts): Sender<Input> {
  const closing = new AbortController();
  /** Sends that wait for files to be read; later ones wait for them, so that their order holds. */
  let reading: Promise<unknown> | undefined;

  const assertOpen = () => closing.signal.throwIfAborted();

  const whenRead = <T>(items: readonly Item[], next: (items: readonly Item[]) => Promise<T>): Promise<T> => {
    const fitting = schema && assertFits(schema, items);
    const hasFiles = items.some(hasFile);
    if (reading === undefined && !fitting && !hasFiles) return next(items);
    const read = (async () => {
      await fitting;
      return hasFiles ? Promise.all(items.map(withFilesRead)) : items;
    })();
    const turn = Promise.allSettled([reading, read]);
    reading = turn;
    const isLast = () => {
      if (reading === turn) reading = undefined;
    };
    return turn.then(async () => {
      isLast();
      return next(await read);
    });
  };

  const send: Sender<Input>["send"] = async (body, options) => {
    assertOpen();
    const item = itemOf(body, options);
    options?.signal?.throwIfAborted();
    const sent = whenRead([item], ([read]) => pipeline.send(name, read as Item, options?.signal));
    return options?.signal ? abortable(sent, options.signal) : sent;
  };

  return {
    name,
    closing: closing.signal,
    assertOpen,
    whenRead,
    send,
    async sendBatch(items, options = {}) {
      assertOpen();
      const checked = itemsOf(items);
      checkOptions("sendBatch()", options, WAIT_SPEC);
      const { signal } = options;
      signal?.throwIfAborted();
      if (checked.length === 0) return [];
      return abortable(
        whenRead(checked, (read) => pipeline.sendBatch(name, read, signal)),
        signal,
      );
    },
    writable(options = {}) {
      assertOpen();
      checkOptions("writable()", options, WRITABLE_SPEC);
      const { inFlight = 1, ...given } = options;
      return writableTo<Input>((body) => send(body, given), inFlight);
    },
    async close() {
      closing.abort(new QueueError("closed", `queue "${name}" was closed`));
      await reading;
    },
  };
}
