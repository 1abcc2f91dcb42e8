// Bodies as JSON text and back: the tagged form of `src/codec/`, with bytes as base64 in the text. Invariant: what was
// written once is read by every later version; what cannot be written is marked, so that its line can be skipped.

import { CodecError, readBlobs } from "../codec/codec.js";
import { encodeTagged, type Json } from "../codec/tagged.js";
import { decodeTagged, type Stretch } from "../codec/untagged.js";

/** A value that can be stored but not written as text; its line is skipped on import. */
export class UnwritableError extends CodecError {}

export async function encode(value: unknown): Promise<Json> {
  const blobs = await readBlobs(value);
  return encodeTagged(value, {
    buffer: (buffer) => toBase64(new Uint8Array(buffer)),
    view: ({ buffer, byteOffset, byteLength }) => toBase64(new Uint8Array(buffer, byteOffset, byteLength)),
    blob: (blob) => toBase64(blobs.get(blob) as Uint8Array),
    text: () => undefined,
    refuse: (what) => ({ $: "unwritable", v: what }),
  });
}

/** Throws an `UnwritableError` where the value could not be written, and a `CodecError` where the text is no such value. */
export function decode(json: unknown): unknown {
  return decodeTagged(json, {
    buffer: (v) => fromBase64(v).buffer,
    view: (v): Stretch => fromBase64(v),
    blob: fromBase64,
    text: () => {
      throw new CodecError("a text of its own is not in a backup");
    },
    refused: (v) => {
      throw new UnwritableError(`a ${v} cannot be written as text`);
    },
  });
}

/** Text is made of stretches of bytes: all of them at once are too many arguments. */
const CHUNK_BYTES = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES)
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK_BYTES));
  return btoa(text);
}

function fromBase64(v: unknown): Uint8Array<ArrayBuffer> {
  if (typeof v !== "string") throw new CodecError("this is no base64");
  return Uint8Array.from(atob(v), (char) => char.charCodeAt(0));
}
