// The public surface of `workbox-background-sync` 7 for service workers, over durable queues: change the import.

export { importWorkbox } from "./integrations/workbox/import.js";
export {
  BackgroundSyncPlugin,
  Queue,
  type QueueEntry,
  type QueueOptions,
} from "./integrations/workbox/queue.js";
export { type RequestData, StorableRequest } from "./integrations/workbox/storable-request.js";
