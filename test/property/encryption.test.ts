// Envelopes under attack, and the nonces that they are sealed with.

import fc from "fast-check";
import { expect, test } from "vitest";
import { randomBytes } from "../../src/encryption/bytes.js";
import { createKeyring, HEAD_BYTES, type Identity, type Keyring, type Kind } from "../../src/encryption/keyring.js";

const dataKey = randomBytes(32);
const open = () => createKeyring("key", dataKey.slice());

const KINDS: readonly Kind[] = ["message", "named", "published", "replacement", "failure", "answer"];
const identities = fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.nat({ max: 9 }), fc.constant(null)), {
  maxLength: 3,
});
const places = fc.record({ kind: fc.constantFrom(...KINDS), identity: identities });
type Place = { readonly kind: Kind; readonly identity: Identity };
const plains = fc.uint8Array({ maxLength: 40 });

const openAt = (keyring: Keyring, envelope: unknown, place: Place) =>
  keyring.open(envelope, (kind) => (kind === place.kind ? place.identity : undefined));
const sealAt = (keyring: Keyring, { kind, identity }: Place, plain: Uint8Array) =>
  keyring.seal(kind, identity, new Uint8Array(plain));

test("an envelope opens where it was put by anybody with the key, and gives back what was sealed", async () => {
  const [one, other] = [await open(), await open()];
  await fc.assert(
    fc.asyncProperty(places, plains, async (place, plain) => {
      expect([...(await openAt(other, await sealAt(one, place, plain), place))]).toEqual([...plain]);
    }),
    { numRuns: 300 },
  );
});

test("with any one byte changed, any part cut off or put behind it does not open", async () => {
  const keyring = await open();
  await fc.assert(
    fc.asyncProperty(places, plains, fc.integer({ min: 1, max: 255 }), async (place, plain, change) => {
      const envelope = await sealAt(keyring, place, plain);
      const changed = [...envelope.keys()].map((at) => envelope.map((byte, i) => (i === at ? byte ^ change : byte)));
      const cut = [...envelope.keys()].map((length) => envelope.slice(0, length));
      const longer = new Uint8Array([...envelope, change]);
      for (const bytes of [...changed, ...cut, longer])
        await expect(openAt(keyring, bytes, place)).rejects.toMatchObject({ code: "tampered" });
    }),
    { numRuns: 25 },
  );
});

test("of any two that are swapped neither opens, unless they were sealed for the same", async () => {
  const [keyring, ofAnother] = [await open(), await createKeyring("key", randomBytes(32))];
  await fc.assert(
    fc.asyncProperty(places, places, plains, async (a, b, plain) => {
      const [inA, inB] = [await sealAt(keyring, a, plain), await sealAt(keyring, b, plain)];
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      for (const [envelope, place] of [
        [inA, b],
        [inB, a],
      ] as const) {
        const opened = openAt(keyring, envelope, place);
        if (isSame) await opened;
        else await expect(opened).rejects.toMatchObject({ code: "tampered" });
      }
      await expect(openAt(ofAnother, inA, a)).rejects.toMatchObject({ code: "tampered" });
    }),
    { numRuns: 300 },
  );
});

test("no nonce is used twice under one key, however many contexts have the same key, and whatever they seal at once", async () => {
  const keyrings = await Promise.all(Array.from({ length: 20 }, open));
  const used = new Set<string>();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: keyrings.length - 1 }), { minLength: 30, maxLength: 100 }),
      places,
      async (who, place) => {
        const sealed = await Promise.all(who.map((i) => sealAt(keyrings[i] as Keyring, place, new Uint8Array(1))));
        // The sender, whose key it is, and its counter, which is the nonce.
        for (const envelope of sealed) used.add(envelope.slice(2, HEAD_BYTES).join());
        count += sealed.length;
        expect(used.size).toBe(count);
      },
    ),
    { numRuns: 50 },
  );
  expect(count).toBeGreaterThan(1_000);
});

test("a hidden name is the same for the same text, comes back, and is no other kind of name", async () => {
  const [one, other] = [await open(), await open()];
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), async (a, b) => {
      fc.pre(a.isWellFormed() && b.isWellFormed());
      const hidden = await one.hidden("group", a);
      expect(await other.hidden("group", a)).toBe(hidden);
      expect(await other.shown("group", hidden)).toBe(a);
      expect((await one.hidden("group", b)) === hidden).toBe(a === b);
      expect((await one.nameOf("id", a)) === (await other.nameOf("id", b))).toBe(a === b);
      await expect(one.shown("reason", hidden)).rejects.toMatchObject({ code: "tampered" });
    }),
    { numRuns: 200 },
  );
});
