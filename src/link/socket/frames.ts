// What lies on a socket: binary frames, the first byte of which says what they are.
//
//   0 the last piece of a message, or all of it    1 a piece, more follow    2 an announcement    3 are you there    4 yes
//   5 what was said so far counts no more: from a server that knows nothing of this socket any more, with a sign that the
//     client says back, before what is a new beginning
//
// Invariant: pieces of two messages never mix; what is put together has an upper bound.

import { joined } from "../../codec/joined.js";

export const KIND = { message: 0, piece: 1, announcement: 2, ping: 3, pong: 4, over: 5 } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

/**
 * A larger message is cut: a peer on a slow line (60 kbit/s) hears each piece in time to know that the other side lives, and
 * pings find their way between them.
 */
export const PIECE_BYTES = 64 * 1024;
/** Of a piece that more follow. Smaller ones would cost more than they bring. */
const PIECE_BYTES_MIN = 4 * 1024;

export type Frame = Uint8Array<ArrayBuffer>;

export const frame = (kind: Kind, bytes: Uint8Array = new Uint8Array()): Frame => {
  const whole = new Uint8Array(1 + bytes.length);
  whole[0] = kind;
  whole.set(bytes, 1);
  return whole;
};

export const PING = frame(KIND.ping);
export const PONG = frame(KIND.pong);

/** Frames of text, for a server that sleeps: its runtime answers the one with the other, and does not wake it. */
export const ASK = "?";
export const ANSWER = "!";

/** The frames of one message. */
export function* framesOf(message: Uint8Array): Iterable<Frame> {
  let at = 0;
  for (; message.length - at > PIECE_BYTES; at += PIECE_BYTES)
    yield frame(KIND.piece, message.subarray(at, at + PIECE_BYTES));
  yield frame(KIND.message, message.subarray(at));
}

export interface Joiner {
  /** Of the pieces of a message that is not complete. */
  bytes(): number;
  /** The message that this piece completes, if it does. Throws a `RangeError` when either is not as large as it may be. */
  add(piece: Uint8Array, isLast: boolean): Uint8Array | undefined;
}

export function createJoiner(bytesMax: () => number): Joiner {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  return {
    bytes: () => bytes,
    add(piece, isLast) {
      bytes += piece.length;
      if (bytes > bytesMax()) throw new RangeError(`a message has more than ${bytesMax()} bytes`);
      if (!isLast && piece.length < PIECE_BYTES_MIN) throw new RangeError(`a piece has ${piece.length} bytes`);
      if (isLast && pieces.length === 0) {
        bytes = 0;
        return piece;
      }
      pieces.push(piece);
      if (!isLast) return undefined;
      const whole = joined(pieces);
      pieces = [];
      bytes = 0;
      return whole;
    },
  };
}
