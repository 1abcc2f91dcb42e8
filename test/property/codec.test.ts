// The codec beside structured clone: of whatever a program may hold, both make the same, or the codec says that it does not.

import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode } from "../../src/codec/codec.js";
import { CLONEABLE_KINDS } from "./kinds.js";

const values = fc.anything({
  maxDepth: 4,
  ...CLONEABLE_KINDS,
  key: fc.oneof(fc.string(), fc.constantFrom("$", "v", "__proto__", "toJSON", "length", "0")),
});

test("a value comes back as its clone", () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(decode(encode(value))).toStrictEqual(structuredClone(value));
    }),
    { numRuns: 2_000 },
  );
});

test("texts come back as they are, however long, and whatever they are made of", () => {
  const units = fc.string({ unit: "binary", minLength: 0, maxLength: 3_000 });
  const halves = fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 1_100 });
  fc.assert(
    fc.property(units, halves, (text, codes) => {
      const both = text + String.fromCharCode(...codes);
      expect(decode(encode({ both, [both]: text }))).toEqual({ both, [both]: text });
    }),
    { numRuns: 300 },
  );
});

test("bytes that were tampered with are a value, or refused by name", () => {
  const cuts = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), drop: fc.nat({ max: 3 }) });
  fc.assert(
    fc.property(values, fc.array(cuts, { minLength: 1, maxLength: 4 }), (value, changes) => {
      let bytes = encode(value);
      for (const { at, byte, drop } of changes) {
        const place = at % bytes.length;
        bytes = Uint8Array.from([...bytes.subarray(0, place), byte, ...bytes.subarray(place + drop)]);
      }
      try {
        decode(bytes);
      } catch (cause) {
        expect(cause).toMatchObject({ name: "CodecError" });
      }
    }),
    { numRuns: 2_000 },
  );
});
