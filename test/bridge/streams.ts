// The streams that bridges are tortured over, each with a queue of its name.

/** What has groups, and what has none: of that much is under way together, so that only the first is forwarded to while full. */
export const STREAMS = ["grouped", "plain"] as const;
export type StreamName = (typeof STREAMS)[number];
/** Whom the server knows bridges as. */
export const BRIDGE_USER = "bridge";
