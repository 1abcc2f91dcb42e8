// The keys of a database, and what is done with them:
//
//   data key ──HKDF──▶ a key for each sender (its name is random) ──AES-GCM, a counter as nonce──▶ envelopes
//       ├──HKDF──▶ names that are looked for: HMAC            └──HKDF──▶ names that come back: HMAC as SIV, AES-CTR
//
//   envelope: version (1) | kind (1) | sender (16) | counter (6) | ciphertext and tag
//   sealed while the key was not there: the same, of version 2, whose sender is called by the public half of a pair (65)
//
// Invariant: no key is used with the same nonce twice: a sender's name is 128 random bits, or a new public half, made anew each
// time that a key is unlocked or waited for, its counter rises before each use, and no other context knows the key under that
// name as its own.

import { joined } from "../codec/joined.js";
import { QueueError } from "../core/spec/errors.js";
import { type Bytes, fromBase64, fromUtf8, randomBytes, toBase64, toUtf8 } from "./bytes.js";
import { createMemo } from "./memo.js";
import { type Halves, keyOfLockedSender, makePair, openPair, type Pair, PUBLIC_BYTES } from "./pair.js";

/** What an envelope is; its place here is stored. */
const KINDS = [
  ...(["message", "named", "published", "published-named", "replacement", "failure", "answer"] as const),
  ...(["several", "published-several", "piece", "crossing"] as const),
] as const;
export type Kind = (typeof KINDS)[number];
/** What it must have been sealed for: the same when it is opened, or it does not open. */
export type Identity = readonly (string | number | null)[];

/** What can be sealed while the key is not there. */
export const LOCKED_KINDS: ReadonlySet<Kind> = new Set(["message", "several", "published", "published-several"]);

const VERSION = 1;
const LOCKED_VERSION = 2;
const SENDER_AT = 2;
const SENDER_BYTES = 16;
const COUNTER_BYTES = 6;
export const HEAD_BYTES = SENDER_AT + SENDER_BYTES + COUNTER_BYTES;
export const HEAD_BYTES_MAX = SENDER_AT + PUBLIC_BYTES + COUNTER_BYTES;
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
  /** By which others seal what is sent while they do not have the key. */
  makePair(): Promise<Pair>;
  /** Rejects with `tampered` where it was not made with this key. */
  openPair(pair: Pair): Promise<Halves>;
}

/** Seals as one sender. */
export function createSeal(id: string, sender: { readonly name: Bytes; readonly key: CryptoKey }): Keyring["seal"] {
  const counterAt = SENDER_AT + sender.name.length;
  const version = sender.name.length === SENDER_BYTES ? VERSION : LOCKED_VERSION;
  let counter = 0;
  return async (kind, identity, plain) => {
    const head = new Uint8Array(counterAt + COUNTER_BYTES);
    head.set([version, KINDS.indexOf(kind)]);
    head.set(sender.name, SENDER_AT);
    counter++;
    const view = new DataView(head.buffer);
    view.setUint16(counterAt, Math.floor(counter / 2 ** 32));
    view.setUint32(counterAt + 2, counter % 2 ** 32);
    const sealed = await crypto.subtle.encrypt(parametersOf(head, id, kind, identity), sender.key, plain);
    return joined([head, new Uint8Array(sealed)]);
  };
}

/** `head`: of the envelope. */
function parametersOf(head: Bytes, id: string, kind: Kind, identity: Identity) {
  const iv = new Uint8Array(NONCE_BYTES);
  iv.set(head.subarray(-COUNTER_BYTES), NONCE_BYTES - COUNTER_BYTES);
  const bound = ["originmq", head[0], id, kind, ...identity];
  return { name: "AES-GCM", iv, additionalData: toUtf8(JSON.stringify(bound)) };
}

export const tampered = (what: string, cause?: unknown): QueueError =>
  new QueueError("tampered", `${what} does not open: it is not what was sealed, or not where it was put`, { cause });

/** `dataKey` is wiped. `pairOf`: the pair that is stored by now. */
export async function createKeyring(
  id: string,
  dataKey: Bytes,
  pairOf: () => Promise<Pair | undefined> = async () => undefined,
): Promise<Keyring> {
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

  const aesGcm = { name: "AES-GCM", length: 256 };
  const keyOf = createMemo(SENDERS_MAX, (sender) =>
    derive("originmq sender", fromBase64(sender), aesGcm, ["encrypt", "decrypt"]),
  );
  const name = randomBytes(SENDER_BYTES);
  const seal = createSeal(id, { name, key: await keyOf(toBase64(name)) });

  const pairKey = (publicHalf: Bytes) => derive("originmq pair", publicHalf, aesGcm, ["encrypt", "decrypt"]);
  let halves: Halves | undefined;
  const opened = async (pair: Pair) => {
    try {
      halves = await openPair(pair, pairKey);
      return halves;
    } catch (cause) {
      throw tampered("what seals while the key is not there", cause);
    }
  };
  /** It may have been made since the key was unlocked. */
  const halvesNow = async (): Promise<Halves> => {
    if (halves) return halves;
    const pair = await pairOf();
    if (!pair) throw tampered("a message");
    return opened(pair);
  };
  const lockedKeyOf = createMemo(SENDERS_MAX, (sender) =>
    keyOfLockedSender(halves as Halves, fromBase64(sender)).catch((cause) => {
      throw tampered("a message", cause);
    }),
  );

  const sivOf = async (what: string, text: string) =>
    new Uint8Array(await subtle.sign("HMAC", sivKey, toUtf8(`${what}\n${text}`))).slice(0, SIV_BYTES);
  const ctr = (siv: Bytes) => ({ name: "AES-CTR", counter: siv, length: 64 });

  return {
    id,
    seal,
    async open(envelope, identityOf) {
      if (!(envelope instanceof Uint8Array)) throw tampered("a message");
      const isLocked = envelope[0] === LOCKED_VERSION;
      const headBytes = isLocked ? HEAD_BYTES_MAX : HEAD_BYTES;
      if (envelope.length < headBytes + TAG_BYTES || (!isLocked && envelope[0] !== VERSION))
        throw tampered("a message");
      const bytes = new Uint8Array(envelope.buffer as ArrayBuffer, envelope.byteOffset, envelope.length);
      const kind = KINDS[bytes[1] as number];
      const identity = kind && identityOf(kind);
      if (!kind || !identity || (isLocked && !LOCKED_KINDS.has(kind))) throw tampered("a message");
      const head = bytes.subarray(0, headBytes);
      const sender = toBase64(head.subarray(SENDER_AT, -COUNTER_BYTES));
      if (isLocked) await halvesNow();
      const key = await (isLocked ? lockedKeyOf : keyOf)(sender);
      try {
        const sealed = bytes.subarray(headBytes);
        return new Uint8Array(await subtle.decrypt(parametersOf(head, id, kind, identity), key, sealed));
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
    makePair: () => makePair(pairKey),
    openPair: opened,
  };
}
