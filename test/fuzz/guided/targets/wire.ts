// Bytes that say they are a value, and values that say they are a request.

import { CodecError, decode, encode } from "../../../../src/codec/codec.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { validateHostRequest } from "../../../../src/link/rpc/validate.js";
import { recordSession } from "../session.js";
import { rethrowUnless, type Target } from "../target.js";

const VALUES: readonly unknown[] = [
  {
    text: "a",
    number: -0,
    list: Object.assign(new Array(4), { 1: undefined, 3: null }),
    nested: { big: 10n ** 40n, date: new Date(0) },
  },
  new Map<unknown, unknown>([[new Set([1, "b"]), /a+/giu]]),
  [new TypeError("no", { cause: new AggregateError([new Error("one")], "all") }), new DOMException("a", "AbortError")],
  [new Uint8Array(300), new Float64Array([1, Number.NaN]), new DataView(new ArrayBuffer(8)), new ArrayBuffer(3)],
  ["x".repeat(2_000), Object(1), Object("s"), Object(1n), JSON.parse('{"__proto__":{"a":1}}')],
  (() => {
    const buffer = new ArrayBuffer(16);
    const cyclic: Record<string, unknown> = { one: new Uint8Array(buffer, 0, 4), other: new Uint16Array(buffer, 8) };
    cyclic.self = cyclic;
    return cyclic;
  })(),
];

/** What can be read can be written, and is the same when it is read again. */
function takeBytes(bytes: Uint8Array): number {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (error) {
    rethrowUnless(error, CodecError);
    return 1;
  }
  let again: Uint8Array;
  try {
    again = encode(value);
  } catch (error) {
    // A Blob is read first, and that takes time; a list that is longer than text may be is not written.
    rethrowUnless(error, CodecError);
    return 1;
  }
  if (Buffer.compare(encode(decode(again)), again) !== 0)
    throw new Error("a value is another one when it is read again");
  return 1;
}

export const codec: Target = {
  name: "codec",
  form: "encoding",
  seeds: async () => [
    ...VALUES.map((value) => encode(value)),
    ...(await recordSession()).requests.map((one) => encode(one)),
  ],
  open: async () => takeBytes,
};

export const wire: Target = {
  name: "wire",
  form: "value",
  seeds: async () => (await recordSession()).requests.map((one) => encode(one)),
  async open() {
    return (input) => {
      try {
        validateHostRequest(decode(input));
      } catch (error) {
        rethrowUnless(error, QueueError, CodecError);
      }
      return 1;
    };
  },
};
