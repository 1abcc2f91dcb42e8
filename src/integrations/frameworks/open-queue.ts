// The queue behind a store: opened when it is first needed, closed once nobody needs it, opened again when it is over.
// Invariants: one queue at a time; who uses it is moved to the next one, and hears why there is none.

import { invalid } from "../../core/spec/check.js";
import type { Queue, QueueError } from "../../index.js";
import { shareAmongHolders } from "./shared.js";

export interface OpenQueue<Input, Output> {
  /**
   * Runs with the queue, which stays open meanwhile; at once where it is open. Rejects with why it could not be opened: the
   * next call tries again.
   */
  withQueue<Result>(call: (queue: Queue<Input, Output>) => Result | PromiseLike<Result>): Promise<Result>;
  /** Whether `withQueue` would wait. */
  readonly isOpen: boolean;
  /**
   * Begins with each queue that is opened, until what it returned is called: with this one, and with the next when this one
   * is over. `begin` returns what ends its use.
   */
  use(begin: (queue: Queue<Input, Output>) => () => void, fail: (reason: unknown) => void): () => void;
}

/** A queue that is given stays open; one that is opened here is closed `keepAliveMs` after its last use. */
export function createOpenQueue<Input, Output>(
  given: Queue<Input, Output> | (() => Promise<Queue<Input, Output>>),
  keepAliveMs: number,
): OpenQueue<Input, Output> {
  let opening: Promise<Queue<Input, Output>> | undefined;
  let opened: Queue<Input, Output> | undefined;
  const users = new Set<(queue: Queue<Input, Output>) => void>();

  const open = () => {
    if (opening) return opening;
    const mine = (typeof given === "function" ? Promise.resolve().then(given) : Promise.resolve(given)).then(
      (queue) => {
        if (opening !== mine) return queue;
        // A function that forgets its `return` gives none.
        if (typeof (queue as Partial<Queue> | undefined)?.addEventListener !== "function") {
          forget(mine);
          invalid("what createQueueStore() is given", queue, "a queue, or a function that returns a promise of one");
        }
        opened = queue;
        queue.addEventListener("ended", () => forget(mine));
        for (const user of [...users]) user(queue);
        return queue;
      },
      (reason) => {
        forget(mine);
        throw reason;
      },
    );
    opening = mine;
    return mine;
  };
  const forget = (past: typeof opening) => {
    if (opening !== past) return;
    opening = opened = undefined;
  };
  const hold = shareAmongHolders(
    () => () => {
      if (typeof given !== "function") return;
      const past = opening;
      forget(past);
      past?.then((queue) => queue.close()).catch(() => {});
    },
    keepAliveMs,
  );

  return {
    get isOpen() {
      return opened !== undefined;
    },
    async withQueue(call) {
      const release = hold();
      const current = opening;
      try {
        return await (opened ? call(opened) : call(await open()));
      } catch (error) {
        // Somebody has closed or deleted it: for all who use it there is another one.
        if ((error as Partial<QueueError> | undefined)?.code === "closed" && current) {
          forget(current);
          if (users.size > 0) open().catch(() => {});
        }
        throw error;
      } finally {
        release();
      }
    },
    use(begin, fail) {
      const release = hold();
      let used: Queue<Input, Output> | undefined;
      let end: (() => void) | undefined;
      const user = (queue: Queue<Input, Output>) => {
        if (used === queue || !users.has(user)) return;
        end?.();
        end = undefined;
        used = queue;
        try {
          end = begin(queue);
        } catch (error) {
          fail(error);
        }
      };
      users.add(user);
      open().then(user, fail);
      return () => {
        users.delete(user);
        end?.();
        release();
      };
    },
  };
}
