// Names that every client has to know: see names.ts.

/** Queues of the library's own: no caller opens one of such a name. */
export const OWN_QUEUE_PREFIX = "originmq:";

export const presenceLockName = (storage: string, database: string, client: string): string =>
  `originmq:${storage}:${database}:client:${client}`;
