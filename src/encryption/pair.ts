// A pair of keys of a database, for what is sent while its own key is not there: the public half is stored readable, the private
// one sealed with the key of the database.
//
//   sender: a pair of the moment, its private half ─┐                      ┌─ its public half, in each envelope
//                      public half of the database ─┴─ECDH──HKDF──▶ a key ─┴─ private half of the database: who opens
//
// Invariant: a sender's pair is made anew each time that something is opened locked, so that no two have a key in common.

import { joined } from "../codec/joined.js";
import { type Bytes, fromBase64, toBase64, toUtf8 } from "./bytes.js";

/** As it is stored. */
export interface Pair {
  readonly public: string;
  /** Sealed. */
  readonly private: string;
}

/** Opened. */
export interface Halves {
  readonly public: Bytes;
  readonly private: CryptoKey;
}

/** What is sealed while locked is sealed with `key`, and says the `name`. */
export interface LockedSender {
  readonly name: Bytes;
  readonly key: CryptoKey;
}

/** A key that seals one private half, and nothing else. */
type KeyFor = (publicHalf: Bytes) => Promise<CryptoKey>;

/** Of P-256, which every WebCrypto has. */
const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
export const PUBLIC_BYTES = 65;
/** Of a key that is used once. */
const ONCE = { name: "AES-GCM", iv: new Uint8Array(12) } as const;

export async function makePair(keyFor: KeyFor): Promise<Pair> {
  const { subtle } = crypto;
  const made = await subtle.generateKey(CURVE, true, ["deriveBits"]);
  const publicHalf = await publicHalfOf(made);
  const plain = await subtle.exportKey("pkcs8", made.privateKey);
  const sealed = await subtle.encrypt(ONCE, await keyFor(publicHalf), plain);
  return { public: toBase64(publicHalf), private: toBase64(new Uint8Array(sealed)) };
}

/** Throws where it is not one that the same key has made. */
export async function openPair(pair: Pair, keyFor: KeyFor): Promise<Halves> {
  const { subtle } = crypto;
  const publicHalf = fromBase64(pair.public);
  const plain = await subtle.decrypt(ONCE, await keyFor(publicHalf), fromBase64(pair.private));
  return { public: publicHalf, private: await subtle.importKey("pkcs8", plain, CURVE, false, ["deriveBits"]) };
}

/** Another one each time. */
export async function createLockedSender(publicHalf: string): Promise<LockedSender> {
  const made = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const [name, receiver] = [await publicHalfOf(made), fromBase64(publicHalf)];
  return { name, key: await agreed(made.privateKey, receiver, [name, receiver]) };
}

/** Throws where the name is none of a sender. */
export const keyOfLockedSender = (halves: Halves, name: Bytes): Promise<CryptoKey> =>
  agreed(halves.private, name, [name, halves.public]);

async function agreed(own: CryptoKey, other: Bytes, between: readonly Bytes[]): Promise<CryptoKey> {
  const { subtle } = crypto;
  const secret = await subtle.deriveBits(
    { name: CURVE.name, public: await subtle.importKey("raw", other, CURVE, false, []) },
    own,
    256,
  );
  const root = await subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const info = toUtf8("originmq locked sender");
  const from = { name: "HKDF", hash: "SHA-256", salt: joined(between), info };
  return subtle.deriveKey(from, root, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

const publicHalfOf = async ({ publicKey }: CryptoKeyPair): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
