// Takes what a broker sends over one line, and keeps it from one session of the bridge to the next.
//
//   broker ──sends──▶ waiting ──handed out──▶ out ──taken, refused──▶ settled ──all before it are, too──▶ acknowledged
//                        ▲──────given back────┘
//
// Invariants: the broker hears that it may forget a message only once the target has it; it hears that in the order in which it
// has sent them, as the protocol asks; what it sends again under the same number, before it has heard of it, keeps its id.

import { randomUuid } from "../../../client/runtime/uuid.js";
import type { BridgeMessage } from "../message.js";
import type { BridgeDelivery, SourceSession, Taking } from "../source.js";
import type { PublishPacket } from "./client.js";
import type { Line } from "./connection.js";
import { readPacket } from "./packet.js";

/** What was received of a sender that gives no ids, and not acknowledged, by packet identifier: kept from line to line. */
export type Unnamed = Map<number, { readonly packet: PublishPacket; readonly id: string }>;

export interface ReceiverParts {
  readonly cloudEvents: boolean;
  readonly unnamed: Unnamed;
  /** Messages without a guarantee that may wait here. */
  readonly unconfirmedMax: number;
}

export interface Receiver {
  onPublish(packet: PublishPacket): void;
  /** Given once the line is open. */
  attach(line: Line): void;
  open(taking: Taking): SourceSession;
  /** The line is over, or closed, and nothing is left here. */
  readonly isOver: boolean;
}

interface Held {
  readonly place: number;
  /** `undefined`: of QoS 0, which nobody acknowledges. */
  readonly packetId: number | undefined;
  readonly message: BridgeMessage;
  /** What the broker is told, once it is settled. */
  code: number | undefined;
}

const SUCCESS = 0;
/** Implementation specific error: what the target refuses for good, in words that the broker cannot be given. */
const REFUSED = 131;
const PUBACK = 0x40;

export function createReceiver({ cloudEvents, unnamed, unconfirmedMax }: ReceiverParts): Receiver {
  const waiting: Held[] = [];
  const out = new Set<Held>();
  /** What the broker waits to hear of, in its order. */
  const unheard: Held[] = [];
  let line: Line | undefined;
  let taking: Taking | undefined;
  let places = 0;
  let unconfirmed = 0;
  let isOver = false;
  let isTold = false;
  let onSettled: () => void = () => {};

  const idOf = (packet: PublishPacket) => (): string => {
    const known = packet.dup && packet.messageId !== undefined ? unnamed.get(packet.messageId) : undefined;
    const id = known && isSame(known.packet, packet) ? known.id : randomUuid();
    if (packet.qos > 0) unnamed.set(packet.messageId as number, { packet, id });
    return id;
  };

  const acknowledge = ({ packetId, code = SUCCESS }: Held) => {
    if (packetId === undefined || !line?.client.connected) return;
    unnamed.delete(packetId);
    const number = [packetId >> 8, packetId & 0xff];
    const rest = code === SUCCESS ? [2, ...number] : [3, ...number, code];
    line.client.stream.write(new Uint8Array([PUBACK, ...rest]));
  };
  const settle = (held: Held, code: number) => {
    if (!out.delete(held)) return;
    held.code = code;
    let settled = 0;
    while (unheard[settled]?.code !== undefined) acknowledge(unheard[settled++] as Held);
    unheard.splice(0, settled);
    handOut();
    onSettled();
  };

  const keep = (held: Held) => {
    if (held.packetId === undefined) unconfirmed++;
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as Held).place > held.place) at--;
    waiting.splice(at, 0, held);
  };
  const handOut = () => {
    while (taking && waiting.length > 0 && out.size < taking.inFlight) {
      const held = waiting.shift() as Held;
      if (held.packetId === undefined) unconfirmed--;
      out.add(held);
      taking.take(deliveryOf(held));
    }
  };
  const deliveryOf = (held: Held): BridgeDelivery => ({
    message: held.message,
    get isLost() {
      return !out.has(held);
    },
    ack: () => settle(held, SUCCESS),
    release: () => {
      if (!out.delete(held)) return;
      keep(held);
      handOut();
      onSettled();
    },
    deadLetter: () => settle(held, REFUSED),
  });

  const overflow = () => {
    if (isTold) return;
    isTold = true;
    const words = `messages of QoS 0 are dropped, since ${unconfirmedMax} wait already: publish them with QoS 1`;
    taking?.warn({ code: "overflow", message: words });
  };

  return {
    get isOver() {
      return isOver;
    },
    onPublish(packet) {
      if (isOver) return;
      const isConfirmed = packet.qos > 0;
      if (!isConfirmed && unconfirmed >= unconfirmedMax) return overflow();
      const message = readPacket(packet, { id: idOf(packet), cloudEvents, now: Date.now() });
      const packetId = isConfirmed ? packet.messageId : undefined;
      const held: Held = { place: places++, packetId, message, code: undefined };
      unheard.push(held);
      keep(held);
      handOut();
    },
    attach(opened) {
      line = opened;
      void opened.ended.then(() => {
        isOver = true;
        waiting.length = 0;
        unheard.length = 0;
        out.clear();
        onSettled();
      });
    },
    open(given) {
      taking = given;
      handOut();
      return {
        ended: (line as Line).ended,
        async close() {
          taking = undefined;
          while (out.size > 0) {
            await new Promise<void>((resolve) => {
              onSettled = resolve;
            });
          }
        },
      };
    },
  };
}

function isSame(a: PublishPacket, b: PublishPacket): boolean {
  if (String(a.topic) !== String(b.topic) || a.payload.length !== b.payload.length) return false;
  for (let i = 0; i < a.payload.length; i++) if (a.payload[i] !== b.payload[i]) return false;
  return true;
}
