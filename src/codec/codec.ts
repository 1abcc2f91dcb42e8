// Values as bytes and back, for sockets and for databases without structured clone: a header of JSON, and behind it the
// sections of bytes and of long texts as they are. Invariants: what comes out is what structured clone would have made
// of what went in, in every runtime; what cannot be carried is refused before a byte is written.
//
//   version (1 byte) | length of the header (4 bytes, little endian) | [value, …lengths of the sections] | sections

import { AsciiLines } from "../core/log/columns.js";
import { CodecError } from "./codec-error.js";
import { joined } from "./joined.js";
import { encodeTagged, type Json, type Sink } from "./tagged.js";
import { decodeTagged, type Source, type Stretch } from "./untagged.js";

export { CodecError } from "./codec-error.js";

const VERSION = 1;
const HEAD_BYTES = 5;
/** From this length on a text has a section of its own: as JSON, each of its quotes would be escaped. */
const LONG_TEXT = 1_024;

/** What the Blobs in a value hold. */
export type BlobBytes = ReadonlyMap<Blob, Uint8Array>;

/** Thrown by `encode` where a Blob's bytes are missing: only an asynchronous read gives them. */
class UnreadBlob extends CodecError {}

/**
 * Throws a `CodecError` that names what cannot be carried and its path: functions, symbols, platform objects such as a
 * CryptoKey or a stream, shared and resizable memory, what is nested more than 1,000 deep, and Blobs whose bytes are not
 * given. A view alone on its buffer carries the bytes it shows; several on one buffer keep sharing it. Of an Error name,
 * message, stack, cause and errors are kept.
 */
export function encode(value: unknown, blobs?: BlobBytes): Uint8Array<ArrayBuffer> {
  const sections = createSections();
  const json = encodeTagged(value, createSink(sections, blobs));
  return assemble(json, sections.finish());
}

/** The same, having read the Blobs and Files in it; without any, at once. */
export function encodeReadingBlobs(value: unknown): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  try {
    return encode(value);
  } catch (cause) {
    if (!(cause instanceof UnreadBlob)) throw cause;
  }
  return readBlobs(value).then((blobs) => encode(value, blobs));
}

/** Reads every Blob and File in a value. Rejects with a `CodecError` for a file that changed or is gone. */
export async function readBlobs(value: unknown): Promise<BlobBytes> {
  const found = new Set<Blob>();
  const nothing = () => null;
  const collect = (blob: Blob) => {
    found.add(blob);
    return null;
  };
  encodeTagged(value, { buffer: nothing, view: nothing, text: nothing, blob: collect, refuse: nothing });
  const blobs = new Map<Blob, Uint8Array>();
  for (const blob of found) {
    try {
      blobs.set(blob, new Uint8Array(await blob.arrayBuffer()));
    } catch (cause) {
      throw new CodecError("a Blob or File cannot be read: it changed or went away", { cause });
    }
  }
  return blobs;
}

/** Keeps some long texts of a value as the bytes that they are. */
export interface Keeper {
  /** Where in the JSON of the value, which may be anything, such texts may stand: their numbers, as they are written there. */
  find(json: unknown): readonly unknown[];
  /** What stands for a text that was found; `undefined`: it is decoded. It shares its bytes. */
  keep(bytes: Uint8Array): AsciiLines | undefined;
}

/** Throws a `CodecError` for anything that `encode` could not have written. Shares nothing with the bytes but what is kept. */
export function decode(bytes: Uint8Array, keeper?: Keeper): unknown {
  const [json, sections] = takeApart(bytes);
  return decodeTagged(json, createSource(sections, keeper && { found: new Set(keeper.find(json)), keep: keeper.keep }));
}

type Section = { readonly bytes: Uint8Array };
interface OfBuffer {
  readonly buffer: ArrayBuffer;
  readonly at: number;
  /** The views on it, and where their places in it are written. */
  readonly views: { readonly view: ArrayBufferView; readonly place: Json[] }[];
  isWhole: boolean;
}

interface Sections {
  add(bytes: Uint8Array): number;
  /** Good until the sections are put together. */
  toUtf8(text: string): Uint8Array;
  ofBuffer(buffer: ArrayBuffer): OfBuffer;
  finish(): readonly Section[];
}

function createSections(): Sections {
  const sections: { bytes: Uint8Array }[] = [];
  const buffers = new Map<ArrayBuffer, OfBuffer>();
  const add = (bytes: Uint8Array) => sections.push({ bytes }) - 1;
  let scratched = 0;
  return {
    add,
    toUtf8(text) {
      scratch ??= new Uint8Array(SCRATCH_BYTES);
      const room = scratch.subarray(scratched);
      const { read, written } = encoder.encodeInto(text, room);
      if (read < text.length) return toUtf8(text);
      scratched += written;
      return room.subarray(0, written);
    },
    ofBuffer(buffer) {
      const known = buffers.get(buffer);
      if (known) return known;
      const section: OfBuffer = { buffer, at: add(new Uint8Array(buffer)), views: [], isWhole: false };
      buffers.set(buffer, section);
      return section;
    },
    finish() {
      for (const { buffer, at, views, isWhole } of buffers.values()) {
        const [only] = views;
        if (!isWhole && views.length === 1 && only) {
          const { byteOffset, byteLength } = only.view;
          sections[at] = { bytes: new Uint8Array(buffer, byteOffset, byteLength) };
          only.place.splice(1, 2, 0, byteLength);
        }
      }
      return sections;
    },
  };
}

