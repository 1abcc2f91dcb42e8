// Names that contexts of one origin have to agree on: channels, locks, and the queues of the library's own.

import { OWN_QUEUE_PREFIX } from "./own-names.js";

export { OWN_QUEUE_PREFIX, presenceLockName } from "./own-names.js";

const REPLY_QUEUE_PREFIX = `${OWN_QUEUE_PREFIX}replies:`;
/** The queue of the answers to a client's requests. The client makes it, the host deletes it when the client is gone. */
export const replyQueueOf = (client: string): string => `${REPLY_QUEUE_PREFIX}${client}`;
/** Whose reply queue this is, if it is one. */
export const ownerOfReplies = (queue: string): string | undefined =>
  queue.startsWith(REPLY_QUEUE_PREFIX) ? queue.slice(REPLY_QUEUE_PREFIX.length) : undefined;

/** Tells a page's worker that its page freezes or goes: it lets all locks go. */
export const STOP_HOSTING = "originmq:stop-hosting";

/** Name of the channel on which a database's host announces. */
export const channelName = (storage: string, database: string): string => `originmq:${storage}:${database}`;
/** Name of the channel on which contexts find the host, and hosts each other. */
export const directoryName = (storage: string, database: string): string => `originmq:${storage}:${database}:hosts`;
/** Name of the lock whose holder is the host. It carries no version: every build contends for the same data. */
export const hostLockName = (storage: string, database: string): string => `originmq:${storage}:${database}:host`;
