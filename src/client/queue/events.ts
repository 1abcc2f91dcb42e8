// A queue's events, made from notices. Hints: nothing is lost when one is missed.

import type { QueueError } from "../../core/spec/errors.js";
import type { QueueSettings } from "../../core/spec/settings.js";
import type { DataLoss, QueueNotice } from "../../link/rpc/views.js";
import type { QueueClient } from "./queue-client.js";

/** What is told where the key of a database is asked for while it is in use (`whileLocked`). */
export interface LockEventMap {
  /**
   * The key is not there yet: what needs it waits. Told to whoever begins to listen meanwhile, and each time that what was answered does not
   * open the database, or nothing was: why, in `reason`, with which what waited has rejected.
   */
  locked: CustomEvent<{ readonly reason: unknown }>;
  /** The key is there, and what has waited goes on. */
  unlocked: Event;
}

/** What each event carries in `detail`. */
export interface QueueEventMap extends LockEventMap {
  /** New messages were accepted: how many, and how many are ready now. */
  available: CustomEvent<{ readonly count: number; readonly ready: number }>;
  /** Deliveries were settled, by any consumer. */
  settled: CustomEvent<{ readonly acked: number; readonly retried: number; readonly returned: number }>;
  /** Messages became dead letters: how many, and how many there are now. */
  dead: CustomEvent<{ readonly count: number; readonly total: number }>;
  /** Waiting messages were dropped to make room for newer ones, as `overflow: "drop-oldest"` says: how many. */
  dropped: CustomEvent<{ readonly count: number }>;
  /** The queue was paused or resumed, by a caller or because it is full of dead letters. */
  paused: CustomEvent<{ readonly paused: boolean }>;
  /** Messages are gone although nobody asked for it: which, as far as anybody still knows. */
  datalost: CustomEvent<DataLoss>;
  /** A newer build of OriginMQ hosts the queue, and this one cannot work with it: ask the user to reload. */
  outdated: CustomEvent<{ readonly reason: QueueError }>;
  /** The host is gone, or the line to it: what is called waits until there is one again. */
  disconnected: Event;
  /** There is a host again, or the first one of a lazy queue. */
  connected: Event;
  /** There will be no host any more, since a token was refused, say: every call rejects so. Open the queue again. */
  ended: CustomEvent<{ readonly reason: QueueError }>;
  /** Settings were stored. */
  configured: CustomEvent<{ readonly settings: Partial<QueueSettings> }>;
}

type Listener<Type extends keyof QueueEventMap> =
  | ((event: QueueEventMap[Type]) => void)
  | { handleEvent(event: QueueEventMap[Type]): void };

export interface QueueEvents {
  /**
   * Listens without a connection: in every context of the origin, whoever hosts. What happens in the moment of the call may not be
   * heard yet: a browser learns of a channel a moment after it is there.
   */
  addEventListener<Type extends keyof QueueEventMap>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof QueueEventMap>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** A loss found while connecting comes before anybody could listen: tells this listener alone, once its caller is done. */
export function tellOfPast(losses: readonly DataLoss[], listener: EventListenerOrEventListenerObject): void {
  const target = new EventTarget();
  target.addEventListener("datalost", listener);
  const past = [...losses];
  queueMicrotask(() => {
    for (const detail of past) target.dispatchEvent(new CustomEvent("datalost", { detail }));
  });
}

/** Tells those who listen of what happens to their client's host. */
export function dispatchOwn(
  target: EventTarget,
  { type, reason }: { readonly type: string; readonly reason?: QueueError },
): void {
  // Of a loss not all hear.
  if (type === "datalost") return;
  target.dispatchEvent(reason ? new CustomEvent(type, { detail: { reason } }) : new Event(type));
}

export function createQueueEvents(
  queue: string,
  client: Pick<QueueClient, "notices" | "listen" | "losses">,
): { target: QueueEvents; close(): void } {
  const target = new EventTarget();
  let stop: (() => void) | undefined;
  const stopListening = client.listen((event) => {
    if (event.type === "datalost" && (event.loss.queue ?? queue) === queue) dispatch({ datalost: event.loss });
    dispatchOwn(target, event);
  });
  const dispatch = (notice: QueueNotice) => {
    for (const [type, detail] of Object.entries(notice)) target.dispatchEvent(new CustomEvent(type, { detail }));
  };
  return {
    target: {
      addEventListener(type, listener, options) {
        stop ??= client.notices.listen(queue, dispatch);
        target.addEventListener(type, listener as EventListenerOrEventListenerObject, options);
        if (type !== "datalost") return;
        const own = client.losses.filter((loss) => (loss.queue ?? queue) === queue);
        tellOfPast(own, listener as EventListenerOrEventListenerObject);
      },
      removeEventListener(type, listener, options) {
        target.removeEventListener(type, listener as EventListenerOrEventListenerObject, options);
      },
    },
    close() {
      stopListening();
      stop?.();
      stop = undefined;
    },
  };
}
