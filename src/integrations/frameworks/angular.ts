// Angular's injectables over the stores, to be called where `inject` may be. All logic is in the stores: a signal mirrors one.
// Invariant: no decorators, so that no compiler of Angular has to see this package.

import { afterNextRender, computed, DestroyRef, effect, inject, type Signal, signal } from "@angular/core";
import type { Handler } from "../../index.js";
import type { ConsumerOptions, ConsumerSnapshot } from "./consumer-store.js";
import type { OutboxSnapshot, OutboxStore } from "./outbox-store.js";
import type { MessagesOptions, MessagesSnapshot, QueueSnapshot, QueueStore, StatsSnapshot } from "./queue-store.js";
import type { SendSnapshot, SendStore } from "./send-store.js";
import type { Store } from "./source.js";

/** Mirrors any of the stores, from the first rendering in a browser until the component is destroyed. */
export function injectStore<Snapshot>(store: Store<Snapshot>): Signal<Snapshot> {
  const snapshot = signal(store.getServerSnapshot());
  const destroyed = inject(DestroyRef);
  const rendered = afterNextRender(() => {
    const update = () => snapshot.set(store.getSnapshot());
    destroyed.onDestroy(store.subscribe(update));
    update();
  });
  destroyed.onDestroy(() => rendered.destroy());
  return snapshot.asReadonly();
}

/** The queue itself, for everything that is not here, and whether it is connected. */
export const injectQueue = <Input, Output>(queue: QueueStore<Input, Output>): Signal<QueueSnapshot<Input, Output>> =>
  injectStore(queue);

/** The queue's statistics: counts are 0 until they are known. */
export const injectStats = <Input, Output>(queue: QueueStore<Input, Output>): Signal<StatsSnapshot> =>
  injectStore(queue.stats);

/** The first `max` messages of the queue. */
export const injectMessages = <Input, Output>(
  queue: QueueStore<Input, Output>,
  options?: MessagesOptions,
): Signal<MessagesSnapshot<Input>> => injectStore(queue.messages(options));

/**
 * Consumes from the first rendering until the component is destroyed. Options may be a signal. Handlers that run then end
 * in their own time.
 */
export function injectConsumer<Input, Output>(
  queue: QueueStore<Input, Output>,
  handler: Handler<Output>,
  options: ConsumerOptions | (() => ConsumerOptions) = {},
): Signal<ConsumerSnapshot> {
  const consumer = queue.consumer(handler);
  effect(() => consumer.update(handler, typeof options === "function" ? options() : options));
  return injectStore(consumer);
}

/** `send`, and signals that tell how the sends of this component are. */
export function injectSend<Input, Output>(
  queue: QueueStore<Input, Output>,
): Pick<SendStore<Input>, "send"> & { readonly [Name in keyof SendSnapshot]: Signal<SendSnapshot[Name]> } {
  const sender = queue.sender();
  const snapshot = injectStore(sender);
  return {
    send: sender.send,
    pending: computed(() => snapshot().pending),
    error: computed(() => snapshot().error),
  };
}

/** The outbox, what waits in it, and what was given up. */
export const injectOutbox = (outbox: OutboxStore): Signal<OutboxSnapshot> => injectStore(outbox);
