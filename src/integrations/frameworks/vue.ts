// Vue's composables over the stores. All logic is in the stores: a composable mirrors one into a shallow ref.

import {
  type ComputedRef,
  computed,
  type MaybeRefOrGetter,
  onMounted,
  type ShallowRef,
  shallowRef,
  toValue,
  watch,
  watchEffect,
} from "vue";
import type { Handler } from "../../index.js";
import type { ConsumerOptions, ConsumerSnapshot } from "./consumer-store.js";
import type { OutboxSnapshot, OutboxStore } from "./outbox-store.js";
import type { MessagesOptions, MessagesSnapshot, QueueSnapshot, QueueStore, StatsSnapshot } from "./queue-store.js";
import type { SendSnapshot, SendStore } from "./send-store.js";
import type { Store } from "./source.js";

/** What a composable returns: read it as `name.value` in scripts, as `name` in templates. */
export type SnapshotRef<Snapshot> = Readonly<ShallowRef<Snapshot>>;

/** Mirrors any of the stores while the component is mounted: another one, once a ref or a getter gives it. */
export function useStore<Snapshot>(store: MaybeRefOrGetter<Store<Snapshot>>): SnapshotRef<Snapshot> {
  // As a server has rendered it; what is known shows before anything is painted.
  const snapshot = shallowRef(toValue(store).getServerSnapshot());
  const mirror = (from: Store<Snapshot>, _: unknown, onCleanup: (unsubscribe: () => void) => void) => {
    const update = () => {
      snapshot.value = from.getSnapshot();
    };
    onCleanup(from.subscribe(update));
    update();
  };
  onMounted(() => watch(() => toValue(store), mirror, { immediate: true }));
  return snapshot;
}

/** The queue itself, for everything that has no composable, and whether it is connected. */
export const useQueue = <Input, Output>(queue: QueueStore<Input, Output>): SnapshotRef<QueueSnapshot<Input, Output>> =>
  useStore(queue);

/** The queue's statistics: counts are 0 until they are known. */
export const useStats = <Input, Output>(queue: QueueStore<Input, Output>): SnapshotRef<StatsSnapshot> =>
  useStore(queue.stats);

/** The first `max` messages of the queue. Options may be a ref or a getter. */
export const useMessages = <Input, Output>(
  queue: QueueStore<Input, Output>,
  options?: MaybeRefOrGetter<MessagesOptions>,
): SnapshotRef<MessagesSnapshot<Input>> => useStore(() => queue.messages(toValue(options)));

/**
 * Consumes while the component is mounted. Options may be a ref or a getter. Handlers that run when it is unmounted end in
 * their own time.
 */
export function useConsumer<Input, Output>(
  queue: QueueStore<Input, Output>,
  handler: Handler<Output>,
  options?: MaybeRefOrGetter<ConsumerOptions>,
): SnapshotRef<ConsumerSnapshot> {
  const consumer = queue.consumer(handler, toValue(options));
  watchEffect(() => consumer.update(handler, toValue(options)));
  return useStore(consumer);
}

/** `send`, and refs that tell how the sends of this component are. */
export function useSend<Input, Output>(
  queue: QueueStore<Input, Output>,
): Pick<SendStore<Input>, "send"> & { readonly [Name in keyof SendSnapshot]: ComputedRef<SendSnapshot[Name]> } {
  const sender = queue.sender();
  const snapshot = useStore(sender);
  return {
    send: sender.send,
    pending: computed(() => snapshot.value.pending),
    error: computed(() => snapshot.value.error),
  };
}

/** The outbox, what waits in it, and what was given up. */
export const useOutbox = (outbox: OutboxStore): SnapshotRef<OutboxSnapshot> => useStore(outbox);