function createSink(sections: Sections, blobs: BlobBytes | undefined): Sink {
  return {
    buffer(buffer) {
      const section = sections.ofBuffer(buffer);
      section.isWhole = true;
      return section.at;
    },
    view(view) {
      const { at, views } = sections.ofBuffer(view.buffer as ArrayBuffer);
      const place: Json[] = [at, view.byteOffset, view.byteLength];
      views.push({ view, place });
      return place;
    },
    blob(blob) {
      const bytes = blobs?.get(blob);
      if (bytes === undefined) throw new UnreadBlob("a Blob must be read first");
      return sections.add(bytes);
    },
    text(text) {
      if (text instanceof AsciiLines) return { $: "text", v: sections.add(text.bytes) };
      if (text.length < LONG_TEXT || !isWellFormed(text)) return undefined;
      return { $: "text", v: sections.add(sections.toUtf8(text)) };
    },
    refuse(what, path, cause) {
      const where = path === "" ? "" : `${path}: `;
      const named = `${/^[AEIO]/i.test(what) ? "an" : "a"} ${what}`;
      throw new CodecError(`${where}${named} cannot be carried`, { cause, path, what: named });
    },
  };
}

/** Half of a surrogate pair is no UTF-8, but JSON can say it. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/**
 * Where texts become bytes before it is known how many they are. Measured: of a text of 240 kB memory of its own takes ten
 * times as long as its bytes.
 */
let scratch: Uint8Array | undefined;
const SCRATCH_BYTES = 1024 * 1024;

const encoder = new TextEncoder();
const toUtf8 = (text: string): Uint8Array => encoder.encode(text);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function assemble(value: Json, sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const header = toUtf8(JSON.stringify([value, ...sections.map(({ bytes }) => bytes.length)]));
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = VERSION;
  new DataView(head.buffer).setUint32(1, header.length, true);
  return joined([head, header, ...sections.map(({ bytes }) => bytes)]);
}

const broken = (what: string, cause?: unknown) => new CodecError(`these bytes are no value: ${what}`, { cause });

function takeApart(given: Uint8Array): [unknown, readonly Uint8Array[]] {
  // Of a Buffer of Node's `slice` would share.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  if (bytes.length < HEAD_BYTES) throw broken("they are too few");
  if (bytes[0] !== VERSION) throw broken(`version ${bytes[0]} is not known here`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true);
  const header = parse(bytes.subarray(HEAD_BYTES, HEAD_BYTES + headerBytes), headerBytes);
  const sections: Uint8Array[] = [];
  let at = HEAD_BYTES + headerBytes;
  for (let i = 1; i < header.length; i++) {
    const length = header[i];
    if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 0)
      throw broken("no length of a section");
    sections.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length) throw broken(`they are ${bytes.length}, not ${at}`);
  return [header[0], sections];
}

function parse(bytes: Uint8Array, length: number): readonly unknown[] {
  if (bytes.length < length) throw broken("the header is cut off");
  let header: unknown;
  try {
    header = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw broken("the header is no JSON", cause);
  }
  if (!Array.isArray(header) || header.length === 0) throw broken("the header is no list");
  return header;
}

interface Keeping extends Pick<Keeper, "keep"> {
  readonly found: ReadonlySet<unknown>;
}

function createSource(sections: readonly Uint8Array[], keeping: Keeping | undefined): Source {
  const buffers: ArrayBuffer[] = [];
  const section = (v: unknown): Uint8Array => {
    const bytes = typeof v === "number" ? sections[v] : undefined;
    if (bytes === undefined) throw broken("there is no such section");
    return bytes;
  };
  const taken = new Set<unknown>();
  /** Each text and each Blob has a section of its own: many that share one would grow without bound. */
  const take = (v: unknown): Uint8Array => {
    if (taken.has(v)) throw broken("two values have one section");
    taken.add(v);
    return section(v);
  };
  const buffer = (v: unknown): ArrayBuffer => {
    buffers[v as number] ??= new Uint8Array(section(v)).buffer;
    return buffers[v as number] as ArrayBuffer;
  };
  return {
    buffer,
    view(v): Stretch {
      if (!Array.isArray(v) || v.length !== 3) throw broken("no place of a view");
      const [at, byteOffset, byteLength] = v as [unknown, number, number];
      if (typeof byteOffset !== "number" || typeof byteLength !== "number") throw broken("no place of a view");
      return { buffer: buffer(at), byteOffset, byteLength };
    },
    blob: (v) => new Uint8Array(take(v)),
    text(v) {
      const bytes = take(v);
      return (keeping?.found.has(v) && keeping.keep(bytes)) || decoder.decode(bytes);
    },
    refused: () => {
      throw broken("it says that it could not be written");
    },
  };
}
