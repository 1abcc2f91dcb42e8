// From what a caller gives to the key of the database: a random data key, stored wrapped by the caller's.
//
//   nothing stored ──store the key wrapped, if there is still none──▶ unlocked
//   stored ──unwrap──▶ unlocked, or `wrong-key` ──fewer iterations than wanted──▶ wrapped anew, in place of what was read
//      ├──wrapped by a key of this origin that was destroyed──▶ nothing stored
//      └──no pair yet, and one is wanted: stored beside it, in place of what was read
//
// Invariants: of two that come first at once one is second, and finds out before anything is sealed; what is stored opens
// with one key at any time, with the one before or the one after.

import { QueueError } from "../core/spec/errors.js";
import { type Bytes, fromBase64, randomBytes, toBase64, toUtf8 } from "./bytes.js";
import { destroyGenerated, generatedKey, inTurn, isDestroyed, makeGenerated, unmark } from "./generated-key.js";
import { createKeyring, type Keyring } from "./keyring.js";
import { type GivenEncryption, ITERATIONS_MAX, ITERATIONS_UNASKED_MAX } from "./options.js";
import { type Pair, PUBLIC_BYTES } from "./pair.js";

/** Where the wrapped key of a database is kept. */
export interface KeyStore {
  /** Of the database, for the key that this origin makes for it. */
  readonly name: string;
  /** What it opens, in messages. Default: the database. */
  readonly what?: string;
  read(): Promise<string | undefined>;
  /** Rejects with `encrypted` where something else is stored than `replacing`; without that, where anything is. */
  write(record: string, replacing?: string): Promise<unknown>;
  /** Rejects with `unsupported` where the host cannot. */
  canDestroy(): Promise<void>;
  /** Destroys it, with all that it has encrypted. Rejects with `encrypted` where something else is stored. */
  destroy(record: string): Promise<unknown>;
  /** What is made anew. Default: the latest. */
  readonly form?: Form;
}

/** The key of a database, as it is stored: JSON. */
interface KeyRecord {
  readonly v: Form;
  readonly id: string;
  readonly by: Way;
  /** Of a password. */
  readonly salt?: string;
  readonly iterations?: number;
  readonly iv: string;
  readonly wrapped: string;
  /** By which others send while they do not have the key; from form 3 on, once somebody has wanted it. */
  readonly pair?: Pair;
}
type Way = "key" | "password" | "generated";
/**
 * How its messages are sealed, for as long as there is this key. 1: each alone, as every build reads them. 2: also several together,
 * which builds before that would take for tampered with: they refuse to open the database. 3: also while the key is not there, if there
 * is a pair.
 */
type Form = 1 | 2 | 3;
const FORM: Form = 3;

const ITERATIONS = 600_000;
const DATA_KEY_BYTES = 32;

/** What a database is worked with. */
export interface UnlockedKey {
  readonly keyring: Keyring;
  /** Whoever can open it knows messages that are sealed together. */
  readonly isSeveral: boolean;
  /** As it is stored. */
  readonly pair?: Pair | undefined;
}

export interface Wanted {
  /** The key that it was once; it is destroyed where it is not that any more. */
  readonly id?: string | undefined;
  /** A pair is made where there can be one and is none, and one that there is has to be authentic. */
  readonly isPaired?: boolean;
}

export const unlock = (
  store: KeyStore,
  encryption: GivenEncryption,
  { id: wanted, isPaired = false }: Wanted = {},
): Promise<UnlockedKey> =>
  insist(async () => {
    const stored = await store.read();
    if (wanted !== undefined && (stored === undefined || idOf(stored) !== wanted)) throw shredded();
    const open = () => unlockStored(store, encryption, isPaired, stored);
    return stored === undefined && "generate" in encryption ? inTurn(store.name, open) : open();
  });

/** Resolves with nothing where what is stored was destroyed. Rejects with `encrypted` where something else is. */
async function unlockStored(
  store: KeyStore,
  encryption: GivenEncryption,
  isPaired: boolean,
  stored: string | undefined,
): Promise<UnlockedKey | undefined> {
  const unlocked =
    stored === undefined
      ? await makeKey(store, encryption)
      : await openKey(store, encryption, stored).catch((error) => finishDestroying(store, stored, error));
  if (unlocked === undefined) return undefined;
  const { v, id, dataKey } = unlocked;
  let { record, pair } = unlocked;
  const keyring = await createKeyring(id, dataKey, async () => pairOf(await store.read()));
  if (isPaired && pair) await keyring.openPair(pair);
  else if (isPaired && v >= 3) {
    pair = await keyring.makePair();
    record = JSON.stringify({ ...recordOf(record ?? (stored as string)), pair });
  }
  if (record !== undefined) {
    const written = store.write(record, stored);
    // It opens as it is where others have to raise its iterations, or to give it a pair.
    if (stored === undefined) await written;
    else if (!(await written.then(() => true, deniedOnly))) pair = unlocked.pair;
  }
  return { keyring, isSeveral: v >= 2, pair };
}

