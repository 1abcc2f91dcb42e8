// A history seen by message: who sent it, who got it, what became of each delivery.

import type { History, HistoryEvent, Of } from "./events.js";

export interface Tried {
  readonly delivered: Of<"delivered">;
  /** Place in the history: times may be equal. */
  readonly place: number;
  settle?: { readonly event: Of<"settle">; readonly place: number };
  settled?: { readonly event: Of<"settled">; readonly place: number };
  failed?: Of<"settle-failed">;
  aborted?: Of<"aborted">;
}

export interface Message {
  readonly body: string;
  readonly producer: string;
  readonly counter: number;
  send?: Of<"send">;
  sent?: Of<"sent">;
  refused?: Of<"send-failed">;
  readonly tries: Tried[];
  dead?: Of<"dead">;
  waiting?: Of<"waiting">;
  readonly ids: Set<string>;
}

/** It happened somewhere between two places of the history, which are one where the moment is known. */
export interface OfConsumer {
  readonly type: "crash" | "suspend" | "stall";
  readonly from: number;
  to: number;
}

/** What happened to many messages at once. */
export interface Disturbances {
  readonly byConsumer: ReadonlyMap<string, readonly OfConsumer[]>;
  readonly hostLost: readonly number[];
  /** Hosts that let go for a better one. */
  readonly handOvers: readonly number[];
  readonly clock: readonly Of<"clock">[];
}

export interface Seen {
  readonly messages: ReadonlyMap<string, Message>;
  readonly disturbances: Disturbances;
  readonly stats: readonly Of<"stats">[];
  /** Events that make no sense, such as a settlement of what was never delivered. */
  readonly malformed: readonly string[];
}

type OfConsumerEvent = Of<"crash"> | Of<"suspend"> | Of<"stall">;
type OfMessage = Extract<HistoryEvent, { body: string }>;

export function see(history: History): Seen {
  const messages = new Map<string, Message>();
  const byConsumer = new Map<string, OfConsumer[]>();
  const hostLost: number[] = [];
  const handOvers: number[] = [];
  const clock: Of<"clock">[] = [];
  const stats: Of<"stats">[] = [];
  const malformed: string[] = [];
  for (const [place, event] of history.entries()) {
    if (event.type === "crash" || event.type === "suspend" || event.type === "stall") {
      const known = byConsumer.get(event.consumer) ?? [];
      byConsumer.set(event.consumer, known);
      noteOfConsumer(known, event, place);
    } else if (event.type === "host-lost") (event.isPlanned ? handOvers : hostLost).push(place);
    else if (event.type === "clock") clock.push(event);
    else if (event.type === "stats") stats.push(event);
    else {
      const message = messages.get(event.body) ?? newMessage(event.body);
      messages.set(event.body, message);
      const problem = note(message, event, place);
      if (problem) malformed.push(`${problem} (event ${place}: ${JSON.stringify(event)})`);
    }
  }
  return { messages, disturbances: { byConsumer, hostLost, handOvers, clock }, stats, malformed };
}

function noteOfConsumer(known: OfConsumer[], { type, begins }: OfConsumerEvent, place: number): void {
  const begun = known.findLast((other) => other.type === type && other.to === Number.POSITIVE_INFINITY);
  if (begins) known.push({ type, from: place, to: Number.POSITIVE_INFINITY });
  else if (begun) begun.to = place;
  else known.push({ type, from: place, to: place });
}

function newMessage(body: string): Message {
  const dash = body.lastIndexOf("-");
  return { body, producer: body.slice(0, dash), counter: Number(body.slice(dash + 1)), tries: [], ids: new Set() };
}

function note(message: Message, event: OfMessage, place: number): string | undefined {
  if ("id" in event) message.ids.add(event.id);
  switch (event.type) {
    case "send":
      if (message.send) return "a body was sent twice";
      message.send = event;
      return undefined;
    case "sent":
      message.sent = event;
      return undefined;
    case "send-failed":
      message.refused = event;
      return undefined;
    case "send-unknown":
      return undefined;
    case "dead":
      message.dead = event;
      return undefined;
    case "waiting":
      message.waiting = event;
      return undefined;
    case "delivered":
      message.tries.push({ delivered: event, place });
      return undefined;
    default:
      return noteOutcome(message, event, place);
  }
}

function noteOutcome(
  message: Message,
  event: Of<"settle"> | Of<"settled"> | Of<"settle-failed"> | Of<"aborted">,
  place: number,
): string | undefined {
  const { id, consumer, attempt, token } = event;
  const tried = message.tries.findLast(
    ({ delivered }) =>
      delivered.id === id &&
      delivered.consumer === consumer &&
      delivered.attempt === attempt &&
      delivered.token === token,
  );
  if (tried === undefined) return "nothing like it was delivered";
  // The first settlement counts; a second one of the same delivery is refused by the client itself.
  if (event.type === "settle") tried.settle ??= { event, place };
  else if (event.type === "settled") tried.settled ??= { event, place };
  else if (event.type === "settle-failed") tried.failed ??= event;
  else tried.aborted ??= event;
  return undefined;
}
