// Angular's injectables over the stores, to be called where `inject` may be. All logic is in the stores: a signal mirrors one.
// Invariant: no decorators, so that no compiler of Angular has to see this package.

import { afterRenderEffect, computed, effect, type Signal, signal, untracked } from "@angular/core";
import type { Handler } from "../../index.js";
import type { ConsumerOptions, ConsumerSnapshot } from "./consumer-store.js";
import type { OutboxSnapshot, OutboxStore } from "./outbox-store.js";
import type { MessagesOptions, MessagesSnapshot, QueueSnapshot, QueueStore, StatsSnapshot } from "./queue-store.js";
import type { SendSnapshot, SendStore } from "./send-store.js";
import type { Store } from "./source.js";

/** Mirrors any of the stores, from the first rendering in a browser until the component is destroyed: another one, once a signal gives it. */
export function injectStore<Snapshot>(store: Store<Snapshot> | (() => Store<Snapshot>)): Signal<Snapshot> {
  const wanted = typeof store === "function" ? store : () => store;
  const shown = signal<Snapshot | undefined>(undefined);
  afterRenderEffect((onCleanup) => {
    const from = wanted();
    const update = () => shown.set(from.getSnapshot());
    onCleanup(untracked(() => from.subscribe(update)));
    update();
  });
  // Asked for when it is read: inputs have no value before the component is made.
  return computed(() => shown() ?? wanted().getServerSnapshot());
}

/** The queue itself, for everything that is not here, and whether it is connected. */
export const injectQueue = <Input, Output>(queue: QueueStore<Input, Output>): Signal<QueueSnapshot<Input, Output>> =>
  injectStore(queue);

/** The queue's statistics: counts are 0 until they are known. */
export const injectStats = <Input, Output>(queue: QueueStore<Input, Output>): Signal<StatsSnapshot> =>
  injectStore(queue.stats);

/** The first `max` messages of the queue. Options may be a signal. */
export const injectMessages = <Input, Output>(
  queue: QueueStore<Input, Output>,
  options?: MessagesOptions | (() => MessagesOptions),
): Signal<MessagesSnapshot<Input>> =>
  injectStore(() => queue.messages(typeof options === "function" ? options() : options));

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
