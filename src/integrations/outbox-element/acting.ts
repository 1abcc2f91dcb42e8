// What people do with a request, and what is said of how it went. Invariant: nothing is said to have happened that has not.

import { wordsOf } from "../elements/words-of.js";
import type { OutboxSnapshot } from "../frameworks/outbox-store.js";
import type { Outbox } from "../outbox/outbox.js";
import type { Editable } from "./editor.js";
import type { OutboxSpeech } from "./words.js";

/** A request in place of another one, and what shall be known of it. */
export interface EditedRequest {
  /** Sent in its place. */
  readonly request: Request;
  /** As of `outbox.replace`. Default: those of the message. */
  readonly metadata?: unknown;
}

const isDead = (message: Editable) => "reason" in message;

/** Where the application says nothing: its fields as a form, to the same address; those that are text stand in the metadata. */
export function requestOfForm(message: Editable, form: HTMLFormElement): EditedRequest {
  const body = new FormData(form);
  const texts = [...body].filter(([, value]) => typeof value === "string");
  const before = typeof message.metadata === "object" ? message.metadata : {};
  return {
    request: new Request(message.url, { method: message.method, body }),
    metadata: { ...before, ...Object.fromEntries(texts) },
  };
}

/** Each resolves with a sentence of what came of it. */
export function createActing(outbox: Outbox, speech: OutboxSpeech) {
  const attempt = async (work: () => Promise<string>): Promise<string> => {
    try {
      return await work();
    } catch (error) {
      return speech.say("actFailed", { reason: wordsOf(error) });
    }
  };
  return {
    retry: (message: Editable, title: string) =>
      attempt(async () => {
        const { redriven } = await outbox.dead.redrive({ ids: [message.id] });
        return redriven > 0 ? speech.say("retried", { title }) : "";
      }),
    retryAll: () =>
      attempt(async () => {
        await outbox.dead.redrive();
        return "";
      }),
    discard: (message: Editable, title: string) =>
      attempt(async () => {
        const isGone = isDead(message)
          ? (await outbox.dead.purge({ ids: [message.id] })).purged > 0
          : await outbox.cancel(message.id);
        return speech.say(isGone ? "discarded" : "alreadySent", { title });
      }),
    /** `replaced` is whether it was. */
    async edit(
      message: Editable,
      title: string,
      make: () => EditedRequest | Promise<EditedRequest>,
      now: () => OutboxSnapshot,
    ) {
      try {
        const { request, ...rest } = await make();
        const isReplaced = await outbox.replace(message, request, rest);
        if (isReplaced) return { isReplaced, said: speech.say("edited", { title }) };
        // The lists may be a moment old, or cut: what stands in none of them has most likely been sent.
        const { waiting, dead } = now();
        const has = (list: readonly Editable[]) => list.some(({ id }) => id === message.id);
        const isHere = has(waiting) || has(dead);
        // What could be edited as waiting, and waits, is on its way: else it would have been replaced.
        const isBusy = has(waiting) && !isDead(message);
        const why = isBusy ? "beingSent" : isHere ? "changedMeanwhile" : "alreadySent";
        return { isReplaced, said: speech.say(why, { title }) };
      } catch (error) {
        return { isReplaced: false, said: speech.say("actFailed", { reason: wordsOf(error) }) };
      }
    },
  };
}
