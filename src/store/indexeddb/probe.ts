// Finds the body that a database will not store, by storing. Invariant: no reader ever sees a trial: it lies under
// keys of its own and is deleted at its end, by the next take-over at the latest.

import { StoreError } from "../log-store.js";
import type { Access } from "./access.js";
import type { Connection } from "./connection.js";
import type { ProbeKey } from "./schema.js";
import { transact } from "./transaction.js";

/** Keys of bodies on trial: arrays sort after the strings that name everything else in `meta`. */
export const probeKeys = (): IDBKeyRange => IDBKeyRange.lowerBound([]);

const probeKey = (index: number): ProbeKey => ["probe", index];

/** Index of the first value that cannot be stored, `undefined` if all can. */
export async function findUnstorable(
  connection: Connection,
  access: Access,
  values: readonly unknown[],
): Promise<number | undefined> {
  const uncloneable = await findUncloneable(connection, values);
  // Some are refused only later: a File that changed on disk fails the transaction when its bytes are copied.
  const upto = uncloneable ?? values.length;
  const refused = await findRefused(access, values, 0, upto);
  return refused ?? uncloneable;
}

/** One transaction that always aborts: `add` itself throws for what cannot be cloned for storage. */
async function findUncloneable(connection: Connection, values: readonly unknown[]): Promise<number | undefined> {
  let found: number | undefined;
  const db = await connection.open();
  const rolledBack = new StoreError("failed", "a trial is always taken back");
  await transact(db, ["meta"], "relaxed", async (tx) => {
    for (const [index, value] of values.entries()) {
      try {
        tx.objectStore("meta").add(value, probeKey(index));
      } catch {
        found = index;
        break;
      }
    }
    throw rolledBack;
  }).catch((cause: unknown) => {
    if (cause !== rolledBack) throw cause;
  });
  return found;
}

async function findRefused(
  access: Access,
  values: readonly unknown[],
  from: number,
  upto: number,
): Promise<number | undefined> {
  if (from === upto || (await canStore(access, values, from, upto))) return undefined;
  if (upto - from === 1) return from;
  const middle = (from + upto) >> 1;
  return (await findRefused(access, values, from, middle)) ?? findRefused(access, values, middle, upto);
}

async function canStore(access: Access, values: readonly unknown[], from: number, upto: number): Promise<boolean> {
  try {
    const ending = await access.writeOnce({
      name: "probe",
      stores: [],
      durability: "relaxed",
      issue: function* (tx) {
        for (let index = from; index < upto; index++) yield tx.objectStore("meta").put(values[index], probeKey(index));
      },
    });
    if (!ending.known) return false;
  } catch (cause) {
    if (cause instanceof StoreError && (cause.reason === "not-cloneable" || cause.reason === "failed")) return false;
    throw cause;
  }
  await access.write({
    name: "probe-delete",
    stores: [],
    durability: "relaxed",
    issue: function* (tx) {
      yield tx.objectStore("meta").delete(probeKeys());
    },
  });
  return true;
}
