// The next input out of those that were of use: bytes, texts and values, each changed as what they are. Seeded.

import { decode, encode } from "../../../src/codec/codec.js";
import type { Random } from "../../sim/random.js";
import { changed, NUMBERS, replaced } from "../mutate.js";
import type { Form } from "./target.js";

export interface Pool {
  pick(): Uint8Array;
  /** Words of the program: names of members, of operations, of states. */
  readonly words: readonly string[];
}

const BYTES_MAX = 128 * 1024;

type Change = (random: Random, before: Uint8Array, pool: Pool) => Uint8Array;

export function nextInput(random: Random, form: Form, pool: Pool): Uint8Array {
  const before = pool.pick();
  const after = changes[form](random, before, pool);
  return after.length > BYTES_MAX ? before : after;
}

/** The value with some things in it changed; what cannot be written is as it was. */
const changedValue: Change = (random, before, pool) => {
  try {
    let value = decode(before);
    for (let i = random.between(1, 4); i > 0; i--)
      value = changed(random, value, random.between(0, 9), (random, was) => replacedBy(random, was, pool));
    return encode(value);
  } catch {
    return before;
  }
};

function replacedBy(random: Random, was: unknown, pool: Pool): unknown {
  if (ArrayBuffer.isView(was) && !(was instanceof DataView) && random.chance(0.9)) return changedColumn(random, was);
  if (random.chance(0.25)) return random.pick(pool.words);
  if (random.chance(0.2)) return partOf(random, decode(pool.pick()), random.between(1, 9));
  if (typeof was === "string" && random.chance(0.3)) return was.slice(0, random.between(0, was.length));
  return replaced(random, was);
}

function changedColumn(random: Random, was: ArrayBufferView): unknown {
  const copy = structuredClone(was) as Uint8Array | Float64Array;
  if (random.chance(0.2)) return copy.slice(0, random.between(0, copy.length));
  if (copy.length > 0 && typeof copy[0] === "number") copy[random.between(0, copy.length - 1)] = random.pick(NUMBERS);
  return copy;
}

function partOf(random: Random, value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth === 0) return value;
  const parts = Object.values(value);
  return parts.length === 0 ? value : partOf(random, random.pick(parts), depth - 1);
}

const encoder = new TextEncoder();

const changedBytes: Change = (random, before, pool) => {
  let bytes = Buffer.from(before);
  for (let i = 2 ** random.between(0, 3); i > 0; i--) bytes = changedOnce(random, bytes, pool);
  return bytes;
};

/** The header is found by its length, which goes with it. */
const changedEncoding: Change = (random, before, pool) => {
  if (before.length < HEAD_BYTES || random.chance(0.2)) return changedBytes(random, before, pool);
  const length = new DataView(before.buffer, before.byteOffset).getUint32(1, true);
  const header = changedBytes(random, before.subarray(HEAD_BYTES, HEAD_BYTES + length), pool);
  const whole = Buffer.concat([before.subarray(0, HEAD_BYTES), header, before.subarray(HEAD_BYTES + length)]);
  whole.writeUInt32LE(header.length, 1);
  return whole;
};
const HEAD_BYTES = 5;

const changes: Readonly<Record<Form, Change>> = { encoding: changedEncoding, text: changedBytes, value: changedValue };

function changedOnce(random: Random, bytes: Buffer, pool: Pool): Buffer<ArrayBuffer> {
  const at = random.between(0, bytes.length);
  const length = Math.min(bytes.length - at, 2 ** random.between(0, 6));
  const put = (middle: Uint8Array, gone = 0) =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + gone)]);
  switch (random.between(0, 8)) {
    case 0:
      return put(new Uint8Array(), length);
    case 1:
      return put(bytes.subarray(at, at + length));
    case 2:
      return put(encoder.encode(random.pick(pool.words)), random.chance(0.5) ? length : 0);
    case 3:
      return put(encoder.encode(`${random.pick(NUMBERS)}`), random.between(0, 3));
    case 4: {
      const other = pool.pick();
      const from = random.between(0, other.length);
      return put(other.subarray(from, from + 2 ** random.between(0, 10)), random.chance(0.5) ? length : 0);
    }
    case 5:
      return put(encoder.encode(random.pick(PUNCTUATION)), random.between(0, 1));
    case 6: {
      const lines = bytes.toString("latin1").split("\n");
      const [one, other] = [random.between(0, lines.length - 1), random.between(0, lines.length - 1)];
      if (lines.length > 1) lines.splice(one, random.between(0, 1), lines[other] as string);
      return Buffer.from(lines.join("\n"), "latin1");
    }
    default: {
      const copy = Buffer.from(bytes);
      if (at < copy.length)
        copy[at] = random.chance(0.5) ? random.between(0, 255) : (copy[at] as number) ^ (1 << random.between(0, 7));
      return copy;
    }
  }
}

const PUNCTUATION = ["{", "}", "[", "]", ",", ":", '"', "\\", "\n", "null", "{}", "[]", '""', "\\u0000", "\ud800", "é"];
