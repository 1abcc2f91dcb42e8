// CloudEvents 1.0, https://github.com/cloudevents/spec: the attributes of an event in headers that begin with a prefix and
// the body as it is (binary mode), or all of it as one JSON object (JSON mode). Extensions: distributed tracing
// (`traceparent`, `tracestate`) and partitioning (`partitionkey`, which is the group).

import { type Check, checkOptions, oneOf, string } from "../../../core/spec/check.js";
import type { BridgeMessage, MessageHeaders } from "../message.js";
import { textOrFunction } from "../options.js";
import { type EncodedBody, isJson, JSON_TYPE } from "./body.js";

/** How messages are written as CloudEvents 1.0. */
export interface CloudEventOptions {
  /** `binary`: attributes are headers, the body is the data. `json`: the body is the whole event. */
  readonly mode: "binary" | "json";
  /** The context that events happen in, a URI reference: `/shops/12`. */
  readonly source: string;
  /** What has happened, `com.example.order.placed`: for all messages, or of each. */
  readonly type: string | ((message: BridgeMessage) => string);
}

const text = string(1, 1_000);
const SPEC = { mode: oneOf("binary", "json"), source: text, type: textOrFunction(text) };
export const cloudEvents: Check = (value, name) => checkOptions(name, value, SPEC);

export const EVENT_TYPE = "application/cloudevents+json";
const TRACE = ["traceparent", "tracestate"] as const;

/** Of an attribute. */
const NAME = /^[a-z0-9]+$/;

/** Attributes of the specification, and the extensions above. */
const KNOWN: ReadonlySet<string> = new Set([
  ...["specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "partitionkey"],
  ...TRACE,
]);

/**
 * Whether a header of this name is an attribute of an event in binary mode. Without a prefix, which is how MQTT has it, those
 * of a sender look the same: an extension that is not known is a header.
 */
export const isAttribute = (name: string, prefix: string): boolean =>
  prefix === "" ? KNOWN.has(name) : name.startsWith(prefix) && NAME.test(name.slice(prefix.length));

type Event = Record<string, unknown>;

function attributesOf(message: BridgeMessage, { source, type }: CloudEventOptions, contentType: string) {
  const { id, sentAt, groupId, headers } = message;
  const attributes: Record<string, string> = {
    specversion: "1.0",
    id,
    source,
    type: typeof type === "function" ? type(message) : type,
    time: new Date(sentAt).toISOString(),
    datacontenttype: contentType,
  };
  if (groupId !== null) attributes.partitionkey = groupId;
  for (const name of TRACE) if (headers[name] !== undefined) attributes[name] = headers[name];
  return attributes;
}

/** In binary mode, headers besides the message's own; their content type is `datacontenttype`, which is not repeated. */
export function binaryHeaders(
  message: BridgeMessage,
  options: CloudEventOptions,
  contentType: string,
  prefix: string,
): Record<string, string> {
  const { datacontenttype: _, ...attributes } = attributesOf(message, options, contentType);
  // MQTT carries any text, and says so.
  const written = prefix === "" ? (value: string) => value : percentEncoded;
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [prefix + name, written(value)] as const),
  );
}

export function jsonEvent(message: BridgeMessage, options: CloudEventOptions, body: EncodedBody): EncodedBody {
  const { contentType, bytes } = body;
  const data =
    contentType === JSON_TYPE
      ? { data: JSON.parse(new TextDecoder().decode(bytes)) as unknown }
      : { data_base64: toBase64(bytes) };
  const event = { ...attributesOf(message, options, contentType), ...data };
  return { contentType: EVENT_TYPE, bytes: new TextEncoder().encode(JSON.stringify(event)) };
}

/** What an event says of a message: what it leaves out is missing. */
export interface FromEvent {
  readonly id?: string;
  /** What no other event has, whoever sent it: the specification has ids of one source alone differ. */
  readonly identity?: string;
  readonly sentAt?: number;
  readonly groupId?: string;
  readonly contentType?: string;
  /** Its attributes by names with "ce-" before, but for those that headers of a trace have names of their own for. */
  readonly headers: MessageHeaders;
  readonly bytes: Uint8Array;
}

/** The event in a message, if it is one, in either mode. Throws where it calls itself one and is none. */
export function eventOf(given: MessageHeaders, contentType: string | null, bytes: Uint8Array, prefix: string) {
  if (contentType?.toLowerCase().startsWith(EVENT_TYPE)) return fromJson(bytes);
  if (given[`${prefix}specversion`] === undefined) return undefined;
  const attributes: Event = {};
  for (const [name, value] of Object.entries(given)) {
    if (!isAttribute(name, prefix)) continue;
    attributes[name.slice(prefix.length)] = prefix === "" ? value : decodeURIComponent(value);
  }
  return fromAttributes(attributes, contentType ?? undefined, bytes);
}

function fromJson(bytes: Uint8Array): FromEvent {
  const event = JSON.parse(new TextDecoder().decode(bytes)) as Event;
  const { data, data_base64: base64, datacontenttype, ...attributes } = event;
  const type = typeof datacontenttype === "string" ? datacontenttype : JSON_TYPE;
  if (typeof base64 === "string") return fromAttributes(attributes, type, fromBase64(base64));
  const isText = typeof data === "string" && !isJson(type);
  const written = isText ? data : JSON.stringify(data ?? null);
  return fromAttributes(attributes, isText || isJson(type) ? type : JSON_TYPE, new TextEncoder().encode(written));
}

function fromAttributes(attributes: Event, contentType: string | undefined, bytes: Uint8Array): FromEvent {
  const headers: Record<string, string> = {};
  const { id, time, partitionkey, ...others } = attributes;
  for (const [name, value] of Object.entries(others)) {
    if (typeof value === "object" || value === undefined) continue;
    headers[(TRACE as readonly string[]).includes(name) ? name : `ce-${name}`] = String(value);
  }
  const sentAt = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return {
    // No source has a space in it.
    ...(typeof id === "string" && id !== "" && { id, identity: `${attributes.source ?? ""} ${id}` }),
    ...(sentAt >= 0 && { sentAt }),
    ...(typeof partitionkey === "string" && partitionkey !== "" && { groupId: partitionkey }),
    ...(contentType !== undefined && { contentType }),
    headers,
    bytes,
  };
}

/** As the protocol bindings have it: what is not printable ASCII, the double quote and the percent sign. */
const percentEncoded = (value: string): string => value.replace(/[^\x21\x23\x24\x26-\x7e]+/g, encodeURIComponent);

const toBase64 = (bytes: Uint8Array): string => {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
};
const fromBase64 = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
