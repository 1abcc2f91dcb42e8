// What is inside an envelope: headers and body as bytes.
//
//   form of the body (1) | length of the headers (4, little endian) | headers as JSON | body: JSON, or what the codec makes of it

import { CodecError, decode, encodeReadingBlobs } from "../codec/codec.js";
import { joined } from "../codec/joined.js";
import type { Headers } from "../core/log/bodies.js";
import { QueueError } from "../core/spec/errors.js";
import { type Bytes, fromUtf8, toUtf8 } from "./bytes.js";

export interface Content {
  readonly body: unknown;
  readonly headers: Headers | undefined;
}

const JSON_TEXT = 0;
const ENCODED = 1;
const HEAD_BYTES = 5;

/** `text`: the body as JSON, where it is that. Rejects with `not-cloneable` what has no form in bytes. */
export async function encodeContent({
  body,
  text,
  headers,
}: Content & { readonly text?: string | undefined }): Promise<Bytes> {
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = text === undefined ? ENCODED : JSON_TEXT;
  const headersText = headers ? toUtf8(JSON.stringify(headers)) : new Uint8Array(0);
  new DataView(head.buffer).setUint32(1, headersText.length, true);
  return joined([head, headersText, text === undefined ? await encoded(body) : toUtf8(text)]);
}

async function encoded(body: unknown): Promise<Uint8Array> {
  try {
    return await encodeReadingBlobs(body);
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    const path = /^(\[|$)/.test(cause.path) ? `body${cause.path}` : `body.${cause.path}`;
    const why = cause.what ? `${path} is ${cause.what}, which cannot be sent and stored` : cause.message;
    throw new QueueError("not-cloneable", why, { cause, detail: { path } });
  }
}

/** Throws what cannot have been written by `encodeContent`: it came from an envelope that opened. */
export function decodeContent(bytes: Bytes): Content {
  const end = HEAD_BYTES + new DataView(bytes.buffer).getUint32(1, true);
  const headers = end > HEAD_BYTES ? (JSON.parse(fromUtf8(bytes.subarray(HEAD_BYTES, end))) as Headers) : undefined;
  const body = bytes.subarray(end);
  return { headers, body: bytes[0] === JSON_TEXT ? JSON.parse(fromUtf8(body)) : decode(body) };
}