const deniedOnly = (error: unknown): false => {
  if (!(error instanceof QueueError) || error.code !== "denied") throw error;
  return false;
};

/** Of a key as it is stored. */
export const idOf = (stored: string): string => recordOf(stored).id;
/** By which others send while they do not have it. */
export const pairOf = (stored: string | undefined): Pair | undefined =>
  stored === undefined ? undefined : recordOf(stored).pair;
/** Another one once another key or password opens it. */
export const wrappingOf = (stored: string): string => recordOf(stored).wrapped;

/**
 * Wraps the key of this id with another: in one commit, before which only the one opens it, and after which only the other.
 * Rejects with `wrong-key` where it is no longer wrapped with the one, and then nothing was done.
 */
export async function rewrap(store: KeyStore, id: string, from: GivenEncryption, to: GivenEncryption): Promise<void> {
  const change = () =>
    insist(async () => {
      const stored = await store.read();
      if (stored === undefined || idOf(stored) !== id) throw shredded();
      const opened = await openKey(store, from, stored);
      await store.write(await wrap(store, to, opened), stored);
      return opened.dataKey.fill(0);
    });
  const [wasGenerated, isGenerated] = ["generate" in from, "generate" in to];
  if (!wasGenerated && !isGenerated) return void (await change());
  await inTurn(store.name, async () => {
    await change();
    if (!isGenerated) await destroyGenerated(store.name, false);
  });
}

/** Destroys the key of this id, if it is not yet: the one that this origin made first, so that nothing opens any more. */
export const shred = (store: KeyStore, id: string): Promise<unknown> =>
  insist(async () => {
    const stored = await store.read();
    if (stored === undefined || idOf(stored) !== id) return true;
    await store.canDestroy();
    if (recordOf(stored).by !== "generated") {
      await store.destroy(stored);
      return true;
    }
    return inTurn(store.name, async () => {
      // Whoever had its turn before has changed it, perhaps.
      if ((await store.read()) !== stored) return undefined;
      await destroyGenerated(store.name, true);
      await destroyMarked(store, stored);
      return true;
    });
  });

async function destroyMarked(store: KeyStore, stored: string): Promise<void> {
  await store.destroy(stored);
  await unmark(store.name);
}

export const shredded = (): QueueError =>
  new QueueError("shredded", "the key of the database was destroyed, with all that it had encrypted: open it anew");

/** Destroys what does not open, where somebody has begun to; otherwise throws why it does not. */
async function finishDestroying(store: KeyStore, stored: string, why: unknown): Promise<undefined> {
  const isWrong = why instanceof QueueError && why.code === "wrong-key";
  if (!isWrong || recordOf(stored).by !== "generated" || !(await isDestroyed(store.name))) throw why;
  await store.canDestroy();
  // Its key is gone; one that is there by now is another's.
  await inTurn(store.name, () => destroyMarked(store, stored));
}

/** Again, where it resolves with nothing, or somebody else was there first. */
async function insist<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    try {
      const done = await attempt();
      if (done !== undefined) return done;
    } catch (error) {
      if (!(error instanceof QueueError) || error.code !== "encrypted") throw error;
    }
  }
}

interface DataKey {
  readonly v: Form;
  readonly id: string;
  readonly dataKey: Bytes;
  readonly pair?: Pair | undefined;
}

interface Unlocked extends DataKey {
  /** What is to be stored. */
  readonly record?: string;
}

async function makeKey(store: KeyStore, encryption: GivenEncryption): Promise<Unlocked> {
  const made: DataKey = { v: store.form ?? FORM, id: toBase64(randomBytes(12)), dataKey: randomBytes(DATA_KEY_BYTES) };
  return { ...made, record: await wrap(store, encryption, made) };
}

async function wrap(store: KeyStore, encryption: GivenEncryption, known: DataKey): Promise<string> {
  const { v, id, dataKey, pair } = known;
  const way = wayOf(encryption);
  const iv = randomBytes(12);
  const head = {
    v,
    id,
    by: way,
    ...("password" in encryption && {
      salt: toBase64(randomBytes(16)),
      iterations: encryption.iterations ?? ITERATIONS,
    }),
    iv: toBase64(iv),
  } as const;
  const key = "generate" in encryption ? await makeGenerated(store.name) : await givenKey(encryption, head);
  const wrapped = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: boundTo(head) }, key, dataKey);
  const record: KeyRecord = { ...head, wrapped: toBase64(new Uint8Array(wrapped)), ...(pair && { pair }) };
  return JSON.stringify(record);
}

