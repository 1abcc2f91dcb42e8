// Reads and fenced writes that outlive a dropped connection. Invariant: a write whose outcome is unknown is
// looked up before it is repeated, so that it happens once.

import type { Epoch } from "../../core/log/journal.js";
import { StoreError, type StoreFailure } from "../log-store.js";
import { type Connection, pause, REOPEN_DELAYS_MS, unavailable } from "./connection.js";
import type { Database, ReadTransaction } from "./schema.js";
import {
  beginRead,
  type Ending,
  type FencedWrite,
  isConnectionFailure,
  type Step,
  storeError,
  transact,
  writeFenced,
} from "./transaction.js";

/** Waits before the tries of one operation: after a lost connection at once, then as long as openings are tried. */
const TRY_DELAYS_MS = [0, 0, ...REOPEN_DELAYS_MS];

export interface Access {
  readonly step: Step;
  /** The epoch under which this store writes. Throws `deposed` before it took over. */
  epoch(): Epoch;
  read<T>(stores: FencedWrite["stores"], use: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /** `landed` tells whether a write whose connection was lost has happened; left out where repeating does no harm. */
  write(write: FencedWrite, landed?: () => Promise<boolean>): Promise<void>;
  /** One try, for a caller that judges the failure itself. */
  writeOnce(write: FencedWrite): Promise<Ending<void>>;
}

export function createAccess(deps: { connection: Connection; step: Step; epoch: () => Epoch | undefined }): Access {
  const { connection, step } = deps;

  function epoch(): Epoch {
    const own = deps.epoch();
    if (own === undefined) throw new StoreError("deposed", "this store has not taken over");
    return own;
  }

  async function attempt(db: Database, write: FencedWrite): Promise<Ending<void>> {
    const ending = await writeFenced(db, write, epoch(), step);
    if (ending.known) step(`${write.name}:complete`);
    return ending;
  }

  return {
    step,
    epoch,
    async write(write, landed) {
      step(`${write.name}:begin`);
      await outliveLoss(connection, (db) => attempt(db, write), landed);
    },
    async writeOnce(write) {
      step(`${write.name}:begin`);
      const db = await connection.open();
      const ending = await attempt(db, write);
      if (!ending.known) connection.drop(db);
      return ending;
    },
    async read(stores, use) {
      let cause: unknown;
      for (const delayMs of TRY_DELAYS_MS) {
        if (delayMs > 0) await pause(delayMs);
        const db = await connection.open();
        try {
          return await use(beginRead(db, stores));
        } catch (thrown) {
          if (!isConnectionFailure(thrown)) throw storeError(thrown, "read", "unreadable");
          cause = thrown;
          connection.drop(db);
        }
      }
      throw await blameOf(connection, cause, "unreadable");
    },
  };
}

/** Resolves to `undefined` when the connection was lost and `landed` found that the work was done all the same. */
export async function outliveLoss<T>(
  connection: Connection,
  use: (db: Database) => Promise<Ending<T>>,
  landed?: () => Promise<boolean>,
): Promise<T | undefined> {
  let cause: unknown;
  for (const delayMs of TRY_DELAYS_MS) {
    if (delayMs > 0) await pause(delayMs);
    const db = await connection.open();
    const ending = await use(db);
    if (ending.known) return ending.value;
    cause = ending.cause;
    connection.drop(db);
    if (landed !== undefined && (await landed())) return undefined;
  }
  throw await blameOf(connection, cause, "failed");
}

/** What fails again and again is to blame itself only where the database does anything else. */
async function blameOf(connection: Connection, cause: unknown, itself: StoreFailure): Promise<StoreError> {
  const db = await connection.open();
  const trial = await transact(db, ["meta"], "relaxed", async (tx) => {
    // Written and taken back: nothing of it is ever there, so that whoever writes is not in anybody's way.
    tx.objectStore("meta").put(0, TRIAL_KEY);
    tx.objectStore("meta").delete(TRIAL_KEY);
  }).catch(() => ({ known: true }));
  if (trial.known) return new StoreError(itself, "the database works, but this fails repeatedly", { cause });
  connection.drop(db);
  return unavailable("the database opens, but fails whatever it is asked", cause);
}

const TRIAL_KEY = ["trial"];
