// What becomes of a recorded session on its way: frames whose bits, lengths, kinds and order are not as they were, and
// messages that are well written and say something else. Seeded: the same seed makes the same of the same frames.

import { decode, encode } from "../../src/codec/codec.js";
import { joined } from "../../src/codec/joined.js";
import { framesOf, KIND } from "../../src/link/socket/frames.js";
import type { Random } from "../sim/random.js";

type Bytes = Uint8Array;

/** A recorded message: as frames, and as what they carry. */
export interface Recorded {
  readonly frames: readonly Bytes[];
  readonly message: Bytes;
}

/** Numbers at the edges of what is checked, or beyond. */
export const NUMBERS = [
  0,
  -0,
  -1,
  1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
];
const DIGITS = [
  "0",
  "-1",
  "4294967295",
  "4294967296",
  "9007199254740993",
  "1e999",
  "00",
  "NaN",
  "99999999999999999999",
];
const WORDS = [
  "",
  "vault",
  "few-1",
  "few-2",
  "open",
  "vault*",
  "originmq:replies:vault",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
];
const OPS = [
  ...["hello", "submit", "consume", "cancel", "receive", "idle", "room", "peek", "dead-letters", "stats", "watch"],
  ...[
    "fates",
    "group",
    "schedules",
    "queues",
    "summaries",
    "diagnostics",
    "inspect",
    "introduce",
    "journal",
    "suspend",
    "goodbye",
    "send",
    "publish",
  ],
  ...["transaction", "settle", "extend", "configure", "pause", "purge", "delete", "redrive", "purge-dead", "schedule"],
  ...["subscribe", "unsubscribe", "unschedule", "replace", "ack", "retry", "release", "dead"],
  ...["APPLY", "GET", "SET", "CONSTRUCT", "ENDPOINT", "RELEASE", "RAW", "HANDLER", "originmq:closed", "originmq:greet"],
];

/** Frames in place of one recorded message. */
export function mutate(random: Random, all: readonly Recorded[]): readonly (Bytes | string)[] {
  const one = random.pick(all);
  const frame = random.pick(one.frames);
  switch (random.between(0, 13)) {
    case 0:
      return [flip(random, frame, random.between(1, 8))];
    case 1:
      return [frame.slice(0, random.between(0, frame.length))];
    case 2:
      return [joined([frame, noise(random, random.between(1, 64))])];
    case 3: {
      const other = random.pick(random.pick(all).frames);
      return [
        joined([frame.subarray(0, random.between(0, frame.length)), other.subarray(random.between(0, other.length))]),
      ];
    }
    case 4:
      return [withKind(frame, random.chance(0.95) ? random.between(0, 4) : random.between(5, 255))];
    case 5:
      return [withLength(random, frame)];
    case 6:
      return [...one.frames, ...one.frames];
    case 7:
      return [...one.frames].reverse();
    case 8:
      return [withDigits(random, frame)];
    case 9:
      if (random.chance(0.03)) return [new TextDecoder().decode(frame)];
      return [withKind(noise(random, random.between(1, 512)), random.chance(0.95) ? random.between(0, 4) : 255)];
    case 10:
      return pieces(random, one.message);
    default:
      return otherwise(random, one);
  }
}

/** A whole message that is as well written, and says something else. */
function otherwise(random: Random, { message, frames }: Recorded): readonly Bytes[] {
  let value = decode(message);
  // In a queue of its own, where it has every right.
  if (random.chance(0.3)) value = elsewhere(value, random.chance(0.9) ? "few-1" : `few-${random.hex(6)}`);
  for (let i = random.between(1, 3); i > 0; i--) value = changed(random, value, random.between(0, 8));
  try {
    return [...framesOf(encode(value))];
  } catch {
    return frames;
  }
}

/** Every queue and topic in it is this one. */
function elsewhere(value: unknown, queue: string): unknown {
  if (Array.isArray(value)) return value.map((item) => elsewhere(item, queue));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    return [key, key === "queue" || key === "topic" ? queue : elsewhere(item, queue)];
  });
  return Object.fromEntries(entries);
}

/** What stands in the place of a value. */
type Replace = (random: Random, value: unknown) => unknown;

