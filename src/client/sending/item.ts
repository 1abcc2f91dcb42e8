// A message to be sent, as its sender gave it, and the receipt that its sender gets.

import type { SendSegment } from "../../core/commands/commands.js";
import type { Headers } from "../../core/log/bodies.js";
import { DURATION_MS_MAX } from "../../core/spec/limits.js";

/** What the sender of a message gets once it is durable. */
export interface Receipt {
  /** Names the message for ever, in every context. */
  readonly id: string;
  /** The message was already there: its `deduplicationId` was seen before. */
  readonly duplicate: boolean;
}

/** When a message is delivered, in which order, and until when; nothing given: at once, in order, for ever. */
export interface SendOptions {
  /** 0 to 9, high first. Default 4. */
  readonly priority?: number;
  /** Not delivered before so many ms have passed. Not together with `deliverAt`. */
  readonly delayMs?: number;
  /** Not delivered before this instant: a Date, or epoch milliseconds. */
  readonly deliverAt?: number | Date;
  /** Like the queue's `ttlMs`, for this message: in place of it. `null`: this one never expires. */
  readonly ttlMs?: number | null;
  /**
   * A name of 1 to 256 characters. A send under a name that the queue remembers stores no second message: its receipt has
   * the first one's id and says `duplicate: true`. See the queue's `deduplicationWindowMs` and `deduplicationMode`.
   */
  readonly deduplicationId?: string;
  /**
   * Messages of one group, 1 to 256 characters, are worked on strictly one after the other in the order of their
   * acceptance, retries and delays included: one that is delayed, retried or in work keeps back those behind it.
   * Groups go on in parallel, in turn; each ranks by the priority of its head. Default: none.
   */
  readonly groupId?: string;
  /** Text by name, delivered with the message. */
  readonly headers?: Headers;
}

/** When and where in line a message goes. */
export type Attributes = Omit<SendSegment, "count" | "deduplicationIds">;

export interface Item {
  readonly body: unknown;
  /** The body as it was when it was sent, where it is plain JSON data. */
  readonly text: string | undefined;
  /** Of the body, estimated. */
  readonly bytes: number;
  readonly headers: Headers | undefined;
  readonly groupId?: string | undefined;
  readonly attributes: Attributes;
  readonly deduplicationId?: string | undefined;
}

/** From its text where there is one: the object may have changed since. */
export const bodyOf = ({ text, body }: Item): unknown => (text === undefined ? body : JSON.parse(text));

const PRIORITY_DEFAULT = 4;

/** The usual case, in which nothing is made anew. */
const ATTRIBUTES_DEFAULT = { priority: PRIORITY_DEFAULT };

/** A message of a body and options that were found to be right. Written out: Node is slow at spreading one object a message. */
export function makeItem(
  { body, text, bytes }: Pick<Item, "body" | "text" | "bytes">,
  options: SendOptions | undefined,
): Item {
  const { priority = PRIORITY_DEFAULT, delayMs, deliverAt, ttlMs, groupId, deduplicationId, headers } = options ?? {};
  return {
    body,
    text,
    bytes,
    headers: headers && Object.keys(headers).length > 0 ? { ...headers } : undefined,
    groupId,
    deduplicationId,
    attributes: options
      ? {
          priority,
          ...(delayMs !== undefined && whenIn(delayMs)),
          ...(deliverAt !== undefined && { deliverAt: Math.ceil(Number(deliverAt)) }),
          ...(ttlMs !== undefined && { ttlMs }),
        }
      : ATTRIBUTES_DEFAULT,
  };
}

/** In whole milliseconds, and as an instant where it is longer than hosts of earlier builds take a delay to be. */
const whenIn = (delayMs: number): Pick<Attributes, "delayMs" | "deliverAt"> =>
  delayMs > DURATION_MS_MAX ? { deliverAt: Math.ceil(Date.now() + delayMs) } : { delayMs: Math.ceil(delayMs) };
