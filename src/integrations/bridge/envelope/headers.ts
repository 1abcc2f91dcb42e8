// What belongs to a message besides its body, as headers of texts: the sender's own by their names, the rest by names that
// begin with "originmq-". Invariants: whatever a sender's header says, it means nothing to the engine; what comes back is
// what was sent.

import { PRIORITY_MAX } from "../../../core/spec/fields.js";
import { GROUP_ID_MAX } from "../../../core/spec/limits.js";
import type { BridgeMessage, MessageHeaders } from "../message.js";

export const CONTENT_TYPE = "content-type";
const PRIORITY = "originmq-priority";
const GROUP = "originmq-group";
const SENT_AT = "originmq-sent-at";
const EXPIRES_AT = "originmq-expires-at";
/** As JSON, those of the sender that would not pass as they are. */
const OTHERS = "originmq-headers";

const PRIORITY_DEFAULT = 4;
/** A token, as in HTTP. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Names that mean something to an engine, a language, CloudEvents or a bridge: no sender's header is written by one of them. */
const RESERVED = /^(nats-|originmq-|ce-|status$|description$|content-type$|__proto__$)/i;
/** Of what arrives, names that are no sender's. An engine that acts on the others has done so before it hands them on. */
const NOT_OF_SENDER = /^(nats-|originmq-|content-type$)/i;

/** A line break would begin another header, half of a pair has no encoding, and MQTT ends the connection over the rest. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** What is trimmed on the way would come back changed. */
const isPlain = (name: string, text: string) =>
  NAME.test(name) && !RESERVED.test(name) && text === text.trim() && !UNFIT.test(text);

/** `isTaken`: whether the engine, or an envelope around this one, has a header of this name already. */
export function encodeHeaders(
  message: BridgeMessage,
  contentType: string,
  isTaken: (name: string) => boolean = () => false,
): Record<string, string> {
  const { headers, priority, groupId, sentAt, expiresAt } = message;
  const passes = ([name, text]: [string, string]) => isPlain(name, text) && !isTaken(name);
  const own = Object.entries(headers);
  const encoded: Record<string, string> = {
    [CONTENT_TYPE]: contentType,
    [SENT_AT]: String(sentAt),
    ...Object.fromEntries(own.filter(passes)),
  };
  const others = own.filter((header) => !passes(header));
  if (priority !== PRIORITY_DEFAULT) encoded[PRIORITY] = String(priority);
  if (expiresAt !== null) encoded[EXPIRES_AT] = String(expiresAt);
  // Half of a pair, which no encoding carries, is no reason to refuse a message.
  if (groupId !== null) encoded[GROUP] = encodeURIComponent(groupId.replace(/\p{Surrogate}/gu, "\ufffd"));
  if (others.length > 0) encoded[OTHERS] = asciiJson(Object.fromEntries(others));
  return encoded;
}

export type Attributes = Pick<BridgeMessage, "contentType" | "headers" | "priority" | "groupId" | "expiresAt"> & {
  /** `null` where nobody said it. */
  readonly sentAt: number | null;
};

/** Of a message that something else has sent, all headers but the engine's, and those that are taken, are the sender's. */
export function decodeHeaders(given: MessageHeaders, isTaken: (name: string) => boolean = () => false): Attributes {
  const headers = Object.entries(given).filter(([name]) => !NOT_OF_SENDER.test(name) && !isTaken(name));
  const group = given[GROUP];
  return {
    contentType: given[CONTENT_TYPE] ?? given["Content-Type"] ?? null,
    headers: { ...Object.fromEntries(headers), ...othersOf(given[OTHERS]) },
    priority: numberOf(given[PRIORITY], PRIORITY_MAX) ?? PRIORITY_DEFAULT,
    groupId: group === undefined || group === "" ? null : groupOf(group),
    sentAt: numberOf(given[SENT_AT], Number.MAX_SAFE_INTEGER),
    expiresAt: numberOf(given[EXPIRES_AT], Number.MAX_SAFE_INTEGER),
  };
}

function numberOf(text: string | undefined, max: number): number | null {
  const number = text !== undefined && /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return number <= max ? number : null;
}

/** Whoever else writes such a header may write it otherwise. */
function groupOf(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, GROUP_ID_MAX);
  } catch {
    return text.slice(0, GROUP_ID_MAX);
  }
}

function othersOf(text: string | undefined): MessageHeaders {
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    return Object.fromEntries(Object.entries(parsed ?? {}).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}

/** JSON in which everything but plain ASCII is escaped: engines differ in what else they pass. */
const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
