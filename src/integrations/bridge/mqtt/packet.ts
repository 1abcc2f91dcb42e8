// A message as a PUBLISH packet of MQTT 5, and back: its headers are user properties, its id is one of them. Invariant:
// nothing is written that the protocol does not allow: a broker ends the connection over it, again and again.

import type { CloudEventOptions } from "../envelope/cloudevents.js";
import { decodeEnvelope, type Envelope, encodeEnvelope } from "../envelope/envelope.js";
import { CONTENT_TYPE } from "../envelope/headers.js";
import type { BridgeMessage } from "../message.js";
import type { PublishPacket, PublishProperties } from "./client.js";

export interface Written {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly properties: PublishProperties;
}

/** The user property that names a message for ever. */
export const ID = "originmq-id";
/** Headers that a message from a broker has besides its sender's. */
const TOPIC = "mqtt-topic";
/** The sender's: by it, an application confirms. A message has another one in each queue. */
const SENT_ID = "mqtt-id";
const RESPONSE_TOPIC = "mqtt-response-topic";
export const OWN_HEADERS: readonly string[] = [TOPIC, SENT_ID, RESPONSE_TOPIC];

const PREFIX = "";
const TEXT_BYTES_MAX = 65_535;
const EXPIRY_S_MAX = 0xffff_ffff;
/** Not allowed in a text of MQTT, or not advised, over which brokers end the connection as well. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface WriteOptions {
  readonly topic: string | ((message: BridgeMessage) => string);
  readonly cloudEvents?: CloudEventOptions;
}

/** At once, unless there is a file to be read. Throws, or rejects, saying what of the message cannot be written. */
export function writePacket(message: BridgeMessage, options: WriteOptions, now: number): Written | Promise<Written> {
  const topic = typeof options.topic === "function" ? options.topic(message) : options.topic;
  assertTopic(topic);
  const envelope = encodeEnvelope(message, { cloudEvents: options.cloudEvents, prefix: PREFIX });
  return envelope instanceof Promise
    ? envelope.then((read) => wrap(message, topic, read, now))
    : wrap(message, topic, envelope, now);
}

function wrap({ id, expiresAt }: BridgeMessage, topic: string, { headers, bytes }: Envelope, now: number): Written {
  const { [CONTENT_TYPE]: contentType = "", ...others } = headers;
  const userProperties: Record<string, string> = { ...others, [ID]: id };
  for (const [name, text] of Object.entries(userProperties)) assertText(text, `"${name}"`);
  const seconds = expiresAt === null ? undefined : Math.ceil((expiresAt - now) / 1_000);
  return {
    topic,
    // mqtt.js copies what lies under a view.
    payload: bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice(),
    properties: {
      contentType,
      userProperties,
      ...(seconds !== undefined && { messageExpiryInterval: Math.min(Math.max(1, seconds), EXPIRY_S_MAX) }),
    },
  };
}

/** Throws unless a message can be published to it. */
export function assertTopic(topic: unknown): asserts topic is string {
  if (typeof topic !== "string" || topic === "") throw new TypeError("its topic is no text, or empty");
  if (/[+#]/.test(topic)) throw new TypeError(`its topic "${topic}" has a wildcard, which only subscriptions may have`);
  assertText(topic, "its topic");
}

function assertText(text: string, name: string): void {
  if (UNFIT.test(text)) throw new TypeError(`${name} has a character that MQTT does not carry`);
  // No character has more than three bytes for each unit of its length.
  if (text.length * 3 <= TEXT_BYTES_MAX) return;
  const { length } = encoder.encode(text);
  if (length > TEXT_BYTES_MAX) throw new TypeError(`${name} has ${length} bytes, and MQTT carries ${TEXT_BYTES_MAX}`);
}

/** Bytes of the packet, as the broker counts them. */
export function sizeOf({ topic, payload, properties }: Written): number {
  const { contentType = "", messageExpiryInterval, userProperties = {} } = properties;
  let bytes = 1 + textBytes(contentType) + (messageExpiryInterval === undefined ? 0 : 5);
  for (const [name, text] of Object.entries(userProperties)) bytes += 1 + textBytes(name) + textBytes(text as string);
  const rest = textBytes(topic) + 2 + variable(bytes) + bytes + payload.length;
  return 1 + variable(rest) + rest;
}

const textBytes = (text: string) => 2 + encoder.encode(text).length;
/** Of a number written in groups of seven bits. */
const variable = (value: number): number => (value < 128 ? 1 : 1 + variable(Math.floor(value / 128)));

export interface Reading {
  /** Where the sender gave it none. */
  readonly id: () => string;
  readonly cloudEvents: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

export function readPacket(packet: PublishPacket, { id, cloudEvents, now }: Reading): BridgeMessage {
  const { contentType, messageExpiryInterval, responseTopic, userProperties = {} } = packet.properties ?? {};
  const headers: Record<string, string> = Object.fromEntries(
    Object.entries(userProperties).map(([name, text]) => [name, typeof text === "string" ? text : (text[0] ?? "")]),
  );
  if (contentType !== undefined) headers[CONTENT_TYPE] = contentType;
  const payload = typeof packet.payload === "string" ? encoder.encode(packet.payload) : packet.payload;
  const own = headers[ID];
  const message = decodeEnvelope(
    { id: own || "", headers, bytes: payload, storedAt: now, redelivered: packet.dup },
    cloudEvents,
    PREFIX,
  );
  const topic = typeof packet.topic === "string" ? packet.topic : decoder.decode(packet.topic);
  return {
    ...message,
    id: message.id || id(),
    headers: {
      ...message.headers,
      [TOPIC]: topic,
      ...(message.id !== "" && { [SENT_ID]: message.id }),
      ...(responseTopic !== undefined && { [RESPONSE_TOPIC]: responseTopic }),
    },
    expiresAt: message.expiresAt ?? (messageExpiryInterval === undefined ? null : now + messageExpiryInterval * 1_000),
  };
}
