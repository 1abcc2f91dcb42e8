// Pulls messages of a durable consumer over one line, and keeps them from one session of the bridge to the next: given back
// to the server one by one they would come again in another order.
//
//   server ──pulled──▶ waiting, by sequence ──handed out──▶ out ──acknowledged, refused──▶ gone
//                                  ▲───────given back────────┘
//
// Invariants: at most `inFlight` messages are here; they are handed out in the order of the stream; what an earlier line left
// unacknowledged comes before what is new, so that order holds over the end of a bridge.

import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { decodeEnvelope } from "../envelope/envelope.js";
import type { BridgeMessage } from "../message.js";
import type { BridgeDelivery, SourceSession, Taking } from "../source.js";
import { answerOf, type Line } from "./connection.js";

export interface PullerParts {
  readonly options: { readonly stream: string; readonly cloudEvents?: boolean };
  readonly line: Line;
  readonly consumer: Pick<Consumer, "fetch">;
  /** After so long without a word of a message the server hands it out again. */
  readonly ackWaitMs: number;
  /** Nothing is pulled for so long. */
  readonly leftMs: number;
}

export interface Puller {
  open(taking: Taking): SourceSession;
  /** Resolves, with why, when the line is over, and nothing is left here. */
  readonly ended: Promise<unknown>;
  /** Gives everything back to the server; answers whether it has heard of that. */
  close(): Promise<boolean>;
}

/** How long one request for messages stays with the server. */
const PULL_MS = 10_000;

export function createPuller({ options, line, consumer, ackWaitMs, leftMs }: PullerParts): Puller {
  const waiting: JsMsg[] = [];
  const out = new Set<JsMsg>();
  let taking: Taking | undefined;
  let pull: { stop(): void } | undefined;
  let isOver = false;
  const wakers: (() => void)[] = [];
  const wake = () => {
    for (const resolve of wakers.splice(0)) resolve();
  };
  const change = () => new Promise<void>((resolve) => wakers.push(resolve));

  const stop = () => {
    isOver = true;
    clearInterval(working);
    clearTimeout(leaving);
    pull?.stop();
    wake();
  };
  const working = setInterval(() => {
    for (const message of [...waiting, ...out]) message.working();
  }, ackWaitMs / 3);
  let isLeft = leftMs > 0;
  const leaving = setTimeout(() => {
    isLeft = false;
    wake();
  }, leftMs);
  void line.ended.then(() => {
    stop();
    waiting.length = 0;
    out.clear();
  });

  /** Mostly at the end; before others, what was given back. */
  const keep = (message: JsMsg) => {
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as JsMsg).seq > message.seq) at--;
    waiting.splice(at, 0, message);
  };
  const handOut = () => {
    while (taking && waiting.length > 0 && out.size < taking.inFlight) {
      const message = waiting.shift() as JsMsg;
      out.add(message);
      taking.take(deliveryOf(message));
    }
  };
  const deliveryOf = (message: JsMsg): BridgeDelivery => {
    const settle = (say: () => void) => {
      if (!out.delete(message)) return;
      say();
      handOut();
      wake();
    };
    return {
      message: messageOf(message, options),
      get isLost() {
        return !out.has(message);
      },
      ack: () => settle(() => message.ack()),
      release: () => settle(() => keep(message)),
      // Servers before 2.10.4 take no reason with it.
      deadLetter: () => settle(() => message.term()),
    };
  };

  const run = async () => {
    while (!isOver) {
      handOut();
      const room = taking && !isLeft ? taking.inFlight - out.size - waiting.length : 0;
      // Not for each that goes, while many are here.
      if (taking === undefined || room < taking.inFlight / 2) {
        await change();
        continue;
      }
      const messages = await consumer.fetch({ max_messages: room, expires: PULL_MS });
      pull = messages;
      for await (const message of messages) {
        if (isOver) continue;
        keep(message);
        handOut();
      }
    }
  };
  const ran = run().catch((error: unknown) => {
    if (!isOver) line.end(error);
  });
  const ended = line.ended.finally(stop);

  return {
    ended,
    open(given) {
      taking = given;
      wake();
      return {
        ended,
        async close() {
          taking = undefined;
          while (out.size > 0) await change();
        },
      };
    },
    async close() {
      stop();
      await ran;
      // In the order of the stream: so they come again.
      for (const message of waiting.splice(0)) message.nak();
      const isHeard = await answerOf(line.nc.flush()).then(
        () => true,
        () => false,
      );
      line.end(undefined);
      await line.close();
      return isHeard;
    },
  };
}

function messageOf(message: JsMsg, { stream, cloudEvents = false }: PullerParts["options"]): BridgeMessage {
  const headers: Record<string, string> = Object.fromEntries(
    Array.from(message.headers ?? [], ([name, values]) => [name, values[0] ?? ""]),
  );
  const { data: bytes, time, redelivered } = message;
  // A stream that is made anew counts from one again.
  const id = headers["Nats-Msg-Id"] || `${stream}:${message.seq}:${time.getTime()}`;
  return decodeEnvelope({ id, headers, bytes, storedAt: time.getTime(), redelivered }, cloudEvents, "ce-");
}
