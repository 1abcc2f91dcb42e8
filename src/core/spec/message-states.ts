// The states of a message, as they are named outside the engine.

/**
 * Where a message is: `ready` to be handed out, `delayed` until a time, `leased` to a consumer, `blocked` behind another
 * of its group, or `dead`.
 */
export type MessageState = "ready" | "delayed" | "leased" | "blocked" | "dead";

export const PEEKABLE: readonly MessageState[] = ["ready", "delayed", "leased", "blocked", "dead"];
