// OriginMQ for service workers: the same queues, hosted in the service worker itself while no tab hosts them. A host
// there lives as long as its worker: use it inside `waitUntil`, with bounded work.

import type { OpenLocalFirst } from "./integrations/local-first/local-first-queue.js";
import { openLocalFirst } from "./integrations/local-first/open-local-first.js";
import { answerOpening } from "./link/finding/answering.js";
import type { OpenQueue } from "./wiring/api.js";
import { createHosting } from "./wiring/hosting.js";
import { offeredSealing } from "./wiring/offered-sealing.js";
import { createSocketWay, type SocketOptions } from "./wiring/socket.js";
import { createWholeApi } from "./wiring/whole-api.js";

export { wrapQueue } from "./client/queue/wrap.js";
export { QueueError } from "./core/spec/errors.js";
export type * from "./index.js";

// Not loaded when it is asked for: a classic script cannot.
const socket = async (options: SocketOptions) => createSocketWay(options);
const hosting = createHosting("service-worker");
const api = createWholeApi({
  inContext: (port) => answerOpening(port, hosting),
  ...{ socket, sealing: offeredSealing, local: openLocalFirst },
});

/** As `openQueue` of "originmq": linked to the host of a tab, or hosting here when there is none. */
export const openQueue = api.openQueue as OpenLocalFirst & OpenQueue;

/** As `openTopic` of "originmq". */
export const openTopic = api.openTopic;

/** As `connect` of "originmq". */
export const connect = api.connect;
