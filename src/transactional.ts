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
  OUTBOX_ID_HEADER,
  type Outbox,
  type OutboxFailure,
  type OutboxOptions,
  type OutboxSendOptions,
  outbox,
} from "./integrations/transactional/outbox.js";
