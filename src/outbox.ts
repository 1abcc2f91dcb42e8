// Requests that arrive once the server can be reached, in pages and in service workers.

import { connect as connectFromPage } from "./index.js";
import type { OutboxOptions } from "./integrations/outbox/options.js";
import { createOutboxOver, type Outbox } from "./integrations/outbox/outbox.js";
import { connect as connectFromServiceWorker } from "./service-worker.js";

export { QueueError } from "./core/spec/errors.js";
export type { OutboxEventMap } from "./integrations/outbox/events.js";
export type { WaitingOutboxMessage } from "./integrations/outbox/message.js";
export type {
  DeadOutboxMessage,
  OutboxFetchOptions,
  OutboxMessage,
  OutboxMode,
  OutboxOptions,
  OutboxVerdict,
} from "./integrations/outbox/options.js";
export type { Outbox } from "./integrations/outbox/outbox.js";

/**
 * Opens an outbox. In a service worker call it while the script is first run, so that its `sync` listener is there in
 * time. It connects by itself: what cannot be reached shows when it is used. Throws `invalid-argument`, naming the option.
 */
export function createOutbox(options: OutboxOptions = {}): Outbox {
  const isServiceWorker = "ServiceWorkerGlobalScope" in globalThis;
  return createOutboxOver(isServiceWorker ? connectFromServiceWorker : connectFromPage, options);
}
