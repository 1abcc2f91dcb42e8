// What an outbox knows of a request, in words. Pure. Invariant: what a server says is quoted only where it is written for people.

import type { Speech } from "../elements/speech.js";
import type { WaitingOutboxMessage } from "../outbox/message.js";
import type { DeadOutboxMessage, DeliveredOutboxMessage } from "../outbox/options.js";
import type { OutboxTexts } from "./texts/texts.js";

export type OutboxSpeech = Speech<keyof OutboxTexts>;
/** What an element shows: one that waits, was given up, or was delivered. */
export type OutboxItem = WaitingOutboxMessage | DeadOutboxMessage | DeliveredOutboxMessage;

/** What a request is about, in the words of the application. */
export interface OutboxDescription {
  /** One line. */
  readonly title: string;
  /** More of it. */
  readonly detail?: string;
  /** In place of why it failed. */
  readonly reason?: string;
  /** Whether people may edit it, where others can be. Default true. */
  readonly isEditable?: boolean;
}

/** Of one that does not open: nobody can say what it is about. */
export const describedUnread = (speech: OutboxSpeech, { url }: OutboxItem): OutboxDescription | undefined =>
  url === "" ? { title: speech.say("damaged"), reason: "", isEditable: false } : undefined;

/** Where the application says nothing: the `title` of its metadata, or the metadata that are text, or method and path. */
export function describedByDefault({ metadata, method, url }: OutboxItem): OutboxDescription {
  const title = typeof metadata === "string" ? metadata : (metadata as { title?: unknown } | undefined | null)?.title;
  return { title: typeof title === "string" && title !== "" ? title : `${method} ${new URL(url).pathname}` };
}

const REASONS: Readonly<Record<number, keyof OutboxTexts>> = {
  400: "notAccepted",
  401: "notAllowed",
  403: "notAllowed",
  404: "notThere",
  407: "notAllowed",
  409: "conflict",
  410: "notThere",
  412: "conflict",
  413: "tooLarge",
  422: "notAccepted",
  429: "busy",
};

/** Why an answer with this status was no delivery. */
export function reasonOf(speech: OutboxSpeech, status: number): string {
  const elsewhere = status < 400 ? "elsewhere" : undefined;
  const fault = status >= 500 || status === 408 ? "serverFault" : undefined;
  return speech.say(elsewhere ?? REASONS[status] ?? fault ?? "refused", { status: `${status}` });
}

/** Why it is among the dead. */
export const deathOf = (speech: OutboxSpeech, { status }: DeadOutboxMessage): string =>
  status === null ? speech.say("expired") : reasonOf(speech, status);

/** Where it is, and when it goes on. */
export function stateOf(speech: OutboxSpeech, message: WaitingOutboxMessage, isOffline: boolean, now: number): string {
  const { state, dueAt } = message;
  if (state === "leased") return speech.say("sending");
  if (state === "blocked") return speech.say("behind");
  if (isOffline) return speech.say("forNetwork");
  if (dueAt === null || dueAt <= now) return speech.say("next");
  return speech.say("again", { when: speech.until(dueAt, now) });
}

/** What its last attempt came to; "" before there was one. */
export function failureOf(
  speech: OutboxSpeech,
  { state, lastStatus }: WaitingOutboxMessage,
  isOffline: boolean,
): string {
  if (lastStatus !== null) return reasonOf(speech, lastStatus);
  // Attempts that reached nobody are not counted, and leave no word.
  return state === "delayed" && !isOffline ? speech.say("unreached") : "";
}

const LENGTH_MAX = 300;
/** Members that say what went wrong: those of problem details (RFC 9457) first. */
const SAYING = ["detail", "title", "message", "error", "reason"];

/** What the server says in its answer, if people are meant to read it; "" else. */
export function quoteOf(answer: string | null): string {
  const text = answer?.trim() ?? "";
  const said = /^[{["]/.test(text) ? saidIn(text) : text.startsWith("<") ? "" : text;
  return said.length > LENGTH_MAX ? `${said.slice(0, LENGTH_MAX)}…` : said;
}

function saidIn(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "string") return value;
    const found = SAYING.map((name) => (value as Record<string, unknown> | null)?.[name]);
    return found.find((said) => typeof said === "string") ?? "";
  } catch {
    // Cut off: it is kept for a kilobyte.
    return "";
  }
}
