// What a reserve is filled with, whatever keeps it. Random, because what compresses would keep no room for zeros.

import { RESERVE_BYTES } from "../core/spec/limits.js";

/** What one call of the platform gives. */
const RANDOM_BYTES_MAX = 65_536;

export function incompressibleBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RESERVE_BYTES);
  for (let at = 0; at < bytes.length; at += RANDOM_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES_MAX));
  }
  return bytes;
}