async function openKey(store: KeyStore, encryption: GivenEncryption, stored: string): Promise<Unlocked> {
  const { wrapped, pair, ...head } = recordOf(stored);
  const way = wayOf(encryption);
  if (head.by !== way)
    throw wrongKey(store, `it was encrypted with ${IN_WORDS[head.by]}, and ${IN_WORDS[way]} was given`);
  const { v, id, iterations = 0 } = head;
  const wanted = ("password" in encryption && encryption.iterations) || 0;
  const most = Math.max(wanted, ITERATIONS_UNASKED_MAX);
  if (iterations > most) {
    const why = `its password takes ${iterations} iterations, and ${most} are done at most of what others may have made`;
    throw wrongKey(store, `${why}: give encryption.iterations to have as many done`);
  }
  const key = "generate" in encryption ? await generatedKey(store.name) : await givenKey(encryption, head);
  if (key === undefined) throw wrongKey(store, `${IN_WORDS[way]} is not there any more`);
  const parameters = { name: "AES-GCM", iv: fromBase64(head.iv), additionalData: boundTo(head) };
  let dataKey: Bytes;
  try {
    dataKey = new Uint8Array(await crypto.subtle.decrypt(parameters, key, fromBase64(wrapped)));
  } catch (cause) {
    throw wrongKey(store, `${IN_WORDS[way]} that was given is not the one that it was encrypted with`, cause);
  }
  const known: DataKey = { v, id, dataKey, pair };
  const isWeak = "password" in encryption && iterations < (encryption.iterations ?? ITERATIONS);
  return { ...known, ...(isWeak && { record: await wrap(store, encryption, known) }) };
}

const IN_WORDS: Readonly<Record<Way, string>> = {
  key: "the key",
  password: "the password",
  generated: "the key of this origin",
};

const wayOf = (encryption: GivenEncryption): Way =>
  "key" in encryption ? "key" : "password" in encryption ? "password" : "generated";

const wrongKey = (store: KeyStore, why: string, cause?: unknown) =>
  new QueueError("wrong-key", `${store.what ?? "the database"} does not open: ${why}`, { cause });

/** Who changes what it was made with gets nothing out. */
const boundTo = ({ v, id, by, salt, iterations }: Omit<KeyRecord, "wrapped" | "pair">): Bytes =>
  toUtf8(JSON.stringify(["originmq key", v, id, by, salt, iterations]));

function recordOf(stored: string): KeyRecord {
  const broken = (cause?: unknown) => new QueueError("tampered", "the wrapped key cannot be read", { cause });
  let record: Partial<KeyRecord>;
  try {
    record = JSON.parse(stored);
    for (const bytes of [record.salt ?? "", record.iv, record.wrapped]) fromBase64(bytes as string);
  } catch (cause) {
    throw broken(cause);
  }
  const { v, id, by, salt = "", iterations = 1, iv, wrapped, pair } = record;
  const isText = [id, by, salt, iv, wrapped].every((text) => typeof text === "string");
  const isCount = Number.isSafeInteger(iterations) && iterations > 0 && iterations <= ITERATIONS_MAX;
  if (Number.isSafeInteger(v) && (v as number) > FORM) {
    const message = "the database is encrypted as this build does not know it yet: it was made by a later one";
    throw new QueueError("format-too-new", message);
  }
  const hasPair = pair === undefined || (v === 3 && isPair(pair));
  if (!(v === 1 || v === 2 || v === FORM) || !isText || !isCount || !hasPair) throw broken();
  return record as KeyRecord;
}

function isPair(pair: Partial<Pair>): boolean {
  try {
    return fromBase64(pair.public as string).length === PUBLIC_BYTES && fromBase64(pair.private as string).length > 0;
  } catch {
    return false;
  }
}

async function givenKey(
  encryption: Exclude<GivenEncryption, { readonly generate: true }>,
  { salt = "", iterations = 0 }: Pick<KeyRecord, "salt" | "iterations">,
): Promise<CryptoKey> {
  if ("key" in encryption) return encryption.key;
  const { subtle } = crypto;
  // The same letters, however they were typed.
  const password = await subtle.importKey("raw", toUtf8(encryption.password.normalize("NFC")), "PBKDF2", false, [
    "deriveKey",
  ]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: fromBase64(salt), iterations };
  return subtle.deriveKey(parameters, password, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
