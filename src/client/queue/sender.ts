// The sending part of a queue, which is all of it that a page needs that only sends.
// Invariant: what is sent through one sender is accepted in the order of the calls, whatever is read or asked for it first.

import { QueueError } from "../../core/spec/errors.js";
import { abortable } from "../runtime/abortable.js";
import type { Sending } from "../sending/gathering.js";
import type { Intake, Taken } from "../sending/intake.js";
import type { Item } from "../sending/item.js";
import type { Queue } from "./queue.js";

export interface Sender<Input> extends Pick<Queue<Input, unknown>, "name" | "send" | "sendBatch"> {
  /** Calls `next` with the items, in the order of the calls; at once, when nobody has to be waited for. */
  inTurn<T>(taken: Taken, next: (items: readonly Item[]) => Promise<T>): Promise<T>;
  /** Aborts with the reason when the queue is closed here. */
  readonly closing: AbortSignal;
  assertOpen(): void;
  /** Takes nothing more; resolves once what was taken is on its way. */
  close(): Promise<void>;
}

export interface SenderParts {
  readonly name: string;
  readonly sending: Sending;
  readonly intake: Intake;
}

export function createSender<Input>({ name, sending, intake }: SenderParts): Sender<Input> {
  const closing = new AbortController();
  /** Sends that wait for something to be read; later ones wait for them, so that their order holds. */
  let reading: Promise<unknown> | undefined;

  const assertOpen = () => closing.signal.throwIfAborted();

  const inTurn = <T>(taken: Taken, next: (items: readonly Item[]) => Promise<T>): Promise<T> => {
    if (reading === undefined && !(taken instanceof Promise)) return next(taken);
    const turn = Promise.allSettled([reading, taken]);
    reading = turn;
    return turn.then(async () => {
      if (reading === turn) reading = undefined;
      return next(await taken);
    });
  };

  return {
    name,
    closing: closing.signal,
    assertOpen,
    inTurn,
    async send(body, options) {
      assertOpen();
      const taken = intake.one(body, options);
      const signal = options?.signal;
      const sent = inTurn(taken, ([item]) => sending.send(name, item as Item, signal));
      return signal ? abortable(sent, signal) : sent;
    },
    async sendBatch(items, options) {
      assertOpen();
      const taken = intake.batch(items, options);
      const signal = options?.signal;
      const sent = inTurn(taken, async (read) => (read.length > 0 ? sending.sendBatch(name, read, signal) : []));
      return abortable(sent, signal);
    },
    async close() {
      closing.abort(new QueueError("closed", `queue "${name}" was closed`));
      await reading;
    },
  };
}
