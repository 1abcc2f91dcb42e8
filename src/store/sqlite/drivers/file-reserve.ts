// The room that a file of SQLite needs beside what is in it. Bodies leave so much free that the log (`-wal`) can always be
// moved into the database: else it could only grow, and a full queue not be drained. Against others that fill the disk there
// is a file: a row would not do, since on a full disk even a delete cannot be written.

import { FREE_BYTES_MIN, RESERVE_BYTES } from "../../../core/spec/limits.js";
import { incompressibleBytes } from "../../reserved.js";
import type { DriverReserve } from "../driver.js";
import { builtin } from "./builtin.js";

interface FileSystem {
  statSync(path: string, options: { throwIfNoEntry: false }): { readonly size: number } | undefined;
  writeFileSync(path: string, bytes: Uint8Array, options: { flush: true; mode: number }): void;
  rmSync(path: string): void;
  statfsSync(path: string): { readonly bavail: number; readonly bsize: number };
}

/** `undefined` where there are no files. */
export function createFileReserve(path: string): DriverReserve | undefined {
  const fs = builtin<FileSystem>("node:fs");
  if (fs === undefined) return undefined;
  const folder = path.replace(/[^/\\]*$/, "") || ".";
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
    hasRoomFor(bytes) {
      const { bavail, bsize } = fs.statfsSync(folder);
      // Each byte is written to the log, and to the database when the log is moved there.
      return bavail * bsize >= FREE_BYTES_MIN + 2 * bytes;
    },
    take() {
      if (isThere()) return;
      try {
        fs.writeFileSync(path, incompressibleBytes(), { flush: true, mode: 0o600 });
      } catch (cause) {
        // What was written of it would hold the last room for nobody.
        remove();
        throw cause;
      }
    },
  };
}
