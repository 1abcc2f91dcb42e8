// Solid's accessors over the stores, for Solid 1 and 2. All logic is in the stores: an accessor mirrors one into a signal.
// Invariant: nothing is imported that one of the two majors has not.

import { type Accessor, createEffect, createRenderEffect, createSignal, onCleanup, untrack } from "solid-js";
import type { Handler } from "../../index.js";
import type { ConsumerOptions, ConsumerSnapshot } from "./consumer-store.js";
import type { OutboxSnapshot, OutboxStore } from "./outbox-store.js";
import type { MessagesOptions, MessagesSnapshot, QueueSnapshot, QueueStore, StatsSnapshot } from "./queue-store.js";
import type { SendSnapshot, SendStore } from "./send-store.js";
import type { Store } from "./source.js";

/**
 * Solid 1 calls the first function when the component is rendered, with the second as its value so far; Solid 2 calls the
 * second after the first, if that returns something else. On a server neither calls the second.
 */
const onceRendered = createEffect as (first: (value: unknown) => unknown, second: () => void) => void;
const nothing = () => {};

/** Mirrors any of the stores while the component is there: another one, once an accessor gives it. */
export function useStore<Snapshot extends object>(
  store: Store<Snapshot> | Accessor<Store<Snapshot>>,
): Accessor<Snapshot> {
  const wanted = typeof store === "function" ? store : () => store;
  let from = untrack(wanted);
  const [snapshot, setSnapshot] = createSignal<Snapshot>(from.getServerSnapshot());
  const update = () => {
    setSnapshot(() => from.getSnapshot());
  };
  let unsubscribe: (() => void) | undefined;
  let begin: unknown;
  onceRendered(
    (value) => {
      from = wanted();
      // Solid 1 gives it at first, and then what was returned.
      begin ??= typeof value === "function" ? value : nothing;
      untrack(begin as () => void);
      return from;
    },
    () => {
      unsubscribe?.();
      unsubscribe = from.subscribe(update);
      update();
    },
  );
  onCleanup(() => unsubscribe?.());
  return snapshot;
}

/** The queue itself, for everything that is not here, and whether it is connected. */
export const useQueue = <Input, Output>(queue: QueueStore<Input, Output>): Accessor<QueueSnapshot<Input, Output>> =>
  useStore(queue);

/** The queue's statistics: counts are 0 until they are known. */
export const useStats = <Input, Output>(queue: QueueStore<Input, Output>): Accessor<StatsSnapshot> =>
  useStore(queue.stats);

/** The first `max` messages of the queue. Options may be an accessor. */
export const useMessages = <Input, Output>(
  queue: QueueStore<Input, Output>,
  options?: MessagesOptions | Accessor<MessagesOptions>,
): Accessor<MessagesSnapshot<Input>> =>
  useStore(() => queue.messages(typeof options === "function" ? options() : options));

/**
 * Consumes while the component is there. Options may be an accessor. Handlers that run when it is disposed of end in their own
 * time.
 */
export function useConsumer<Input, Output>(
  queue: QueueStore<Input, Output>,
  handler: Handler<Output>,
  options: ConsumerOptions | Accessor<ConsumerOptions> = {},
): Accessor<ConsumerSnapshot> {
  const newest = typeof options === "function" ? options : () => options;
  const consumer = queue.consumer(handler);
  (createRenderEffect as typeof onceRendered)(() => consumer.update(handler, newest()), nothing);
  return useStore(consumer);
}

/** `send`, and accessors that tell how the sends of this component are. */
export function useSend<Input, Output>(
  queue: QueueStore<Input, Output>,
): Pick<SendStore<Input>, "send"> & { readonly [Name in keyof SendSnapshot]: Accessor<SendSnapshot[Name]> } {
  const sender = queue.sender();
  const snapshot = useStore(sender);
  return { send: sender.send, pending: () => snapshot().pending, error: () => snapshot().error };
}

/** The outbox, what waits in it, and what was given up. */
export const useOutbox = (outbox: OutboxStore): Accessor<OutboxSnapshot> => useStore(outbox);
