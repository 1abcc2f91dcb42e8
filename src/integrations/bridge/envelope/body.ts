// Bodies as bytes, and back, with the content type that says how: plain JSON data as JSON, bytes as they are, and what
// neither can carry (dates, maps, typed arrays within objects, files, …) by this package's own codec.

import { jsonOf } from "../../../client/sending/json.js";
import { decode, encodeReadingBlobs } from "../../../codec/codec.js";

export const JSON_TYPE = "application/json";
export const BYTES_TYPE = "application/octet-stream";
/** The codec of `src/codec/codec.ts`. */
export const CODEC_TYPE = "application/vnd.originmq";

export interface EncodedBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** At once, unless there is a file to be read. Throws, or rejects, where a body cannot be written, saying what of it. */
export function encodeBody(body: unknown): EncodedBody | Promise<EncodedBody> {
  if (body?.constructor === Uint8Array) return { contentType: BYTES_TYPE, bytes: body as Uint8Array };
  const text = jsonOf(body);
  if (text !== undefined) return { contentType: JSON_TYPE, bytes: encoder.encode(text) };
  const written = encodeReadingBlobs(body);
  const encoded = (bytes: Uint8Array) => ({ contentType: CODEC_TYPE, bytes });
  return written instanceof Promise ? written.then(encoded) : encoded(written);
}

/** Bytes of a content type that is not known stay bytes; what calls itself text is text. Throws where they are not what they say. */
export function decodeBody(bytes: Uint8Array, contentType: string | null): unknown {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === CODEC_TYPE) return decode(bytes);
  if (isJson(type)) return JSON.parse(decoder.decode(bytes));
  if (type.startsWith("text/")) return decoder.decode(bytes);
  // A copy: what a client gives may be a view on all that it received.
  return new Uint8Array(bytes);
}

export const isJson = (type: string): boolean => type === JSON_TYPE || type.endsWith("+json");
