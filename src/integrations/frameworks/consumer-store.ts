// A consumer that lives as long as somebody subscribes to it, and always runs the newest handler.
// Invariants: a new handler restarts nothing; a component that is mounted and unmounted in one go consumes nothing.

import type { ConsumeOptions, Consumer, Handler } from "../../index.js";
import type { OpenQueue } from "./open-queue.js";
import { type Change, createSource, failed, OPEN, OPENING, type Progress, type Store } from "./source.js";

/** How a component's consumer works: as `consume`, and whether it pauses. */
export interface ConsumerOptions extends Omit<ConsumeOptions, "signal"> {
  /** Takes no more deliveries while it is true; what was not started goes back, running handlers go on. Default false. */
  readonly paused?: boolean;
}

/** How a consumer goes, at one moment. */
export interface ConsumerSnapshot extends Progress {
  /** Handlers that run now, which return promises. */
  readonly active: number;
}

/** Consumes from its first subscriber to its last. */
export interface ConsumerStore<Output> extends Store<ConsumerSnapshot> {
  /** Messages that are started from now on get this handler. Other options but `paused` begin another consumer. */
  update(this: void, handler: Handler<Output>, options?: ConsumerOptions): void;
}

export function createConsumerStore<Input, Output>(
  { use }: OpenQueue<Input, Output>,
  handler: Handler<Output>,
  options: ConsumerOptions = {},
): ConsumerStore<Output> {
  let newest = handler;
  // As they are now: options may be an object that is changed in place.
  let wanted = { ...options };
  let running: Consumer | undefined;
  let begin: (() => () => void) | undefined;
  let end: (() => void) | undefined;
  let active = 0;
  let tell: Change<ConsumerSnapshot> = () => {};
  const count = (more: number) => {
    active += more;
    tell({ active });
  };

  const handle: Handler<Output> = (delivery) => {
    const returned = newest(delivery);
    if (!isThenable(returned)) return returned;
    count(1);
    return Promise.resolve(returned).finally(() => count(-1));
  };
  const fail = (reason: unknown) => tell(failed(reason));
  const pauseOrResume = () => (wanted.paused ? running?.pause() : running?.resume());

  const source = createSource<ConsumerSnapshot>(
    { ...OPENING, active: 0 },
    (change) => {
      tell = change;
      // Of its last time, what still runs.
      if (active > 0) change({ active });
      begin = () =>
        use((queue) => {
          const { paused, ...rest } = wanted;
          const consumer = queue.consume(handle, rest);
          running = consumer;
          pauseOrResume();
          consumer.closed.catch(fail);
          change(OPEN);
          return () => {
            if (running === consumer) running = undefined;
            void consumer.stop();
          };
        }, fail);
      end = begin();
      return () => {
        end?.();
        begin = end = undefined;
      };
    },
    0,
  );

  return {
    ...source,
    update(handler, options) {
      newest = handler;
      const before = wanted;
      wanted = { ...options };
      if (isAnother(before, wanted) && begin) {
        end?.();
        end = begin();
      } else pauseOrResume();
    },
  };
}

/** Whether a consumer has something else for life: all but `paused`. */
function isAnother({ paused: _, ...before }: ConsumerOptions, { paused: __, ...after }: ConsumerOptions): boolean {
  const names = Object.keys({ ...before, ...after }) as (keyof typeof before)[];
  return names.some((name) => before[name] !== after[name]);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
