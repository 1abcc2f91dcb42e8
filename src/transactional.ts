// Effects and sends that share a transaction with the application's own IndexedDB.

export {
  createInboxStore,
  type Inbox,
  type InboxHandler,
  type InboxOptions,
  inbox,
} from "./integrations/transactional/inbox.js";
export {
  createOutboxStore,
  outbox,
  type TransactionalOutbox,
  type TransactionalOutboxOptions,
} from "./integrations/transactional/outbox.js";
export type { OutboxSendOptions } from "./integrations/transactional/records.js";
export { OUTBOX_ID_HEADER, type OutboxFailure } from "./integrations/transactional/relay.js";
