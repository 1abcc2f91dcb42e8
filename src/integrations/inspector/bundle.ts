// A support bundle: what the inspector shows, as one file that another inspector opens. Bodies and headers are in it by
// their shape alone: what they hold is not anybody else's.

import type { Inspection, JournalTail, MessageState, MessageView, ScheduleView } from "../../index.js";
import { bytes } from "../elements/format.js";
import { missingIn } from "./bundle-shape.js";
import { ownOf } from "./own.js";
import type { ReadQueue, Source } from "./source.js";

const VERSION = 1;
/** Of each queue, waiting ones and dead ones. */
const MESSAGES_MAX = 100;

/** What a bundle has in it. */
export interface Bundle {
  /** Of its format. */
  readonly originmqBundle: number;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** The browser that made it, as it calls itself. */
  readonly agent: string;
  /** All that the host had. */
  readonly inspection: Inspection;
  /** What happened last. */
  readonly journal: JournalTail;
  /** By queue, bodies and headers by their shape. */
  readonly schedules: Readonly<Record<string, readonly ScheduleView[]>>;
  /** By queue, the first of those that wait and of those that are dead, bodies and headers by their shape. */
  readonly messages: Readonly<Record<string, readonly MessageView[]>>;
}

export async function makeBundle(source: Source): Promise<Bundle> {
  const [inspection, journal] = [await source.inspect(), await source.journal()];
  const schedules: Record<string, readonly ScheduleView[]> = {};
  const messages: Record<string, readonly MessageView[]> = {};
  for (const { name, schedules: count } of inspection.queues) {
    const queue = await source.readQueue(name);
    const found = [
      await queue.peek({ max: MESSAGES_MAX }),
      await queue.peek({ max: MESSAGES_MAX, state: "dead" }),
    ].flat();
    messages[name] = found.map(redacted);
    if (count > 0) schedules[name] = (await queue.schedules.list()).map(redacted);
  }
  return {
    originmqBundle: VERSION,
    madeAt: inspection.at,
    agent: navigator.userAgent,
    inspection,
    journal,
    schedules,
    messages,
  };
}

const redacted = <View extends { readonly body: unknown; readonly headers: Readonly<Record<string, string>> }>(
  view: View,
): View => ({
  ...view,
  body: shapeOf(view.body),
  headers: Object.fromEntries(Object.entries(view.headers).map(([name, value]) => [name, wordsOf(value)])),
});

const CHILDREN_MAX = 50;
const DEPTH_MAX = 8;

const wordsOf = (text: string): string => `‹text, ${text.length}›`;

/** The names and kinds of what a value holds, without what it is. */
export function shapeOf(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return wordsOf(value);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value !== "object") return `‹${typeof value}›`;
  if (value instanceof Blob) return `‹${value.type || "blob"}, ${bytes(value.size)}›`;
  if (depth === DEPTH_MAX) return "‹more›";
  if (Array.isArray(value)) {
    const shown = Array.from(value.slice(0, CHILDREN_MAX), (one) => shapeOf(one, depth + 1));
    return value.length > CHILDREN_MAX ? [...shown, `‹${value.length - CHILDREN_MAX} more›`] : shown;
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== "Object") return `‹${kind}›`;
  const members = Object.entries(value);
  const shown = members.slice(0, CHILDREN_MAX).map(([name, one]) => [name, shapeOf(one, depth + 1)] as const);
  const more = members.length - shown.length;
  return Object.fromEntries(more > 0 ? [...shown, ["…", `‹${more} more›`]] : shown);
}

/** Throws an `Error` that says why it is none. */
export function parseBundle(text: string): Bundle {
  let parsed: Partial<Bundle> | null;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Error("This file is no bundle: it is not JSON", { cause });
  }
  if (typeof parsed?.originmqBundle !== "number") throw new Error("This file is no bundle of an inspector");
  if (parsed.originmqBundle > VERSION) throw new Error(`This bundle is of a later version (${parsed.originmqBundle})`);
  const missing = missingIn(parsed);
  if (missing !== undefined) throw new Error(`This bundle is not whole: ${missing} is not as it should be`);
  return parsed as Bundle;
}

/** A bundle as if it were the database. */
export function bundleSource(bundle: Bundle): Source {
  return {
    inspect: async () => bundle.inspection,
    journal: async () => bundle.journal,
    readQueue: async (name) => readQueueOf(ownOf(bundle.messages, name) ?? [], ownOf(bundle.schedules, name) ?? []),
  };
}

function readQueueOf(messages: readonly MessageView[], schedules: readonly ScheduleView[]): ReadQueue {
  const of = (state: MessageState | undefined) =>
    messages.filter((one) => (state === undefined ? one.state !== "dead" : one.state === state));
  const behind = (all: readonly MessageView[], after: string | undefined) =>
    all.slice(all.findIndex(({ id }) => id === after) + 1);
  return {
    peek: async ({ max = 100, skip = 0, after, state } = {}) => behind(of(state), after).slice(skip, skip + max),
    deadLetters: { list: async ({ max = 100, after } = {}) => behind(of("dead"), after).slice(0, max) },
    schedules: { list: async () => [...schedules] },
    known: (state) => of(state).length,
  };
}
