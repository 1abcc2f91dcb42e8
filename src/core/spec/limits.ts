// How much one request may hold: what the host refuses and what a client therefore does not ask.

/** Messages in one request: more would hold up everybody else. */
export const REQUEST_MESSAGES_MAX = 100_000;
/** Queues that one transaction sends to. */
export const TRANSACTION_SENDS_MAX = 1_000;
