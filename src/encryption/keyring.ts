// The keys of a database, and what is done with them:
//
//   data key ──HKDF──▶ a key for each sender (its name is random) ──AES-GCM, a counter as nonce──▶ envelopes
//       ├──HKDF──▶ names that are looked for: HMAC            └──HKDF──▶ names that come back: HMAC as SIV, AES-CTR
//
//   envelope: version (1) | kind (1) | sender (16) | counter (6) | ciphertext and tag
//
// Invariant: no key is used with the same nonce twice: a sender's name is 128 random bits, made anew each time that a key
// is unlocked, its counter rises before each use, and no other context knows the key under that name as its own.

import { joined } from "../codec/joined.js";
import { QueueError } from "../core/spec/errors.js";
import { type Bytes, fromBase64, fromUtf8, randomBytes, toBase64, toUtf8 } from "./bytes.js";
import { createMemo } from "./memo.js";

/** What an envelope is; its place here is stored. */
const KINDS = [
  ...(["message", "named", "published", "published-named", "replacement", "failure", "answer"] as const),
  ...(["several", "published-several", "piece"] as const),
] as const;
export type Kind = (typeof KINDS)[number];
/** What it must have been sealed for: the same when it is opened, or it does not open. */
export type Identity = readonly (string | number | null)[];

const VERSION = 1;
const SENDER_AT = 2;
const COUNTER_AT = 18;
const COUNTER_BYTES = 6;
export const HEAD_BYTES = COUNTER_AT + COUNTER_BYTES;
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
export const SIV_BYTES = 16;
/** Keys of senders that are remembered. */
const SENDERS_MAX = 1_000;

export interface Keyring {
  /** Id of the data key. */
  readonly id: string;
  /** `plain` is read at once. */
  seal(kind: Kind, identity: Identity, plain: Bytes): Promise<Bytes>;
  /** `identityOf`: what an envelope of that kind must have been sealed for here; `undefined`: none may be here. */
  open(envelope: unknown, identityOf: (kind: Kind) => Identity | undefined): Promise<Bytes>;
  /** The same for the same text; nobody without the key can make or read it. */
  nameOf(what: string, text: string): Promise<string>;
  /** The same for the same text, which `shown` gives back. */
  hidden(what: string, text: string): Promise<string>;
  shown(what: string, hidden: string): Promise<string>;
}

export const tampered = (what: string, cause?: unknown): QueueError =>
  new QueueError("tampered", `${what} does not open: it is not what was sealed, or not where it was put`, { cause });

/** `dataKey` is wiped. */
export async function createKeyring(id: string, dataKey: Bytes): Promise<Keyring> {
  const { subtle } = crypto;
  const root = await subtle.importKey("raw", dataKey, "HKDF", false, ["deriveKey"]);
  dataKey.fill(0);
  const derive = <Usage extends KeyUsage>(
    info: string,
    salt: Bytes,
    algorithm: AesKeyGenParams | HmacKeyGenParams,
    usages: Usage[],
  ) => subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info: toUtf8(info) }, root, algorithm, false, usages);
  const none = new Uint8Array(0);
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const [nameKey, sivKey, textKey] = await Promise.all([
    derive("originmq names", none, hmac, ["sign"]),
    derive("originmq hidden names", none, hmac, ["sign"]),
    derive("originmq hidden texts", none, { name: "AES-CTR", length: 256 }, ["encrypt", "decrypt"]),
  ]);

  const keyOf = createMemo(SENDERS_MAX, (sender) =>
    derive("originmq sender", fromBase64(sender), { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"]),
  );
  const own = randomBytes(COUNTER_AT - SENDER_AT);
  const ownKey = await keyOf(toBase64(own));
  let counter = 0;

  const parametersOf = (head: Bytes, kind: Kind, identity: Identity) => {
    const iv = new Uint8Array(NONCE_BYTES);
    iv.set(head.subarray(COUNTER_AT, HEAD_BYTES), NONCE_BYTES - COUNTER_BYTES);
    return {
      name: "AES-GCM",
      iv,
      additionalData: toUtf8(JSON.stringify(["originmq", VERSION, id, kind, ...identity])),
    };
  };
  const sivOf = async (what: string, text: string) =>
    new Uint8Array(await subtle.sign("HMAC", sivKey, toUtf8(`${what}\n${text}`))).slice(0, SIV_BYTES);
  const ctr = (siv: Bytes) => ({ name: "AES-CTR", counter: siv, length: 64 });

  return {
    id,
    async seal(kind, identity, plain) {
      const head = new Uint8Array(HEAD_BYTES);
      head.set([VERSION, KINDS.indexOf(kind)]);
      head.set(own, SENDER_AT);
      counter++;
      const view = new DataView(head.buffer);
      view.setUint16(COUNTER_AT, Math.floor(counter / 2 ** 32));
      view.setUint32(COUNTER_AT + 2, counter % 2 ** 32);
      return joined([head, new Uint8Array(await subtle.encrypt(parametersOf(head, kind, identity), ownKey, plain))]);
    },
    async open(envelope, identityOf) {
      if (!(envelope instanceof Uint8Array) || envelope.length < HEAD_BYTES + TAG_BYTES || envelope[0] !== VERSION)
        throw tampered("a message");
      const bytes = new Uint8Array(envelope.buffer as ArrayBuffer, envelope.byteOffset, envelope.length);
      const kind = KINDS[bytes[1] as number];
      const identity = kind && identityOf(kind);
      if (!kind || !identity) throw tampered("a message");
      const key = await keyOf(toBase64(bytes.subarray(SENDER_AT, COUNTER_AT)));
      try {
        const sealed = bytes.subarray(HEAD_BYTES);
        return new Uint8Array(await subtle.decrypt(parametersOf(bytes, kind, identity), key, sealed));
      } catch (cause) {
        throw tampered(`a ${kind}`, cause);
      }
    },
    nameOf: async (what, text) =>
      toBase64(new Uint8Array(await subtle.sign("HMAC", nameKey, toUtf8(`${what}\n${text}`)))),
    async hidden(what, text) {
      const siv = await sivOf(what, text);
      return toBase64(joined([siv, new Uint8Array(await subtle.encrypt(ctr(siv), textKey, toUtf8(text)))]));
    },
    async shown(what, hidden) {
      try {
        const bytes = fromBase64(hidden);
        const siv = bytes.slice(0, SIV_BYTES);
        const text = fromUtf8(new Uint8Array(await subtle.decrypt(ctr(siv), textKey, bytes.slice(SIV_BYTES))));
        if ((await sivOf(what, text)).every((byte, i) => byte === siv[i]) && siv.length === SIV_BYTES) return text;
      } catch (cause) {
        throw tampered(`a ${what}`, cause);
      }
      throw tampered(`a ${what}`);
    },
  };
}
