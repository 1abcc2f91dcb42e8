// A message as an engine takes it, headers of texts and bytes, and back: for every target and source that is no queue.

import { DEDUPLICATION_ID_MAX as ID_MAX } from "../../../core/spec/limits.js";
import type { BridgeMessage, MessageHeaders } from "../message.js";
import { decodeBody, type EncodedBody, encodeBody } from "./body.js";
import { binaryHeaders, type CloudEventOptions, eventOf, isAttribute, jsonEvent } from "./cloudevents.js";
import { decodeHeaders, encodeHeaders } from "./headers.js";

export interface Envelope {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

export interface EnvelopeOptions {
  readonly cloudEvents?: CloudEventOptions | undefined;
  /** Of a CloudEvent's attributes in binary mode: "ce-" in NATS and HTTP, nothing in MQTT. */
  readonly prefix: string;
}

/** At once, unless there is a file to be read. Throws, or rejects, where the body cannot be written. */
export function encodeEnvelope(message: BridgeMessage, options: EnvelopeOptions): Envelope | Promise<Envelope> {
  const body = encodeBody(message.body);
  return body instanceof Promise ? body.then((read) => wrap(message, read, options)) : wrap(message, body, options);
}

function wrap(message: BridgeMessage, body: EncodedBody, { cloudEvents, prefix }: EnvelopeOptions): Envelope {
  if (cloudEvents?.mode === "json") {
    const event = jsonEvent(message, cloudEvents, body);
    return { headers: encodeHeaders(message, event.contentType), bytes: event.bytes };
  }
  if (!cloudEvents) return { headers: encodeHeaders(message, body.contentType), bytes: body.bytes };
  const headers = encodeHeaders(message, body.contentType, (name) => isAttribute(name, prefix));
  Object.assign(headers, binaryHeaders(message, cloudEvents, body.contentType, prefix));
  return { headers, bytes: body.bytes };
}

/** What the engine knows of a message that it gives out. */
export interface Received extends Envelope {
  /** Names it for ever at this engine; what the sender said names it comes first. */
  readonly id: string;
  /** Epoch milliseconds at which the engine took it. */
  readonly storedAt: number;
  readonly redelivered: boolean;
}

/** `isEvents`: what is a CloudEvent is taken as one. A body that is not what its content type says is given as its bytes. */
export function decodeEnvelope(received: Received, isEvents: boolean, prefix: string): BridgeMessage {
  try {
    return decode(received, isEvents, prefix);
  } catch {
    const { sentAt, ...attributes } = decodeHeaders(received.headers);
    const { id, bytes, storedAt, redelivered } = received;
    return { ...attributes, id: idOf(id), body: new Uint8Array(bytes), sentAt: sentAt ?? storedAt, redelivered };
  }
}

function decode(received: Received, isEvents: boolean, prefix: string): BridgeMessage {
  const { headers: given, bytes, storedAt, redelivered } = received;
  const isBinary = isEvents && given[`${prefix}specversion`] !== undefined;
  const { sentAt, ...attributes } = decodeHeaders(given, isBinary ? (name) => isAttribute(name, prefix) : undefined);
  const event = isEvents ? eventOf(given, attributes.contentType, bytes, prefix) : undefined;
  const contentType = event?.contentType ?? attributes.contentType;
  return {
    ...attributes,
    id: event?.id === received.id ? received.id : idOf(event?.identity, received.id),
    body: decodeBody(event?.bytes ?? bytes, contentType),
    contentType,
    headers: { ...attributes.headers, ...event?.headers } satisfies MessageHeaders,
    groupId: attributes.groupId ?? event?.groupId?.slice(0, 256) ?? null,
    sentAt: sentAt ?? event?.sentAt ?? storedAt,
    redelivered,
  };
}

/** Of two that are too long, what is left of the last one still names it. */
const idOf = (...ids: (string | undefined)[]): string =>
  ids.find((id) => id !== undefined && id.length <= ID_MAX) ?? (ids.at(-1) ?? "").slice(-ID_MAX);
