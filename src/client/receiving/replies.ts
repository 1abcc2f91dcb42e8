// How an answer finds its way: a message that asks for one names the reply queue of its requester in its headers, and
// whoever handles it sends the answer there, before it acknowledges. Invariant: what was acknowledged was answered.

import type { Headers } from "../../core/log/bodies.js";
import { QueueError } from "../../core/spec/errors.js";
import { holdsFile } from "../sending/files.js";
import type { Pipeline } from "../sending/pipeline.js";
import { readFiles } from "../sending/reading.js";
import { itemOf } from "../sending/taken-in.js";

export const REPLY_TO = "originmq-reply-to";
export const REQUEST = "originmq-request";

/** What the handler returned, or how far it is. */
export type AnswerPart = { readonly value: unknown } | { readonly progress: unknown };
/** The body of a message in a reply queue. */
export type Answer = { readonly request: string } & AnswerPart;

/** Whether a message asks for an answer. */
export const asksForReply = (headers: Headers | undefined): boolean => headers?.[REPLY_TO] !== undefined;

/**
 * Resolves once the answer is durable, or nobody waits for it any more. Rejects with `not-cloneable` when it cannot be
 * sent, and when this client is closed.
 */
export async function answer(pipeline: Pick<Pipeline, "send">, headers: Headers, part: AnswerPart): Promise<void> {
  const { [REPLY_TO]: queue, [REQUEST]: request } = headers;
  if (queue === undefined || request === undefined) return;
  const body = holdsFile(part) ? await readFiles(part) : part;
  try {
    await pipeline.send(queue, itemOf({ ...(body as typeof part), request }, undefined));
  } catch (error) {
    if (!(error instanceof QueueError) || error.code !== "full") throw error;
  }
}
