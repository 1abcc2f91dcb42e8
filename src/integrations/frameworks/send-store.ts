// The sends of one component: whether one is under way, and how the last one failed.

import { snapshotOf } from "../../core/log/plain.js";
import type { Queue, Receipt } from "../../index.js";
import type { OpenQueue } from "./open-queue.js";
import { type Change, createSource, failed, type Store } from "./source.js";

/** How one component's sends go, at one moment. */
export interface SendSnapshot {
  /** A send is under way: it was called and is not durable yet. */
  readonly pending: boolean;
  /** Why a send was refused, the last one that was; `undefined` once another begins. */
  readonly error: Error | undefined;
}

/** A way to send that knows what is under way, for one component. */
export interface SendStore<Input> extends Store<SendSnapshot> {
  /**
   * `queue.send`, which may be called before the queue is open: the body is taken as it is now. Who leaves the promise alone
   * finds a failure in `error` and nothing on the console.
   */
  send(this: void, ...args: Parameters<Queue<Input>["send"]>): Promise<Receipt>;
}

export function createSendStore<Input, Output>(queue: OpenQueue<Input, Output>): SendStore<Input> {
  let underWay = 0;
  let error: Error | undefined;
  let tell: Change<SendSnapshot> = () => {};
  const show = () => tell({ pending: underWay > 0, error });
  const source = createSource<SendSnapshot>(
    { pending: false, error: undefined },
    (change) => {
      tell = change;
      if (underWay > 0 || error) show();
      return () => {};
    },
    0,
  );
  return {
    ...source,
    send(body, options) {
      underWay++;
      error = undefined;
      show();
      const kept = queue.isOpen ? body : (snapshotOf(body) as Input);
      const sent = queue.withQueue((opened) => opened.send(kept, options));
      sent.then(undefined, (reason) => {
        error = failed(reason).error;
      });
      const settled = () => {
        underWay--;
        show();
      };
      sent.then(settled, settled);
      return sent;
    },
  };
}
