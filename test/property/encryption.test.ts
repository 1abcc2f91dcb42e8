// Envelopes under attack, and the nonces that they are sealed with.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { SendOptions } from "../../src/client/sending/options.js";
import { itemOf } from "../../src/client/sending/taken-in.js";
import { sizesOf } from "../../src/core/log/columns.js";
import { isShare } from "../../src/core/log/share.js";
import { type Bytes, fromBase64, randomBytes, toBase64 } from "../../src/encryption/bytes.js";
import {
  createKeyring,
  createSeal,
  HEAD_BYTES,
  HEAD_BYTES_MAX,
  type Identity,
  type Keyring,
  type Kind,
  LOCKED_KINDS,
} from "../../src/encryption/keyring.js";
import { createNames } from "../../src/encryption/names.js";
import { createOpener } from "../../src/encryption/opener.js";
import { createLockedSender } from "../../src/encryption/pair.js";
import { createSealer } from "../../src/encryption/sealer.js";
import { encodeSeveral } from "../../src/encryption/several.js";

const dataKey = randomBytes(32);
const isWellFormed = (text: string): boolean => text.isWellFormed();
const withoutMissing = (given: object): SendOptions =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
const PLACE = { id: "", priority: 4, groupId: null };
const SENT = { text: '"secret"', headers: undefined, attributes: { priority: PLACE.priority } };
const pair = await (await createKeyring("key", dataKey.slice())).makePair();
const open = () => createKeyring("key", dataKey.slice(), async () => pair);
type Sealing = Pick<Keyring, "seal">;
/** Who seals while the key is not there. */
const openLocked = async (): Promise<Sealing> => ({ seal: createSeal("key", await createLockedSender(pair.public)) });

const KINDS: readonly Kind[] = ["message", "named", "published", "replacement", "failure", "answer", "several"];
const identities = fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.nat({ max: 9 }), fc.constant(null)), {
  maxLength: 3,
});
const placesOf = (kinds: readonly Kind[]) => fc.record({ kind: fc.constantFrom(...kinds), identity: identities });
const places = placesOf(KINDS);
/** What is sealed in either way. */
const anyWay = placesOf([...LOCKED_KINDS]);
const WAYS = [
  ["with the key", open, places],
  ["while it is not there", openLocked, anyWay],
] as const;
type Place = { readonly kind: Kind; readonly identity: Identity };
const plains = fc.uint8Array({ maxLength: 40 });

const openAt = (keyring: Keyring, envelope: unknown, place: Place) =>
  keyring.open(envelope, (kind) => (kind === place.kind ? place.identity : undefined));
const sealAt = (keyring: Sealing, { kind, identity }: Place, plain: Uint8Array) =>
  keyring.seal(kind, identity, new Uint8Array(plain));

test.each(WAYS)(
  "an envelope that was sealed %s opens where it was put by anybody with the key, and gives back what was sealed",
  async (_, openOne, sealable) => {
    const [sealing, one, ofAnother] = [await openOne(), await open(), await createKeyring("key", randomBytes(32))];
    await fc.assert(
      fc.asyncProperty(sealable, places, plains, async (place, elsewhere, plain) => {
        const envelope = await sealAt(sealing, place, plain);
        expect([...(await openAt(one, envelope, place))]).toEqual([...plain]);
        await expect(openAt(ofAnother, envelope, place)).rejects.toMatchObject({ code: "tampered" });
        if (JSON.stringify(place) !== JSON.stringify(elsewhere))
          await expect(openAt(one, envelope, elsewhere)).rejects.toMatchObject({ code: "tampered" });
      }),
      { numRuns: 200 },
    );
  },
);

test("what only who has the key may seal does not open where it was sealed without", async () => {
  const [sealing, keyring] = [await openLocked(), await open()];
  for (const kind of KINDS) {
    const place = { kind, identity: ["queue"] };
    const opened = openAt(keyring, await sealAt(sealing, place, new Uint8Array(1)), place);
    if (LOCKED_KINDS.has(kind)) await opened;
    else await expect(opened).rejects.toMatchObject({ code: "tampered" });
  }
  const withoutPair = await createKeyring("key", dataKey.slice());
  const place = { kind: "message", identity: ["queue"] } as const;
  const envelope = await sealAt(sealing, place, new Uint8Array(1));
  await expect(openAt(withoutPair, envelope, place)).rejects.toMatchObject({ code: "tampered" });
});

test("a pair of another key, or one that was changed in any byte, is none of the database", async () => {
  const [keyring, ofAnother] = [await open(), await createKeyring("key", randomBytes(32))];
  await keyring.openPair(pair);
  await expect(ofAnother.openPair(pair)).rejects.toMatchObject({ code: "tampered" });
  for (const half of ["public", "private"] as const) {
    const bytes = fromBase64(pair[half]);
    for (const at of bytes.keys()) {
      const changed = { ...pair, [half]: toBase64(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))) };
      await expect(keyring.openPair(changed)).rejects.toMatchObject({ code: "tampered" });
    }
  }
});

