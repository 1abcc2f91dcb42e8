// What stands for a message that was sealed together with others: their envelope, which all of these have in common, and which
// of them it is. The same object wherever they are together: structured clone and the codec keep that, so it crosses and is
// stored once. Nobody but a client with the key can say more of it than how large it is.

import { SHARED_BYTES_MAX, SHARERS_MAX } from "../spec/limits.js";

/** A list: measured, it crosses in a third of the time that an object with names takes. */
export type Share = readonly [envelope: Uint8Array<ArrayBuffer>, place: number];

/** The list and the place. */
const OWN_BYTES = 24;

export const isShare = (body: unknown): body is Share =>
  Array.isArray(body) && body.length === 2 && body[0] instanceof Uint8Array && typeof body[1] === "number";

/** Estimated bytes of each share in a column of bodies: its part of the envelope. What is larger than these are is no share. */
export function shareSizes(bodies: readonly unknown[]): (body: unknown) => number | undefined {
  const sharers = new Map<Uint8Array, number>();
  for (const body of bodies) if (isMeasured(body)) sharers.set(body[0], (sharers.get(body[0]) ?? 0) + 1);
  return (body) => (isMeasured(body) ? shareBytes(body, sharers.get(body[0]) ?? 1) : undefined);
}

/** How many beside each other have one envelope, one after the other; `undefined` where none has one with another. */
export function sharersIn(bodies: unknown): number[] | undefined {
  if (!Array.isArray(bodies)) return undefined;
  const counts: number[] = [];
  let last: unknown;
  for (const body of bodies) {
    const envelope = isMeasured(body) && body[0];
    const count = counts[counts.length - 1] as number;
    if (envelope && envelope === last && count < SHARERS_MAX) counts[counts.length - 1] = count + 1;
    else counts.push(1);
    last = envelope;
  }
  return counts.length < bodies.length ? counts : undefined;
}

const isMeasured = (body: unknown): body is Share => isShare(body) && body[0].length <= SHARED_BYTES_MAX;

export const shareBytes = ([envelope]: Share, sharers: number): number =>
  OWN_BYTES + Math.ceil(envelope.length / Math.min(sharers, SHARERS_MAX));
