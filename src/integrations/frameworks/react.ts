"use client";
// React's hooks over the stores. All logic is in the stores: a hook reads one, and hands in what a render brings.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Handler } from "../../index.js";
import type { ConsumerOptions, ConsumerSnapshot } from "./consumer-store.js";
import type { OutboxSnapshot, OutboxStore } from "./outbox-store.js";
import type { MessagesOptions, MessagesSnapshot, QueueSnapshot, QueueStore, StatsSnapshot } from "./queue-store.js";
import type { SendSnapshot, SendStore } from "./send-store.js";
import type { Store } from "./source.js";

/** Reads any of the stores, and renders anew when it has changed, once a frame at most. */
export const useStore = <Snapshot>({ subscribe, getSnapshot, getServerSnapshot }: Store<Snapshot>): Snapshot =>
  useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);

/** The queue itself, for everything that has no hook, and whether it is connected. */
export const useQueue = <Input, Output>(queue: QueueStore<Input, Output>): QueueSnapshot<Input, Output> =>
  useStore(queue);

/** The queue's statistics: counts are 0 until they are known. */
export const useStats = <Input, Output>(queue: QueueStore<Input, Output>): StatsSnapshot => useStore(queue.stats);

/** The first `max` messages of the queue. */
export const useMessages = <Input, Output>(
  queue: QueueStore<Input, Output>,
  options?: MessagesOptions,
): MessagesSnapshot<Input> => useStore(queue.messages(options));

/**
 * Consumes while the component is mounted, with the handler of its last render; a new one restarts nothing. Handlers that
 * run when it is unmounted end in their own time.
 */
export function useConsumer<Input, Output>(
  queue: QueueStore<Input, Output>,
  handler: Handler<Output>,
  options?: ConsumerOptions,
): ConsumerSnapshot {
  const consumer = useMemo(() => queue.consumer(handler, options), [queue]);
  useEffect(() => consumer.update(handler, options));
  return useStore(consumer);
}

/** `send`, which stays the same function, and how the sends of this component are. */
export function useSend<Input, Output>(
  queue: QueueStore<Input, Output>,
): SendSnapshot & Pick<SendStore<Input>, "send"> {
  const sender = useMemo(() => queue.sender(), [queue]);
  return { ...useStore(sender), send: sender.send };
}

/** The outbox, what waits in it, and what was given up. */
export const useOutbox = (outbox: OutboxStore): OutboxSnapshot => useStore(outbox);
