// What an application says on a topic of its own: ids of messages that it has. Invariant: what is said while nobody waits for
// it is remembered, so that what was sent again in vain is known when it is asked for.

import { QueueError } from "../../../core/spec/errors.js";
import { type Outcome, STORED } from "../target.js";

export interface Confirmations {
  /** A message of the topic: an id as text, or ids as a JSON array. */
  heard(payload: Uint8Array): void;
  /** Whether it was said of a message before it is sent; then it is not said again. */
  take(id: string): boolean;
  /** Resolves once the message is confirmed, and `unknown` after the time for that, or once `give` is called. */
  wait(id: string): Waiting;
}

export interface Waiting {
  readonly outcome: Promise<Outcome>;
  /** Ends it with another outcome. */
  give(outcome: Outcome): void;
}

/** Ids that are remembered. */
const HEARD_MAX = 10_000;
const decoder = new TextDecoder();

export function createConfirmations(topic: string, withinMs: number): Confirmations {
  const waiting = new Map<string, (outcome: Outcome) => void>();
  const heard = new Set<string>();

  return {
    heard(payload) {
      for (const id of idsOf(decoder.decode(payload).trim())) {
        const resolve = waiting.get(id);
        if (resolve) resolve(STORED);
        else remember(heard, id);
      }
    },
    take: (id) => heard.delete(id),
    wait(id) {
      let give: Waiting["give"] = () => {};
      const outcome = new Promise<Outcome>((resolve) => {
        const timer = setTimeout(() => {
          const words = `nobody has confirmed it on topic "${topic}" within ${withinMs} ms`;
          give({ type: "unknown", error: new QueueError("timeout", words) });
        }, withinMs);
        give = (outcome) => {
          clearTimeout(timer);
          if (waiting.get(id) === give) waiting.delete(id);
          resolve(outcome);
        };
        waiting.set(id, give);
      });
      return { outcome, give };
    },
  };
}

function idsOf(text: string): readonly string[] {
  if (!text.startsWith("[")) return text === "" ? [] : [text];
  try {
    return (JSON.parse(text) as unknown[]).filter((id) => typeof id === "string");
  } catch {
    return [];
  }
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  for (const oldest of ids) {
    if (ids.size <= HEARD_MAX) break;
    ids.delete(oldest);
  }
}
