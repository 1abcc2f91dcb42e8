// How much one request may hold: what the host refuses and what a client therefore does not ask.

/** Messages in one request: more would hold up everybody else. */
export const REQUEST_MESSAGES_MAX = 100_000;
/** Estimated bytes of the bodies in one request, unless one command alone has more. */
export const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
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
