// The reserve as a file beside the database: a row in it would not do, since on a full disk even a delete cannot be written.

import { RESERVE_BYTES } from "../../../core/spec/limits.js";
import type { DriverReserve } from "../driver.js";
import { builtin } from "./builtin.js";

interface FileSystem {
  statSync(path: string, options: { throwIfNoEntry: false }): { readonly size: number } | undefined;
  writeFileSync(path: string, bytes: Uint8Array, options: { flush: true }): void;
  rmSync(path: string): void;
}

/** `getRandomValues` fills no more at once. */
const RANDOM_BYTES_MAX = 65_536;

/** `undefined` where there are no files. */
export function createFileReserve(path: string): DriverReserve | undefined {
  const fs = builtin<FileSystem>("node:fs");
  if (fs === undefined) return undefined;
  const isThere = () => fs.statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES;
  const remove = () => {
    if (fs.statSync(path, { throwIfNoEntry: false }) !== undefined) fs.rmSync(path);
  };
  return {
    release() {
      const wasThere = isThere();
      remove();
      return wasThere;
    },
    take() {
      if (isThere()) return;
      try {
        fs.writeFileSync(path, incompressibleBytes(), { flush: true });
      } catch (cause) {
        // What was written of it would hold the last room for nobody.
        remove();
        throw cause;
      }
    },
  };
}

/** Random, because a file system that compresses would keep no room for zeros. */
function incompressibleBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RESERVE_BYTES);
  for (let at = 0; at < bytes.length; at += RANDOM_BYTES_MAX)
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES_MAX));
  return bytes;
}
