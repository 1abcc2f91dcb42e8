// How much one request may hold: what the host refuses and what a client therefore does not ask.

/** Messages in one request: more would hold up everybody else. */
export const REQUEST_MESSAGES_MAX = 100_000;
/** Estimated bytes of the bodies in one request, unless one command alone has more. */
export const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
/** Queues that one transaction sends to. */
export const TRANSACTION_SENDS_MAX = 1_000;
