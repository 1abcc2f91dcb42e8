// Looks through the messages of a queue for a text, page by page. Of what was found it keeps a line, and where to read it
// again: a search over a million messages holds none of their bodies.

import type { MessageState, MessageView } from "../../index.js";
import { preview, textOf } from "../elements/text-of.js";
import type { ReadQueue } from "./source.js";

/** Where the text may stand. */
export const PLACES = ["anywhere", "id", "group", "headers", "body"] as const;
export type SearchPlace = (typeof PLACES)[number];

const PAGE = 500;

/** Of a body, looked through. */
const TEXT_MAX = 4_000_000;

export interface Asked {
  readonly text: string;
  readonly place: SearchPlace;
  /** Only messages in this state; missing: all that wait, are in work, or are dead. */
  readonly state: MessageState | undefined;
  /** How many there are. */
  readonly counts: Readonly<Record<MessageState, number>>;
}

/** A message as a list shows it. */
export interface Line extends Pick<MessageView, "id" | "state" | "attempts" | "sentAt"> {
  /** The beginning of its body, after why it died. */
  readonly glance: string;
  /** Reads the message, whole; `undefined` when it is not there any more. */
  readonly read: () => Promise<MessageView | undefined>;
}

export interface SearchStep {
  /** Since the step before. */
  readonly found: readonly Line[];
  /** Messages looked at so far. */
  readonly searched: number;
}

export const lineOf = (message: MessageView, read: Line["read"] = async () => message): Line => {
  const { id, state, attempts, sentAt, body, error, reason } = message;
  const glance = reason === undefined ? preview(body) : `${error?.message ?? reason} · ${preview(body)}`;
  return { id, state, attempts, sentAt, glance, read };
};

/** A step for each page; it reads on when the next step is asked for. What comes in behind it meanwhile may be left out. */
export async function* search(queue: ReadQueue, { text, place, state, counts }: Asked): AsyncGenerator<SearchStep> {
  const wanted = text.trim().toLowerCase();
  // A message that dies meanwhile is met twice.
  const known = new Set<string>();
  const { ready, delayed, leased, blocked, dead } = counts;
  const most = state === undefined ? ready + delayed + leased + blocked : counts[state];
  const waiting: ReadAfter = (range) => queue.peek({ ...range, ...(state && { state }) });
  const given: ReadAfter = (range) => queue.deadLetters.list(range);
  let searched = 0;
  for (const { read, upTo } of [
    ...(state === "dead" ? [] : [{ read: waiting, upTo: most }]),
    ...(state === undefined || state === "dead" ? [{ read: given, upTo: (state ? 0 : most) + dead }] : []),
  ]) {
    let after: string | undefined;
    while (searched < upTo) {
      const page = await read({ max: PAGE, ...(after !== undefined && { after }) });
      if (page.length === 0) break;
      const found: Line[] = [];
      for (const message of page) {
        if (!known.has(message.id) && matches(message, wanted, place)) {
          known.add(message.id);
          found.push(lineOf(message, readerOf(read, message.id, after)));
        }
        after = message.id;
      }
      searched += page.length;
      yield { found, searched };
    }
  }
}

type ReadAfter = (range: { readonly max: number; readonly after?: string }) => Promise<readonly MessageView[]>;

/** Reads the message again that came after the one with that id. */
const readerOf = (read: ReadAfter, id: string, after: string | undefined) => async () =>
  (await read({ max: 1, ...(after !== undefined && { after }) })).find((one) => one.id === id);

export function matches(message: MessageView, wanted: string, place: SearchPlace): boolean {
  const has = (text: string | null | undefined) => text?.toLowerCase().includes(wanted) ?? false;
  const isIn: Record<Exclude<SearchPlace, "anywhere">, () => boolean> = {
    id: () => has(message.id),
    group: () => has(message.groupId),
    headers: () => Object.entries(message.headers).some(([name, value]) => has(`${name}: ${value}`)),
    body: () => has(typeof message.body === "string" ? message.body : textOf(message.body, TEXT_MAX)),
  };
  if (place !== "anywhere") return isIn[place]();
  return Object.values(isIn).some((is) => is()) || has(message.reason) || has(message.error?.message);
}
