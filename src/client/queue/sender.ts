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
  /** Sends that wait for something to be read, or sealed; later ones wait for them, so that their order holds. */
  const turns: { go?: () => void }[] = [];
  let whenEmpty = () => {};
  let emptied: Promise<void> | undefined;

  const assertOpen = () => closing.signal.throwIfAborted();

  const inTurn = <T>(taken: Taken, next: (items: readonly Item[]) => Promise<T>): Promise<T> => {
    if (turns.length === 0 && !(taken instanceof Promise)) return next(taken);
    const turn: (typeof turns)[number] = {};
    turns.push(turn);
    // One promise for each, and no chain of them: of an encrypted queue each send comes through here.
    return new Promise((resolve, reject) => {
      const goWith = (go: () => void) => {
        turn.go = go;
        goOn();
      };
      const send = (items: readonly Item[]) =>
        goWith(() => {
          try {
            resolve(next(items));
          } catch (error) {
            reject(error);
          }
        });
      if (taken instanceof Promise) taken.then(send, (error) => goWith(() => reject(error)));
      else send(taken);
    });
  };
  const goOn = () => {
    for (let first = turns[0]; first?.go; first = turns[0]) {
      turns.shift();
      first.go();
    }
    if (turns.length === 0) whenEmpty();
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
      emptied ??= new Promise((resolve) => {
        whenEmpty = resolve;
      });
      if (turns.length > 0) await emptied;
    },
  };
}