test.each(WAYS)(
  "an envelope that was sealed %s does not open with any one byte changed, any part cut off or put behind it",
  async (_, openOne, sealable) => {
    const [sealing, keyring] = [await openOne(), await open()];
    await fc.assert(
      fc.asyncProperty(sealable, plains, fc.integer({ min: 1, max: 255 }), async (place, plain, change) => {
        const envelope = await sealAt(sealing, place, plain);
        const changed = [...envelope.keys()].map((at) => envelope.map((byte, i) => (i === at ? byte ^ change : byte)));
        const cut = [...envelope.keys()].map((length) => envelope.slice(0, length));
        const longer = new Uint8Array([...envelope, change]);
        for (const bytes of [...changed, ...cut, longer])
          await expect(openAt(keyring, bytes, place)).rejects.toMatchObject({ code: "tampered" });
      }),
      { numRuns: 12 },
    );
  },
);

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
  const keyrings = await Promise.all([open, openLocked].flatMap((one) => Array.from({ length: 10 }, one)));
  const used = new Set<string>();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: keyrings.length - 1 }), { minLength: 30, maxLength: 100 }),
      anyWay,
      async (who, place) => {
        const sealed = await Promise.all(who.map((i) => sealAt(keyrings[i] as Sealing, place, new Uint8Array(1))));
        // The sender, whose key it is, and its counter, which is the nonce.
        for (const envelope of sealed)
          used.add(envelope.slice(2, envelope[0] === 1 ? HEAD_BYTES : HEAD_BYTES_MAX).join());
        count += sealed.length;
        expect(used.size).toBe(count);
      },
    ),
    { numRuns: 50 },
  );
  expect(count).toBeGreaterThan(1_000);
});

const texts = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", minLength: 300, maxLength: 1_000 }));
const sent = fc.record({
  body: fc.oneof(texts, fc.nat(), fc.constant(null), fc.constant(new Map([["no", "JSON"]]))),
  priority: fc.nat({ max: 2 }),
  groupId: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
  deduplicationId: fc.option(fc.string({ minLength: 1, maxLength: 3 }).filter(isWellFormed), { nil: undefined }),
  headers: fc.option(fc.constant({ name: "text" }), { nil: undefined }),
  delayMs: fc.option(fc.nat({ max: 1 }), { nil: undefined }),
});

test("what is sealed together opens one by one where it was put, in any order, and nowhere else", async () => {
  const [one, other] = [await open(), await open()];
  const parts = {
    keyring: one,
    names: createNames(one),
    shredded: new AbortController().signal,
    maySeveral: () => true,
  };
  const as = { alone: "message", named: "named", several: "several", to: "queue" } as const;
  const { seal } = createSealer(parts, as);
  const open_ = (queue: string) => createOpener(other, queue);
  let shares = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(sent, { minLength: 1, maxLength: 90, size: "max" }),
      fc.boolean(),
      async (given, isOneByOne) => {
        const items = given.map(({ body, ...options }) => itemOf(body, withoutMissing(options)));
        const sealed = isOneByOne ? (await Promise.all(items.map((item) => seal([item])))).flat() : await seal(items);
        const measured = sizesOf(sealed.map(({ body }) => body));
        const [here, elsewhere] = [open_("queue"), open_("another")];
        for (const [i, { body, groupId = null, attributes, bytes }] of sealed.entries()) {
          const place = { id: `${i}`, priority: attributes.priority, groupId };
          const content = await here.content(body, place);
          expect([content.body, content.headers]).toEqual([given[i]?.body, given[i]?.headers]);
          await expect(elsewhere.content(body, place)).rejects.toMatchObject({ code: "tampered" });
          const isNamed = given[i]?.deduplicationId !== undefined;
          for (const wrong of [
            { ...place, priority: place.priority + 1 },
            { ...place, groupId: groupId === null ? "a" : null },
          ]) {
            if (isNamed) await here.content(body, wrong);
            else await expect(here.content(body, wrong)).rejects.toMatchObject({ code: "tampered" });
          }
          if (isShare(body)) shares++;
          // As the host measures it, of all that was sent.
          expect(measured[i]).toBe(bytes);
        }
      },
    ),
    { numRuns: 30 },
  );
  expect(shares).toBeGreaterThan(100);
});

test("of what was sealed together nothing opens once one byte of it is another, or any of it is cut off", async () => {
  const keyring = await open();
  const several = await keyring.seal("several", ["queue"], encodeSeveral([SENT, SENT]) as Bytes);
  const bytes = [...several.keys()].flatMap((at) => [
    several.slice(0, at),
    several.map((byte, i) => (i === at ? byte ^ (1 + (at % 255)) : byte)),
  ]);
  for (const changed of [...bytes, new Uint8Array([...several, 0])]) {
    const opened = createOpener(keyring, "queue").content([changed, 0], PLACE);
    await expect(opened).rejects.toMatchObject({ code: "tampered" });
  }
  await createOpener(keyring, "queue").content([several, 0], PLACE);
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
