// How much one request may hold: what the host refuses and what a client therefore does not ask.

/** Messages in one request: more would hold up everybody else. */
export const REQUEST_MESSAGES_MAX = 100_000;
/** Queues that one transaction sends to. */
export const TRANSACTION_SENDS_MAX = 1_000;

/** Bytes of one hand-out, by estimate: a thousand large bodies must not travel as one message. One message always may. */
export const HAND_OUT_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of one answer to `peek` and `dead-letters`, by estimate: who wants more asks on. */
export const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Messages that one client holds: what it names to the next host is one request. */
export const HOLDINGS_MESSAGES_MAX = REQUEST_MESSAGES_MAX;
/** Bytes of what one client holds, by estimate: all of it is in its memory. */
export const HOLDINGS_BYTES_MAX = 256 * 1024 * 1024;
/** Length of the texts of one column together: half of what the shortest engine's string may hold. */
export const COLUMN_TEXT_MAX = 2 ** 28;
/** Consumers and waiting calls of one client: each is looked at in every turn of its queue. */
export const ASKERS_PER_CLIENT_MAX = 10_000;
/** Watchers of statistics that one client has: each is computed for again and again. */
export const WATCHERS_PER_CLIENT_MAX = 1_000;
/** Ports on which nobody has said hello yet; beyond it, the one that has been silent for longest is closed. */
export const SILENT_PORTS_MAX = 1_000;
/** How long a port may be silent: several times as long as a client waits for the answer to its hello. */
export const SILENT_PORT_MS_MAX = 60_000;
