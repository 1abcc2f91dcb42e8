// A message to be sent, as its sender gave it, and the receipt that its sender gets.

import type { SendSegment } from "../../core/commands/commands.js";
import type { Headers } from "../../core/log/bodies.js";
import { estimateBytes } from "../../core/log/size.js";

/** What the sender of a message gets once it is durable. */
export interface Receipt {
  /** Names the message for ever, in every context. */
  readonly id: string;
  /** The message was already there: its `deduplicationId` was seen before. */
  readonly duplicate: boolean;
}

/** When and where in line a message goes. */
export type Attributes = Omit<SendSegment, "count" | "deduplicationIds">;

export interface Item {
  readonly body: unknown;
  /** The body as it was when it was sent, where it is plain JSON data. */
  readonly text: string | undefined;
  readonly headers: Headers | undefined;
  readonly groupId?: string | undefined;
  readonly attributes: Attributes;
  readonly deduplicationId?: string | undefined;
}

/** From its text where there is one: the object may have changed since. */
export const bodyOf = ({ text, body }: Item): unknown => (text === undefined ? body : JSON.parse(text));

/** Estimated bytes of a body on its way. */
export function weigh(body: unknown): number {
  try {
    return estimateBytes(body);
  } catch {
    // A member that cannot be read: it will not be cloned either.
    return 0;
  }
}

export const weightOf = ({ text, body }: Item): number => text?.length ?? weigh(body);
