// A text that is sealed piece by piece, as lines of JSON: the first holds its key, wrapped, each other one a piece.
//
//   {"originmq":2,"sealed":"the wrapped key"} | "piece 0" | "piece 1" | … | "the last piece"
//
// Invariant: a piece opens in this text only, at its place, and as the last one only at the end: what was changed, exchanged,
// repeated, left out or cut off is noticed before anybody is given it, or what comes behind it.

import { QueueError } from "../core/spec/errors.js";
import { fromBase64, fromUtf8, toBase64, toUtf8 } from "./bytes.js";
import { type Carrier, givenToCarry, makeCarried, openCarried } from "./carried-key.js";
import type { Identity, Keyring } from "./keyring.js";

const VERSION = 2;
const BACKUP: Carrier = { what: "the backup", outlives: "a backup outlives the keys of an origin" };
/** A piece is put together of whole lines until it has so many characters. */
const PIECE_LENGTH = 65_536;

/** A text of lines, as lines. Rejects with `invalid-argument` where the key is none that a backup takes. */
export async function* sealPieces(text: AsyncIterable<string>, encryption: unknown): AsyncGenerator<string, void> {
  const { keyring, record } = await makeCarried(await givenToCarry(encryption, BACKUP), BACKUP);
  yield `${JSON.stringify({ originmq: VERSION, sealed: record })}\n`;
  let number = 0;
  const seal = async (piece: string, isLast: boolean) =>
    `${JSON.stringify(toBase64(await keyring.seal("piece", placeOf(number++, isLast), toUtf8(piece))))}\n`;
  let piece = "";
  for await (const line of text) {
    piece += line;
    if (piece.length < PIECE_LENGTH) continue;
    yield await seal(piece, false);
    piece = "";
  }
  yield await seal(piece, true);
}

/** Whether a text begins so. */
export const isSealed = (head: Readonly<Record<string, unknown>>): boolean =>
  head.originmq === VERSION && typeof head.sealed === "string";

/** The text again: `lines` are those behind the first. Rejects with `wrong-key`, and with `tampered`. */
export async function* openPieces(
  { sealed }: Readonly<Record<string, unknown>>,
  lines: AsyncIterable<string>,
  encryption: unknown,
): AsyncGenerator<string, void> {
  const keyring = await openCarried(sealed as string, await givenToCarry(encryption, BACKUP), BACKUP);
  let number = 0;
  let next: string | undefined;
  for await (const line of lines) {
    if (next !== undefined) yield await open(keyring, next, number++, false);
    next = line;
  }
  if (next === undefined) throw notWhole(0);
  yield await open(keyring, next, number, true);
}

async function open(keyring: Keyring, line: string, number: number, isLast: boolean): Promise<string> {
  try {
    const envelope = fromBase64(JSON.parse(line) as string);
    // Text that is not as it was written may stand for the same bytes.
    if (line !== JSON.stringify(toBase64(envelope))) throw notWhole(number);
    return fromUtf8(await keyring.open(envelope, (kind) => (kind === "piece" ? placeOf(number, isLast) : undefined)));
  } catch (cause) {
    throw notWhole(number, cause);
  }
}

const placeOf = (number: number, isLast: boolean): Identity => [number, isLast ? "last" : null];

const notWhole = (number: number, cause?: unknown) =>
  new QueueError("tampered", `the backup is not what was written: it was changed, or cut off, at piece ${number}`, {
    cause,
  });
