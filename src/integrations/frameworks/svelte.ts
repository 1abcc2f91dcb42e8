// Svelte's readables over the stores: `.current` for runes, `$name` for stores. All logic is in the stores.
// Invariant: a component shows first what a server has rendered, and what is known once it is mounted.

import { onMount, untrack } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import { toStore } from "svelte/store";
import type { Handler } from "../../index.js";
import type { ConsumerOptions, ConsumerSnapshot } from "./consumer-store.js";
import type { OutboxSnapshot, OutboxStore } from "./outbox-store.js";
import type { MessagesOptions, MessagesSnapshot, QueueSnapshot, QueueStore, StatsSnapshot } from "./queue-store.js";
import type { SendSnapshot, SendStore } from "./send-store.js";
import type { Store } from "./source.js";

/** What Svelte reads: `current` with runes, and `subscribe` as a store. */
export interface Readable<Snapshot> {
  /** The newest snapshot: what reads it in an effect or a template follows it. */
  readonly current: Snapshot;
  /** As of any store of Svelte: `$name` in a component. */
  subscribe(this: void, run: (snapshot: Snapshot) => void): () => void;
}

/** Reads any of the stores, in a component's script: another one, once a function of runes gives it. */
export function useStore<Snapshot>(store: Store<Snapshot> | (() => Store<Snapshot>)): Readable<Snapshot> {
  const wanted = typeof store === "function" ? store : () => store;
  let newest = untrack(wanted).getServerSnapshot;
  const followers = new Set<() => void>();
  const follow = (update: () => void) => {
    followers.add(update);
    return () => {
      followers.delete(update);
    };
  };
  const track = createSubscriber(follow);
  const tell = () => {
    for (const update of [...followers]) update();
  };
  onMount(() => {
    let unsubscribe: (() => void) | undefined;
    const end = toStore(wanted).subscribe((store) => {
      unsubscribe?.();
      unsubscribe = store.subscribe(tell);
      newest = store.getSnapshot;
      tell();
    });
    return () => {
      end();
      unsubscribe?.();
    };
  });
  return {
    get current() {
      track();
      return newest();
    },
    subscribe(run) {
      run(newest());
      return follow(() => run(newest()));
    },
  };
}

/** The queue itself, for everything that is not here, and whether it is connected. */
export const useQueue = <Input, Output>(queue: QueueStore<Input, Output>): Readable<QueueSnapshot<Input, Output>> =>
  useStore(queue);

/** The queue's statistics: counts are 0 until they are known. */
export const useStats = <Input, Output>(queue: QueueStore<Input, Output>): Readable<StatsSnapshot> =>
  useStore(queue.stats);

/** The first `max` messages of the queue. Options may be a function of runes. */
export const useMessages = <Input, Output>(
  queue: QueueStore<Input, Output>,
  options?: MessagesOptions | (() => MessagesOptions),
): Readable<MessagesSnapshot<Input>> =>
  useStore(() => queue.messages(typeof options === "function" ? options() : options));

/**
 * Consumes while the component is mounted. Options may be a function of runes. Handlers that run when it is unmounted end in
 * their own time.
 */
export function useConsumer<Input, Output>(
  queue: QueueStore<Input, Output>,
  handler: Handler<Output>,
  options: ConsumerOptions | (() => ConsumerOptions) = {},
): Readable<ConsumerSnapshot> {
  // A copy follows state that is changed in place, too.
  const newest = () => ({ ...(typeof options === "function" ? options() : options) });
  const consumer = queue.consumer(handler, newest());
  onMount(() => toStore(newest).subscribe((wanted) => consumer.update(handler, wanted)));
  return useStore(consumer);
}

/** `send`, and how the sends of this component are; do not take it apart. */
export function useSend<Input, Output>(
  queue: QueueStore<Input, Output>,
): SendSnapshot & Pick<SendStore<Input>, "send"> {
  const sender = queue.sender();
  const snapshot = useStore(sender);
  return {
    send: sender.send,
    get pending() {
      return snapshot.current.pending;
    },
    get error() {
      return snapshot.current.error;
    },
  };
}

/** The outbox, what waits in it, and what was given up. */
export const useOutbox = (outbox: OutboxStore): Readable<OutboxSnapshot> => useStore(outbox);
