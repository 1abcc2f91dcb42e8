// What crosses a bridge, sealed: each message by itself, with all that opens it but the caller's key.
//
//   version (1) | length of the record (2, little endian) | the wrapped key: JSON, as a database has it | envelope
//   in the envelope: length of the attributes (4, little endian) | these as JSON | headers and body, as of every message
//
// Invariant: what a message is called, when it was sent and to which group it belongs is inside: whoever exchanges or repeats what
// crosses changes the order in which messages come, and none of them.

import { jsonOf } from "../client/sending/json.js";
import { joined } from "../codec/joined.js";
import type { Headers } from "../core/log/bodies.js";
import { QueueError } from "../core/spec/errors.js";
import { type Bytes, fromUtf8, toUtf8 } from "./bytes.js";
import { type Carrier, givenToCarry, makeCarried, openCarried } from "./carried-key.js";
import { type Content, decodeContent, encodeContent } from "./content.js";
import { type Identity, type Keyring, tampered } from "./keyring.js";
import { createMemo } from "./memo.js";

const VERSION = 1;
const RECORD_AT = 3;
const ATTRIBUTES_AT = 4;
const CROSSING: Carrier = {
  what: "a message of the bridge",
  outlives: "a key of this origin opens nothing on the other side",
};
/** Nothing is outside of it that it could be bound to. */
const IDENTITY: Identity = [];
/** Keys of senders, and names of groups, that are remembered. */
const KEYS_MAX = 1_000;
const GROUPS_MAX = 10_000;

/** A message, but for what each side of a bridge says by itself. */
export interface Crossing {
  readonly attributes: Readonly<Record<string, string | number | null>>;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Seals for whoever has the caller's key. Rejects with `invalid-argument` where it is none. */
export async function createCrossingSeal(encryption: unknown): Promise<{
  /** Rejects with `not-cloneable` what has no form in bytes. */
  seal(crossing: Crossing): Promise<Bytes>;
  /** The same for the same group, as long as this seals. */
  nameOf(groupId: string): Promise<string>;
}> {
  const { keyring, record } = await makeCarried(await givenToCarry(encryption, CROSSING), CROSSING);
  const key = toUtf8(record);
  const head = new Uint8Array(RECORD_AT);
  head[0] = VERSION;
  new DataView(head.buffer).setUint16(1, key.length, true);
  return {
    async seal({ attributes, headers, body }) {
      const text = toUtf8(JSON.stringify(attributes));
      const length = new Uint8Array(ATTRIBUTES_AT);
      new DataView(length.buffer).setUint32(0, text.length, true);
      const content = await encodeContent({ body, text: jsonOf(body), headers });
      return joined([head, key, await keyring.seal("crossing", IDENTITY, joined([length, text, content]))]);
    },
    nameOf: createMemo(GROUPS_MAX, (groupId) => keyring.nameOf("group", groupId)),
  };
}

/**
 * Opens what was sealed with the same key. Rejects with `wrong-key` what another one has sealed, and all whose key is met after
 * that; and with `tampered` what is no such message.
 */
export async function createCrossingOpener(encryption: unknown): Promise<(sealed: unknown) => Promise<Crossing>> {
  const given = await givenToCarry(encryption, CROSSING);
  /** Rejects once a key was not the right one: nothing behind it is looked at, since its password takes long. */
  let last: Promise<unknown> = Promise.resolve();
  const keyringOf = createMemo(KEYS_MAX, (record): Promise<Keyring> => {
    const opened = last.then(() => openCarried(record, given, CROSSING));
    last = opened.catch(unlessTampered);
    last.catch(() => {});
    return opened;
  });
  return async (sealed) => {
    const { record, envelope } = parted(sealed);
    const keyring = await keyringOf(record);
    const plain = await keyring.open(envelope, (kind) => (kind === "crossing" ? IDENTITY : undefined));
    const end = ATTRIBUTES_AT + new DataView(plain.buffer).getUint32(0, true);
    const attributes = JSON.parse(fromUtf8(plain.subarray(ATTRIBUTES_AT, end))) as Crossing["attributes"];
    const { headers = {}, body }: Content = decodeContent(plain.slice(end));
    return { attributes, headers, body };
  };
}

function unlessTampered(error: unknown): void {
  if (!(error instanceof QueueError) || error.code !== "tampered") throw error;
}

function parted(sealed: unknown): { readonly record: string; readonly envelope: Uint8Array } {
  const isOne = sealed instanceof Uint8Array && sealed.length > RECORD_AT && sealed[0] === VERSION;
  if (!isOne) throw tampered(CROSSING.what);
  const end = RECORD_AT + new DataView(sealed.buffer, sealed.byteOffset).getUint16(1, true);
  try {
    return { record: fromUtf8(sealed.subarray(RECORD_AT, end)), envelope: sealed.subarray(end) };
  } catch (cause) {
    throw tampered(CROSSING.what, cause);
  }
}
