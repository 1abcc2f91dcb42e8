// What the tests see of their pages.

import type { DeadOutboxMessage, Outbox, OutboxOptions } from "../../../src/outbox.js";

export interface Lab {
  /** What the page's outbox told, in order. */
  readonly events: { readonly type: "queued" | "delivered" | "dead"; readonly metadata: unknown }[];
  readonly outbox: Outbox;
  open(options?: OutboxOptions): Promise<void>;
  /** Sends one request; resolves with the status of the answer. */
  post(path: string, body?: string, init?: { readonly metadata?: unknown; readonly groupId?: string }): Promise<number>;
  /** Sends so many requests with bodies of every type, over five groups; resolves with the digests by path. */
  postEveryType(count: number): Promise<Record<string, string>>;
  waiting(): Promise<number>;
  dead(): Promise<DeadOutboxMessage[]>;
  registerServiceWorker(
    name: "service-worker" | "workbox-worker" | "workbox-original-worker",
    search?: string,
  ): Promise<void>;
  /** "opened", or why not: the queue of the outbox for who has no key. */
  openedWithoutKey(): Promise<string>;
  /** Logs out: destroys the key that this origin has made. */
  shred(): Promise<void>;
  /** Calls a function of the service worker. */
  call<T>(name: string, ...args: unknown[]): Promise<T>;
}

declare global {
  var outboxLab: Lab;
  var moveClock: (ms: number) => void;
}