/** The value with one thing in it, so deep or less, changed. */
export function changed(random: Random, value: unknown, depth: number, replace: Replace = replaced): unknown {
  if (typeof value !== "object" || value === null || depth === 0) return replace(random, value);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.1)) return elsewise(random, value, replace);
    const at = random.between(0, value.length - 1);
    return value.map((item, i) => (i === at ? changed(random, item, depth - 1, replace) : item));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return replace(random, value);
  const entries = Object.entries(value);
  if (entries.length === 0 || random.chance(0.1)) return elsewise(random, value, replace);
  const at = random.between(0, entries.length - 1);
  if (random.chance(0.1)) return Object.fromEntries(entries.filter((_, i) => i !== at));
  const change = (item: unknown, i: number) => (i === at ? changed(random, item, depth - 1, replace) : item);
  return Object.fromEntries(entries.map(([key, item], i) => [key, change(item, i)]));
}

function elsewise(random: Random, value: object, replace: Replace): unknown {
  if (Array.isArray(value)) return random.chance(0.5) ? [] : [...value, ...value, replace(random, value)];
  return { ...value, [random.pick([...WORDS, ...OPS])]: replace(random, value) };
}

export function replaced(random: Random, value: unknown): unknown {
  const anyway = [null, undefined, true, [], {}, new Map([[1, 2]]), new Date(0), 10n, new Uint8Array(8), /a/];
  switch (random.between(0, 5)) {
    case 0:
      return random.pick(NUMBERS);
    case 1:
      return typeof value === "number" ? value + random.pick([-1, 1, 0.5, 1e6]) : random.pick(NUMBERS);
    case 2:
      return random.chance(0.1) ? `few-${random.hex(6)}` : random.pick(WORDS);
    case 3:
      return random.pick(OPS);
    case 4:
      return random.chance(0.1) ? "x".repeat(random.pick([257, 70_000])) : nested(random.between(1, 900));
    default:
      return random.pick(anyway);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value };
  return value;
}

function flip(random: Random, frame: Bytes, bits: number): Bytes {
  const copy = frame.slice();
  for (let i = 0; i < bits && copy.length > 0; i++) {
    const at = random.between(0, copy.length - 1);
    copy[at] = (copy[at] as number) ^ (1 << random.between(0, 7));
  }
  return copy;
}

const withKind = (frame: Bytes, kind: number): Bytes => {
  const copy = frame.length > 0 ? frame.slice() : new Uint8Array(1);
  copy[0] = kind;
  return copy;
};

/** Of the header, most of all. */
function withLength(random: Random, frame: Bytes): Bytes {
  const copy = frame.slice();
  if (copy.length < 8) return copy;
  const at = random.chance(0.7) ? 2 : random.between(0, copy.length - 4);
  const length = random.pick([0, 1, 0xff, 0xffff, 0x7fffffff, 0xffffffff, copy.length, copy.length - 6]);
  new DataView(copy.buffer, copy.byteOffset).setUint32(at, length, true);
  return copy;
}

/** A number in the text is another one, and the header says how long it is then. */
function withDigits(random: Random, frame: Bytes): Bytes {
  if (frame.length < 7) return frame;
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(2, true);
  const header = new TextDecoder("latin1").decode(frame.subarray(6, 6 + length));
  const found = [...header.matchAll(/\d+/g)];
  if (found.length === 0) return frame;
  const { 0: digits, index } = random.pick(found);
  const text = header.slice(0, index) + random.pick(DIGITS) + header.slice(index + digits.length);
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const whole = joined([frame.subarray(0, 6), bytes, frame.subarray(6 + length)]);
  new DataView(whole.buffer).setUint32(2, bytes.length, true);
  return whole;
}

/** Cut in another way than it is; now and then the end is missing, or another message stands between. */
function pieces(random: Random, message: Bytes): readonly Bytes[] {
  const size = random.chance(0.1) ? random.pick([1, 4_095, 65_537]) : random.pick([4_096, 10_000, 65_536]);
  const cut: Bytes[] = [];
  for (let at = 0; at < Math.min(message.length, 40 * size); at += size)
    cut.push(withKind(joined([new Uint8Array(1), message.subarray(at, at + size)]), KIND.piece));
  const last = random.pick([KIND.message, KIND.piece, KIND.ping, KIND.announcement]);
  return [...cut.slice(0, -1), withKind(cut.at(-1) ?? new Uint8Array(1), last)];
}

const noise = (random: Random, length: number): Bytes => Uint8Array.from({ length }, () => random.between(0, 255));
