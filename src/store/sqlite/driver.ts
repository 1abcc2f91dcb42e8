// The smallest thing that node:sqlite, better-sqlite3, bun:sqlite, Deno's node:sqlite and a Durable Object's storage all are:
// statements, one at a time, and synchronous transactions. Invariant: what is bound and read is a number up to 2^53, a text,
// bytes or null; of everything else some of them silently make something different.

import type { Durability } from "../log-store.js";

export type SqlValue = number | string | Uint8Array | null;
export type Row = Readonly<Record<string, SqlValue>>;

export interface SqliteDriver {
  /** One statement that answers nothing. */
  run(sql: string, ...values: SqlValue[]): void;
  /** One statement and all of its rows. */
  all(sql: string, ...values: SqlValue[]): readonly Row[];
  /**
   * Runs `body` in one transaction that nobody else writes beside. What `body` throws takes all of it back and passes
   * untouched. Strict: on the disk when this returns. Relaxed: a crash of the machine, not of the process, may take it.
   */
  transaction<T>(durability: Durability, body: () => T): T;
  /** Room that is held back for settlements; missing where the driver can hold none. */
  readonly reserve?: DriverReserve;
  close(): void;
}

export interface DriverReserve {
  /** Gives the room up. `false` if there was none. */
  release(): boolean;
  /** Takes the room, if it is not held. Throws where there is no room for it. */
  take(): void;
  /** Whether so many bytes can be written, and all that is written already moved to where it stays. Missing: unknown. */
  hasRoomFor?(bytes: number): boolean;
}
