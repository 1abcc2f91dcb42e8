// A database as it lies on a disk, written out as lines: each is a record, written as backups write bodies
// (`src/integrations/backup-codec.ts`), since not all of it is JSON; the first says what `meta` holds.

import { decode } from "../../src/integrations/backup-codec.js";

/** What lies on a disk, as it is stored. */
export interface RawDatabase {
  readonly format: { readonly major: number; readonly minor: number };
  readonly epoch: number;
  readonly pointer: { readonly generation: number; readonly uptoLsn: number; readonly chunks: number };
  readonly records: readonly {
    readonly store: "bodies" | "journal" | "checkpoint";
    readonly key: number | [generation: number, index: number];
    readonly value: object;
  }[];
}

export function readDatabase(lines: string): RawDatabase {
  const [head, ...records] = lines
    .trim()
    .split("\n")
    .map((line) => decode(JSON.parse(line)));
  return { ...(head as Omit<RawDatabase, "records">), records: records as RawDatabase["records"] };
}
