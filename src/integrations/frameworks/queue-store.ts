// What components know of a queue: the queue itself, its statistics and its messages, and what they do with it.
// Invariants: nothing is opened before somebody subscribes or sends; however many components there are, the queue is opened
// once and its statistics are subscribed to once.

import { type Check, checkOptions, duration, fits, invalid } from "../../core/spec/check.js";
import { watchMs } from "../../core/spec/fields.js";
import type { Handler, MessageState, MessageView, Queue, QueueStats } from "../../index.js";
import { type ConsumerOptions, type ConsumerStore, createConsumerStore } from "./consumer-store.js";
import { createOpenQueue, type OpenQueue } from "./open-queue.js";
import { createReading } from "./reading.js";
import { createSendStore, type SendStore } from "./send-store.js";
import { createSource, failed, OPEN, OPENING, type Progress, type Store } from "./source.js";

/** How often components hear of a queue, and how long it stays open without them. */
export interface StoreOptions {
  /** How often the statistics and what is read after them change at most, in ms. Default 100. */
  readonly everyMs?: number;
  /** How long the queue and what is known of it are kept after the last component has left, in ms. Default 1,000. */
  readonly keepAliveMs?: number;
}

/** A queue for a component, at one moment: whether it is open, and the queue once it is. */
export interface QueueSnapshot<Input = unknown, Output = Input> extends Progress {
  /** For everything that has no hook. Do not close it: the store does. */
  readonly queue: Queue<Input, Output> | undefined;
  /** `false` while the host is gone, or the line to it: what is called meanwhile waits. */
  readonly connected: boolean;
}

/** What a server and a page that has just begun know of a queue: all counts are 0. */
type Measured = "totals" | "settings" | "load";
/** Statistics of a queue, at one moment; counts are 0 until it is open. */
export interface StatsSnapshot extends Progress, Omit<QueueStats, Measured>, Partial<Pick<QueueStats, Measured>> {}

/** Which messages of a queue a component shows. */
export interface MessagesOptions {
  /** Default 100. */
  readonly max?: number;
  /** Only messages in this state. Default: all that wait or are in work. */
  readonly state?: MessageState;
}

/** Messages of a queue, at one moment. */
export interface MessagesSnapshot<Input = unknown> extends Progress {
  /** In the order they were accepted. */
  readonly messages: readonly MessageView<Input>[];
}

/** As a store of its own it shows the queue itself. */
export interface QueueStore<Input = unknown, Output = Input> extends Store<QueueSnapshot<Input, Output>> {
  /** Its statistics, as a store of their own. */
  readonly stats: Store<StatsSnapshot>;
  /** The same store for the same options. It is read again when the statistics have changed. */
  messages(this: void, options?: MessagesOptions): Store<MessagesSnapshot<Input>>;
  /** A consumer of its own, which begins with its first subscriber. */
  consumer(this: void, handler: Handler<Output>, options?: ConsumerOptions): ConsumerStore<Output>;
  /** Sends of its own, for one component. */
  sender(this: void): SendStore<Input>;
  /**
   * Outside of components: runs with the queue, which is opened for it and stays open meanwhile. Rejects with why it could not be
   * opened; the next call tries again, and with it whatever has failed for that reason.
   */
  withQueue: OpenQueue<Input, Output>["withQueue"];
}

export const EMPTY_STATS: StatsSnapshot = {
  ...OPENING,
  ready: 0,
  delayed: 0,
  leased: 0,
  blocked: 0,
  dead: 0,
  bytes: 0,
  paused: false,
  pausedBy: null,
  oldestAgeMs: null,
  byPriority: [],
  nextDueAt: null,
};

export const EVERY_MS = 100;
export const KEEP_ALIVE_MS = 1_000;

const keepAliveMs: Check = (value, name) => {
  if (value !== Number.POSITIVE_INFINITY && !fits(duration(), value)) {
    invalid(name, value, "a number of milliseconds of at least 0, or Infinity");
  }
};
export const STORE_SPEC = { everyMs: watchMs, keepAliveMs };

/**
 * Makes a store, once for a queue, outside of components; it opens nothing yet. `given` opens the queue, as often as it is
 * needed anew, or is one that is open, and then never closed here.
 */
export function createQueueStore<Input = unknown, Output = Input>(
  given: Queue<Input, Output> | (() => Promise<Queue<Input, Output>>),
  options: StoreOptions = {},
): QueueStore<Input, Output> {
  checkOptions("createQueueStore()", options, STORE_SPEC);
  const { everyMs = EVERY_MS, keepAliveMs = KEEP_ALIVE_MS } = options;
  const opened = createOpenQueue(given, keepAliveMs);
  const { use } = opened;

  const itself = createSource<QueueSnapshot<Input, Output>>(
    { ...OPENING, queue: undefined, connected: false },
    (change) => {
      const fail = (reason: unknown) => change({ ...failed(reason), connected: false });
      return use((queue) => {
        change({ ...OPEN, queue, connected: true });
        return listen(queue, {
          connected: () => change({ connected: true }),
          disconnected: () => change({ connected: false }),
          ended: ({ detail }) => fail(detail.reason),
        });
      }, fail);
    },
    keepAliveMs,
  );

  const stats = createSource<StatsSnapshot>(
    EMPTY_STATS,
    (change) => {
      const fail = (reason: unknown) => change(failed(reason));
      return use(
        (queue) => queue.subscribeStats((stats) => change({ ...stats, ...OPEN }), { everyMs, onEnded: fail }),
        fail,
      );
    },
    keepAliveMs,
  );

  const messages = (options: MessagesOptions) =>
    createSource<MessagesSnapshot<Input>>(
      { ...OPENING, messages: [] },
      (change) => {
        const fail = (reason: unknown) => change(failed(reason));
        return use((queue) => {
          const reading = createReading(
            () => queue.peek(options),
            (messages) => change({ ...OPEN, messages }),
            fail,
          );
          const stop = stats.subscribe(reading.ask);
          reading.ask();
          return () => {
            stop();
            reading.end();
          };
        }, fail);
      },
      keepAliveMs,
    );
  const lists = new Map<string, Store<MessagesSnapshot<Input>>>();

  return {
    ...itself,
    stats,
    messages(options = {}) {
      // All that is given, so that one who misspells an option is told so, and nobody else.
      const key = String(Object.entries(options).sort());
      const known = lists.get(key) ?? messages(options);
      lists.set(key, known);
      return known;
    },
    consumer: (handler, options) => createConsumerStore(opened, handler, options),
    sender: () => createSendStore(opened),
    withQueue: opened.withQueue,
  };
}

type Events = { readonly [Type in "connected" | "disconnected"]: () => void } & {
  ended(event: CustomEvent<{ readonly reason: unknown }>): void;
};

function listen(queue: Pick<Queue, "addEventListener" | "removeEventListener">, events: Events): () => void {
  queue.addEventListener("connected", events.connected);
  queue.addEventListener("disconnected", events.disconnected);
  queue.addEventListener("ended", events.ended);
  return () => {
    queue.removeEventListener("connected", events.connected);
    queue.removeEventListener("disconnected", events.disconnected);
    queue.removeEventListener("ended", events.ended);
  };
}
