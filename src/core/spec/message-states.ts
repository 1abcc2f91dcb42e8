// The states of a message, as they are named outside the engine.

export type MessageState = "ready" | "delayed" | "leased" | "blocked" | "dead";

export const PEEKABLE: readonly MessageState[] = ["ready", "delayed", "leased", "blocked", "dead"];
