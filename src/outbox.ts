// Requests that arrive once the server can be reached, in pages and in service workers.

import { QueueError } from "./core/spec/errors.js";
import { reportFailure } from "./integrations/outbox/context.js";
import type { OutboxOptions } from "./integrations/outbox/options.js";
import { type Connect, createOutboxOver, type Outbox } from "./integrations/outbox/outbox.js";
import { connect as connectFromServiceWorker } from "./service-worker.js";
import { createInProcess } from "./wiring/in-process.js";
import { CONNECTS_ONLY } from "./wiring/offered-sealing.js";
import { offeredStarters } from "./wiring/page-starters.js";
import { isServer } from "./wiring/server.js";
import { createWholeApi } from "./wiring/whole-api.js";

export { QueueError } from "./core/spec/errors.js";
export type { OutboxEventMap } from "./integrations/outbox/events.js";
export type { WaitingOutboxMessage } from "./integrations/outbox/message.js";
export type {
  DeadOutboxMessage,
  DeliveredOutboxMessage,
  OutboxFetchOptions,
  OutboxMessage,
  OutboxMode,
  OutboxOptions,
  OutboxReplaceOptions,
  OutboxRequestInit,
  OutboxVerdict,
} from "./integrations/outbox/options.js";
export type { Outbox } from "./integrations/outbox/outbox.js";

let isReported = false;

/** A page's workers are those of "originmq", which this entry must not name: a classic service worker imports it, too. */
const connectFromPage: Connect = async (options) => {
  const isMissing = () => offeredStarters() === undefined && options.worker === undefined && !isServer();
  // Modules that are evaluated after the one that made the outbox may bring it.
  if (isMissing()) await new Promise((resolve) => setTimeout(resolve));
  if (isMissing()) {
    const error = new QueueError(
      "unsupported",
      'nothing here knows the worker that hosts: add import "originmq" to this page, or give the option worker',
    );
    // While the network works nobody would hear of it, and the first outage would lose a request.
    if (!isReported) reportFailure(error);
    isReported = true;
    throw error;
  }
  const starters = offeredStarters() ?? {
    inProcess: async (database) => createInProcess(database),
    ...CONNECTS_ONLY,
  };
  return createWholeApi(starters).connect(options);
};

/**
 * Opens an outbox. In a page import "originmq", too: it brings the worker. In a service worker call this while the script is
 * first run, so that its `sync` listener is there in time. It connects by itself: what cannot be reached shows when it is
 * used. Throws `invalid-argument`, naming the option.
 */
export function createOutbox(options: OutboxOptions = {}): Outbox {
  const isServiceWorker = "ServiceWorkerGlobalScope" in globalThis;
  return createOutboxOver(isServiceWorker ? connectFromServiceWorker : connectFromPage, options);
}
