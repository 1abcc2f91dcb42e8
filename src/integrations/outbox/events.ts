// What every open context learns of an outbox. Hints: whoever misses one finds the truth in `waiting` and `dead`.

import { QueueError } from "../../core/spec/errors.js";
import type { MessageView, Queue } from "../../index.js";
import { KEY_MS } from "./keys.js";
import { deadOf } from "./message.js";
import type { DeadOutboxMessage, OutboxMessage } from "./options.js";
import type { StoredRequest } from "./stored-request.js";

/** What each event carries in `detail`. */
export interface OutboxEventMap {
  /** A request was stored. */
  queued: CustomEvent<OutboxMessage>;
  /** A stored request has arrived; `status` is 0 where the answer is opaque. */
  delivered: CustomEvent<OutboxMessage & { readonly status: number }>;
  /** A request was given up, or has expired. */
  dead: CustomEvent<DeadOutboxMessage>;
}

export interface OutboxEvents {
  readonly target: EventTarget;
  /** Whether this context has heard within `KEY_MS` that it was delivered. */
  wasDelivered(id: string): boolean;
  queued(message: OutboxMessage): void;
  delivered(message: OutboxMessage, status: number): void;
  /** Looks for requests that died since, and tells of each once. */
  lookForDead(): Promise<void>;
  /** Every other context is to give up what it has begun by now. */
  cleared(): void;
  suspend(): void;
  resume(): void;
}

/** So many deliveries are remembered. */
const DELIVERED_MAX = 10_000;

export interface EventParts {
  readonly channel: string;
  queue(): Promise<Queue<StoredRequest>>;
  /** Another context has cleared the outbox at this time, in epoch milliseconds. */
  onCleared(at: number): void;
  /** Called for each that died, in every context. */
  onDead(message: DeadOutboxMessage): void;
}

export function createEvents({ channel: name, queue, onCleared, onDead }: EventParts): OutboxEvents {
  const target = new EventTarget();
  const since = Date.now();
  const told = new Set<string>();
  let newest: string | undefined;
  let looking: Promise<void> | undefined;
  let isStale = false;
  let channel: BroadcastChannel | undefined;

  /** By id, when. The oldest stand first. */
  const delivered = new Map<string, number>();

  const dispatch = (type: string, detail: unknown) => {
    if (type === "delivered") {
      const now = Date.now();
      delivered.set((detail as OutboxMessage).id, now);
      for (const [id, at] of delivered) {
        if (now - at < KEY_MS && delivered.size <= DELIVERED_MAX) break;
        delivered.delete(id);
      }
    }
    return target.dispatchEvent(new CustomEvent(type, { detail }));
  };
  const announce = (type: "queued" | "delivered", detail: unknown) => {
    dispatch(type, detail);
    channel?.postMessage({ type, detail });
  };

  const tell = (letter: MessageView<StoredRequest>) => {
    newest = letter.id;
    if ((letter.diedAt ?? 0) < since || told.has(letter.id)) return;
    told.add(letter.id);
    const message = deadOf(letter);
    dispatch("dead", message);
    onDead(message);
  };
  const look = async (): Promise<void> => {
    const { deadLetters } = await queue();
    try {
      for await (const page of deadLetters.pages({ ...(newest && { after: newest }) })) page.forEach(tell);
    } catch (error) {
      if (newest === undefined || !(error instanceof QueueError) || error.code !== "invalid-argument") throw error;
      // It left so long ago that nobody knows where it stood.
      newest = undefined;
      await look();
    }
  };

  const events: OutboxEvents = {
    target,
    wasDelivered: (id) => Date.now() - (delivered.get(id) ?? Number.NEGATIVE_INFINITY) < KEY_MS,
    queued: (message) => announce("queued", message),
    delivered: (message, status) => announce("delivered", { ...message, status }),
    lookForDead() {
      isStale = looking !== undefined;
      looking ??= look().finally(() => {
        looking = undefined;
        if (isStale) return events.lookForDead();
      });
      return looking;
    },
    cleared: () => channel?.postMessage({ type: "cleared", at: Date.now() }),
    suspend() {
      channel?.close();
      channel = undefined;
    },
    resume() {
      if (typeof BroadcastChannel === "undefined" || channel) return;
      channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => {
        if (data?.type === "queued" || data?.type === "delivered") dispatch(data.type, data.detail);
        if (data?.type === "cleared" && typeof data.at === "number") onCleared(data.at);
      };
      // Only Node lets an open channel keep its process alive.
      (channel as { unref?(): void }).unref?.();
    },
  };
  events.resume();
  return events;
}
