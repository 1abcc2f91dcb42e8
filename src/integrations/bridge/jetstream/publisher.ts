// One session of publishing to a stream. Invariants: a message is stored under its id, so that what is sent again is a
// duplicate; calls reach the server in their order; after the first publish that is not answered in time nothing more
// leaves on that line.

import type { JetStreamClient, JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import type { MsgHdrs } from "@nats-io/nats-core";
import type { CloudEventOptions } from "../envelope/cloudevents.js";
import { type Envelope, encodeEnvelope } from "../envelope/envelope.js";
import type { BridgeMessage } from "../message.js";
import { DUPLICATE, type Outcome, STORED, type TargetSession } from "../target.js";
import type { Line } from "./connection.js";
import { assertSubject, isSubjectOf } from "./keeping.js";
import { isForbidden, isTimeout, isUnheard, outcomeOf } from "./outcome.js";

export interface PublisherParts {
  readonly options: {
    readonly stream: string;
    readonly subject: string | ((message: BridgeMessage) => string);
    readonly cloudEvents?: CloudEventOptions;
  };
  readonly line: Line;
  readonly config: StreamConfig;
  readonly manager: Pick<JetStreamManager, "streams">;
  readonly client: Pick<JetStreamClient, "publish">;
  headersOf(record: Record<string, string>): MsgHdrs;
}

/** A message that may leave, or what became of it without that. */
type Ready = { readonly subject: string; readonly envelope: Envelope; readonly headers: MsgHdrs } | Outcome;

export function createPublisher({ options, line, config, manager, client, headersOf }: PublisherParts): TargetSession {
  const { stream, cloudEvents } = options;
  const maxBytes = Math.min(
    line.nc.info?.max_payload ?? Number.POSITIVE_INFINITY,
    config.max_msg_size > 0 ? config.max_msg_size : Number.POSITIVE_INFINITY,
  );
  let isOver = false;
  void line.ended.then(() => {
    isOver = true;
  });
  /** A call behind one that waits for something waits, too. */
  let turn: Promise<unknown> | undefined;
  let { subjects } = config;
  let looking: Promise<void> | undefined;
  /** Whether the stream has been given further subjects since it was looked at. */
  const lookAgain = (): Promise<void> => {
    looking ??= manager.streams
      .info(stream)
      .then((info) => {
        subjects = info.config.subjects;
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  const ready = (message: BridgeMessage, envelope: Envelope): Ready | Promise<Ready> => {
    const subject = typeof options.subject === "function" ? options.subject(message) : options.subject;
    assertSubject(subject);
    if (isSubjectOf(subject, subjects)) return fitting(message, subject, envelope);
    return lookAgain().then(
      () => {
        if (isSubjectOf(subject, subjects)) return fitting(message, subject, envelope);
        const words = `the subject "${subject}" is none of stream "${stream}": ${subjects.join(", ")}`;
        return { type: "refused", reason: words };
      },
      (error: unknown) => ({ type: "unknown", error }),
    );
  };
  const fitting = (message: BridgeMessage, subject: string, envelope: Envelope): Ready => {
    const headers = headersOf(envelope.headers);
    const bytes = sizeOf(envelope, headers, { id: message.id, stream, maxBytes });
    if (bytes > maxBytes) {
      const words = `the message has ${bytes} bytes with its headers and id, and stream "${stream}" takes ${maxBytes}`;
      return { type: "refused", reason: words };
    }
    return { subject, envelope, headers };
  };

  /** At once, unless a file has to be read, or the stream looked at. */
  const prepare = (message: BridgeMessage): Ready | Promise<Ready> => {
    try {
      const envelope = encodeEnvelope(message, { cloudEvents, prefix: "ce-" });
      if (!(envelope instanceof Promise)) return ready(message, envelope);
      return envelope.then((read) => ready(message, read)).catch(unwritable);
    } catch (error) {
      return unwritable(error);
    }
  };

  /**
   * What was handed out before may be there under an id that the stream has forgotten: it is, if it is the last of its subject.
   * Ages do not say so: the window is of the server's clock, `sentAt` of the queue's, and this device has a third one.
   */
  const lookedUp = async (
    messages: readonly BridgeMessage[],
    prepared: readonly Ready[],
  ): Promise<readonly Ready[]> => {
    const subjects = new Set(
      prepared.flatMap((one, i) => (messages[i]?.redelivered && !("type" in one) ? [one.subject] : [])),
    );
    const lasts = new Map(
      await Promise.all([...subjects].map(async (subject) => [subject, await lastIdOf(subject)] as const)),
    );
    return prepared.map((one, i) => {
      const isThere = !("type" in one) && lasts.get(one.subject) === messages[i]?.id;
      return isThere ? DUPLICATE : one;
    });
  };
  const lastIdOf = async (subject: string): Promise<string | undefined> => {
    try {
      const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
      return last?.header.get("Nats-Msg-Id");
    } catch (error) {
      // Whoever may not look has the window alone.
      if (isForbidden(error)) return undefined;
      throw error;
    }
  };

  const publish = async (message: BridgeMessage, prepared: Ready): Promise<Outcome> => {
    if ("type" in prepared) return prepared;
    if (isOver) return { type: "unknown", error: await line.ended };
    const { subject, envelope, headers } = prepared;
    try {
      const expect = { streamName: stream };
      const { duplicate } = await client.publish(subject, envelope.bytes, { msgID: message.id, expect, headers });
      return duplicate ? DUPLICATE : STORED;
    } catch (error) {
      // What was sent behind it may be stored; from here on nothing is to be, before it is sent again. What no stream has
      // taken was this one's when that was looked at: it is to be looked at again.
      if (isTimeout(error) || isUnheard(error)) {
        isOver = true;
        line.end(error);
      }
      return outcomeOf(error);
    }
  };
  const publishAll = (messages: readonly BridgeMessage[], prepared: readonly Ready[]) =>
    messages.map((message, i) => publish(message, prepared[i] as Ready));

  const publishInTurn = async (messages: readonly BridgeMessage[], prepared: readonly (Ready | Promise<Ready>)[]) => {
    const before = turn;
    const own = (async () => {
      const looking = Promise.all(prepared).then((all) => lookedUp(messages, all));
      const all = await looking.finally(() => before);
      return { answers: publishAll(messages, all) };
    })();
    turn = own.catch(() => {});
    const last = turn;
    void last.then(() => {
      if (turn === last) turn = undefined;
    });
    return Promise.all((await own).answers);
  };

  return {
    async send(messages) {
      const prepared = messages.map(prepare);
      const isAtOnce = turn === undefined && !prepared.some((one) => one instanceof Promise);
      if (!isAtOnce || messages.some(({ redelivered }) => redelivered)) return publishInTurn(messages, prepared);
      return Promise.all(publishAll(messages, prepared as Ready[]));
    },
    ended: line.ended,
    close: () => line.close(),
  };
}

const unwritable = (error: unknown): Outcome => ({
  type: "refused",
  reason: `the message cannot be written as bytes: ${error instanceof Error ? error.message : String(error)}`,
});

/** What the publish adds: its id, and the stream it expects. */
const OWN_HEADERS_BYTES_MAX = 1_024;
const encoder = new TextEncoder();

/** Bytes of a message as the server counts them; looked at closely only where they may be too many. */
function sizeOf(
  envelope: Envelope,
  headers: MsgHdrs,
  { id, stream, maxBytes }: { readonly id: string; readonly stream: string; readonly maxBytes: number },
): number {
  let most = envelope.bytes.length + OWN_HEADERS_BYTES_MAX;
  for (const [name, text] of Object.entries(envelope.headers)) most += name.length + 3 * text.length + 4;
  if (most <= maxBytes) return most;
  headers.set("Nats-Msg-Id", id);
  headers.set("Nats-Expected-Stream", stream);
  return envelope.bytes.length + encoder.encode(String(headers)).length;
}
