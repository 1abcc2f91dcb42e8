// One session of publishing to a broker. Invariants: never more is under way than the broker's receive maximum; calls reach it in
// their order; once something is not answered in time, or the line has ended, nothing more leaves; where an application
// is to confirm, its word counts, and the broker's alone does not.

import { QueueError } from "../../../core/spec/errors.js";
import type { BridgeMessage } from "../message.js";
import { type Outcome, STORED, type TargetSession, type Warn } from "../target.js";
import type { Packet } from "./client.js";
import type { Confirmations, Waiting } from "./confirmations.js";
import { ANSWER_MS, type Line } from "./connection.js";
import { sizeOf, type WriteOptions, type Written, writePacket } from "./packet.js";
import { NO_SUBSCRIBER, refusalOf } from "./reason.js";

export interface PublisherParts {
  readonly options: WriteOptions & { readonly qos: 1 | 2; readonly requireSubscriber: boolean };
  readonly line: Line;
  readonly confirmations: Confirmations | undefined;
  readonly warn: Warn;
  readonly care: Care;
  /** Lets go of the line, and of what is kept with it. */
  close(): Promise<void>;
}

/** A broker that ends the connection over one message does not say over which: then so many are sent one by one. */
export interface Care {
  left: number;
}

interface Entry {
  readonly written: Written;
  readonly waiting: Waiting | undefined;
  /** An application has confirmed it, or it is given up: whatever the broker says. */
  isSettled: boolean;
  sentAt: number;
  settle(outcome: Outcome): void;
}

/** A packet that may leave, or what became of it without that. */
type Ready = Written | Outcome;

/** What the protocol can say of a packet's size. */
const PACKET_BYTES_MAX = 268_435_460;
/** Packets under way that the protocol can tell apart. */
const RECEIVE_MAX = 65_535;
/** For the answer to one message while others are answered: longer than a slow line takes for all that may be under way. */
const ONE_ANSWER_MS = 30_000;
/** A client that its application reconnects answers after that. */
const FOREIGN_ANSWER_MS = 15_000;
/** Topics without subscribers that are told of, each once. */
const TOLD_MAX = 1_000;

