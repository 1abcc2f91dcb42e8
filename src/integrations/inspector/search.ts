// Looks through the messages of a queue for a text, page by page: nothing is kept but what was found.

import type { MessageState, MessageView } from "../../index.js";
import type { ReadQueue } from "./source.js";

/** Where the text may stand. */
export const PLACES = ["anywhere", "id", "group", "headers", "body"] as const;
export type SearchPlace = (typeof PLACES)[number];

/** More than anybody reads: who finds so many asks more narrowly. */
export const FOUND_MAX = 1_000;
const PAGE = 500;

export interface Search {
  readonly text: string;
  readonly place: SearchPlace;
  /** Only messages in this state; missing: all that wait, are in work, or are dead. */
  readonly state: MessageState | undefined;
  readonly signal: AbortSignal;
  /** After each page: what was found so far, of how many. */
  onProgress(found: readonly MessageView[], searched: number): void;
}

/** Resolves once all were looked at, or enough were found. */
export async function search(queue: ReadQueue, { text, place, state, signal, onProgress }: Search): Promise<void> {
  const wanted = text.trim().toLowerCase();
  const found = new Map<string, MessageView>();
  let searched = 0;
  const waiting = state === "dead" ? [] : [queue.peekPages({ pageSize: PAGE, ...(state && { state }) })];
  const dead = state === undefined || state === "dead" ? [queue.deadLetters.pages({ pageSize: PAGE })] : [];
  for (const pages of [...waiting, ...dead]) {
    for await (const page of pages) {
      if (signal.aborted) return;
      for (const message of page) if (matches(message, wanted, place)) found.set(message.id, message);
      searched += page.length;
      onProgress([...found.values()].slice(0, FOUND_MAX), searched);
      if (found.size >= FOUND_MAX) return;
    }
  }
}

export function matches(message: MessageView, wanted: string, place: SearchPlace): boolean {
  const has = (text: string | null | undefined) => text?.toLowerCase().includes(wanted) ?? false;
  const isIn: Record<Exclude<SearchPlace, "anywhere">, () => boolean> = {
    id: () => has(message.id),
    group: () => has(message.groupId),
    headers: () => Object.entries(message.headers).some(([name, value]) => has(`${name}: ${value}`)),
    body: () => has(textOf(message.body)),
  };
  if (place !== "anywhere") return isIn[place]();
  return Object.values(isIn).some((is) => is()) || has(message.reason) || has(message.error?.message);
}

/** All text in a body, to be looked through. */
export function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  try {
    return JSON.stringify(body, (_, value) => writable(value)) ?? String(body);
  } catch {
    return String(body);
  }
}

function writable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Blob) return `${value.type} ${(value as File).name ?? ""}`;
  return value;
}
