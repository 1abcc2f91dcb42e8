// What components know of an HTTP outbox: what waits, and what was given up.
// Invariant: the outbox is made when it is first needed and never ended here, since it works on when no component looks.

import { checkOptions } from "../../core/spec/check.js";
import { count } from "../../core/spec/fields.js";
import type { QueueStats } from "../../index.js";
import type { WaitingOutboxMessage } from "../outbox/message.js";
import type { DeadOutboxMessage, DeliveredOutboxMessage } from "../outbox/options.js";
import type { Outbox } from "../outbox/outbox.js";
import { EVERY_MS, KEEP_ALIVE_MS, STORE_SPEC, type StoreOptions } from "./queue-store.js";
import { createReading } from "./reading.js";
import { createSource, failed, OPEN, OPENING, type Progress, type Store } from "./source.js";

/** How often components hear of an outbox, and how many of its requests they see. */
export interface OutboxStoreOptions extends StoreOptions {
  /** Requests in each list, at most. Default 100. */
  readonly max?: number;
}

/** What an outbox holds, at one moment. */
export interface OutboxSnapshot extends Progress {
  /** Sends, cancels and redrives; `undefined` on a server, and in what a page shows first. */
  readonly outbox: Outbox | undefined;
  /** In the order in which they were stored. */
  readonly waiting: readonly WaitingOutboxMessage[];
  /** In the order in which they were given up. */
  readonly dead: readonly DeadOutboxMessage[];
  /** The latest first: see `keepDelivered` of the outbox. */
  readonly delivered: readonly DeliveredOutboxMessage[];
  /** Of its queue, as they were when the lists were read; `undefined` before. */
  readonly stats: QueueStats | undefined;
}

/** An outbox for components: `subscribe` and `getSnapshot`, and the outbox itself. */
export interface OutboxStore extends Store<OutboxSnapshot> {
  /** The outbox, which is made now if it was not: outside of components, or to have it at work from the start. */
  outbox(this: void): Outbox;
}

/** Makes a store, once for an outbox, outside of components. `create` is called once, in a browser. */
export function createHttpOutboxStore(create: () => Outbox, options: OutboxStoreOptions = {}): OutboxStore {
  checkOptions("createHttpOutboxStore()", options, { ...STORE_SPEC, max: count });
  const { everyMs = EVERY_MS, keepAliveMs = KEEP_ALIVE_MS, max = 100 } = options;
  let made: Outbox | undefined;
  const outboxOf = () => {
    made ??= create();
    return made;
  };
  const source = createSource<OutboxSnapshot>(
    { ...OPENING, outbox: undefined, waiting: [], dead: [], delivered: [], stats: undefined },
    (change) => {
      const fail = (reason: unknown) => change(failed(reason));
      try {
        const outbox = outboxOf();
        change({ outbox });
        let stats: QueueStats | undefined;
        const reading = createReading(
          () => Promise.all([outbox.waiting({ max }), outbox.dead.list({ max }), outbox.delivered({ max }), stats]),
          ([waiting, dead, delivered, stats]) => change({ ...OPEN, waiting, dead, delivered, stats }),
          fail,
        );
        const onStats = (now: QueueStats) => {
          stats = now;
          reading.ask();
        };
        const stop = outbox.subscribeStats(onStats, { everyMs, onEnded: fail });
        return () => {
          stop();
          reading.end();
        };
      } catch (error) {
        fail(error);
        return () => {};
      }
    },
    keepAliveMs,
  );
  return { ...source, outbox: outboxOf };
}