export function createPublisher(parts: PublisherParts): TargetSession {
  const { options, line, confirmations, warn, care } = parts;
  const { client } = line;
  const { receiveMaximum = RECEIVE_MAX, maximumPacketSize = PACKET_BYTES_MAX } = line.connack.properties ?? {};
  const queued: Entry[] = [];
  const underWay = new Set<Entry>();
  /** Answered by the broker, and to be confirmed by an application. */
  const open = new Set<Entry>();
  /** Packets that nobody has subscribed to. */
  const unread = new Set<number>();
  const told = new Set<string>();
  let isOver = false;
  let answeredAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const ready = (written: Written): Ready => {
    const bytes = maximumPacketSize === PACKET_BYTES_MAX && written.payload.length < 1e8 ? 0 : sizeOf(written);
    if (bytes <= maximumPacketSize) return written;
    const words = `the message has ${bytes} bytes with its topic and properties, and the broker takes ${maximumPacketSize}`;
    return { type: "refused", reason: words };
  };
  const prepare = (message: BridgeMessage): Ready | Promise<Ready> => {
    try {
      const written = writePacket(message, options, Date.now());
      return written instanceof Promise ? written.then(ready).catch(unwritable) : ready(written);
    } catch (error) {
      return unwritable(error);
    }
  };

  const room = () => {
    const window = care.left > 0 ? 1 : receiveMaximum;
    // What an application sends over the same connection counts there, too.
    const isShared = line.isForeign && receiveMaximum < RECEIVE_MAX;
    return window - (isShared ? Object.keys(client.outgoing).length : underWay.size);
  };
  const pump = () => {
    while (!isOver && queued.length > 0 && room() > 0) {
      const entry = queued.shift() as Entry;
      // It was given up while it waited for room, and is sent again.
      if (!entry.isSettled) transmit(entry);
    }
  };

  const transmit = (entry: Entry) => {
    const { topic, payload, properties } = entry.written;
    entry.sentAt = performance.now();
    if (underWay.size === 0) answeredAt = entry.sentAt;
    underWay.add(entry);
    timer ??= setTimeout(look, ANSWER_MS);
    client.publish(topic, payload, { qos: options.qos, properties }, (error, packet) => answered(entry, error, packet));
  };
  const look = () => {
    timer = undefined;
    const [oldest] = underWay;
    if (isOver || oldest === undefined) return;
    const leftMs = Math.min(answeredAt + ANSWER_MS, oldest.sentAt + ONE_ANSWER_MS) - performance.now();
    if (leftMs > 0) timer = setTimeout(look, Math.min(leftMs, ANSWER_MS));
    else line.end(new QueueError("timeout", "the MQTT broker has not answered in time"));
  };

  const answered = (
    entry: Entry,
    error: (Error & { code?: unknown }) | undefined | null,
    packet: Packet | undefined,
  ) => {
    if (!underWay.delete(entry)) return;
    answeredAt = performance.now();
    if (care.left > 0) care.left--;
    const outcome = error ? failureOf(error, packet) : taken(entry, packet);
    if (outcome.type !== "stored" || entry.waiting === undefined) entry.settle(outcome);
    else if (!entry.isSettled) open.add(entry);
    pump();
  };
  const failureOf = (error: Error & { code?: unknown }, packet: Packet | undefined): Outcome =>
    typeof error.code === "number"
      ? refusalOf({ ...(packet ?? { cmd: "puback" }), reasonCode: error.code })
      : { type: "unknown", error };
  const taken = ({ written: { topic } }: Entry, packet: Packet | undefined): Outcome => {
    if (!unread.delete(packet?.messageId ?? 0)) return STORED;
    const words = `the broker has confirmed a message that nobody is to get: topic "${topic}" has no subscriber`;
    if (options.requireSubscriber) return { type: "unknown", error: new QueueError("host-lost", words) };
    if (!told.has(topic) && told.size < TOLD_MAX) {
      told.add(topic);
      warn({ code: "no-subscriber", message: words });
    }
    return STORED;
  };

  const onPacket = ({ cmd, messageId, reasonCode }: Packet) => {
    const isAnswer = cmd === "puback" || cmd === "pubrec";
    if (isAnswer && messageId !== undefined) {
      // What an application has sent had this number before, maybe.
      if (reasonCode === NO_SUBSCRIBER) unread.add(messageId);
      else unread.delete(messageId);
    }
    // It may be the answer to something of the application's that there is room again.
    if (line.isForeign) queueMicrotask(pump);
  };
  client.on("packetreceive", onPacket);

  const end = (why: unknown) => {
    isOver = true;
    clearTimeout(timer);
    const unknown: Outcome = { type: "unknown", error: why };
    for (const entry of [...queued.splice(0), ...open]) entry.settle(unknown);
    open.clear();
    const { verdict } = line;
    const isAlone = underWay.size === 1;
    if (verdict !== undefined) care.left = isAlone ? 0 : underWay.size;
    const outcome: Outcome = verdict !== undefined && isAlone ? { type: "refused", reason: verdict } : unknown;
    const giveUp = () => {
      for (const entry of underWay) entry.settle(outcome);
      underWay.clear();
    };
    // mqtt.js sends again what it has of an application's client, and hears the answers.
    if (line.isForeign && underWay.size > 0) timer = setTimeout(giveUp, FOREIGN_ANSWER_MS);
    else giveUp();
  };
  const ended = line.ended.then((why) => {
    end(why);
    return why;
  });

  const publish = (message: BridgeMessage, prepared: Ready): Promise<Outcome> | Outcome => {
    if ("type" in prepared) return prepared;
    if (confirmations?.take(message.id)) return STORED;
    if (isOver) return { type: "unknown", error: new QueueError("host-lost", "the MQTT connection has ended") };
    const waiting = confirmations?.wait(message.id);
    return new Promise((resolve) => {
      const settle = waiting ? waiting.give : resolve;
      const entry: Entry = { written: prepared, waiting, isSettled: false, sentAt: 0, settle };
      void waiting?.outcome.then((outcome) => {
        entry.isSettled = true;
        open.delete(entry);
        resolve(outcome);
      });
      queued.push(entry);
      pump();
    });
  };

  return {
    isSelfTimed: true,
    async send(messages) {
      const prepared = messages.map(prepare);
      // A call behind one that reads a file waits, too.
      const sent = turn.then(async () =>
        (await Promise.all(prepared)).map((one, i) => publish(messages[i] as BridgeMessage, one)),
      );
      turn = sent.catch(() => {});
      return Promise.all(await sent.then((answers) => answers));
    },
    ended,
    async close() {
      await parts.close();
      client.removeListener("packetreceive", onPacket);
    },
  };
}

const unwritable = (error: unknown): Outcome => ({
  type: "refused",
  reason: `the message cannot be written for MQTT: ${error instanceof Error ? error.message : String(error)}`,
});
