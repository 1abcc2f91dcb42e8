// What a link says of itself, beside calls and answers.

/** Sent back for a message that could not be deserialised; its sender cannot know otherwise. */
export const UNREADABLE = "originmq:unreadable";

/** The last word on a link that is closed on purpose: its peer need not wait for anything more. `isLeaving`: its page goes. */
export const CLOSED = "originmq:closed";
