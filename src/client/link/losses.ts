// What a client that changes hosts learns of messages that are gone.
// Invariant: each loss is news once; a client that lived through the loss of its database hears of it, whatever the next
// host knows.

import type { DataLoss } from "../../link/rpc/views.js";
import type { FoundMissing, Welcome } from "../../link/rpc/wire.js";

export interface LossReader {
  /** What this host, which has just accepted the client, says or shows to be gone and was not told before. */
  news(welcome: Welcome): readonly DataLoss[];
  /** What the host has found missing, before it accepts the client or since, and was not told before. */
  found(missing: FoundMissing): readonly DataLoss[];
}

export function createLossReader(): LossReader {
  let last: Welcome | undefined;
  /** The host that has spoken last, how much of what it says was told, and whether that the database is gone was told of it. */
  let instance: string | undefined;
  let told = 0;
  let isWipedTold = false;

  const found = (missing: FoundMissing): readonly DataLoss[] => {
    if (missing.instance !== instance) {
      instance = missing.instance;
      told = 0;
      isWipedTold = false;
    }
    const named = missing.losses.slice(told).filter(({ reason }) => reason !== "wiped" || !isWipedTold);
    told = Math.max(told, missing.losses.length);
    isWipedTold ||= named.some(({ reason }) => reason === "wiped");
    return named;
  };

  return {
    found,
    news(welcome) {
      const before = last;
      last = welcome;
      const named = found(welcome);
      if (before === undefined || !isAnother(before, welcome) || isWipedTold) return named;
      isWipedTold = true;
      return [{ reason: "wiped", ids: [] }, ...named];
    },
  };
}

/** Of hosts of earlier builds, which do not name their database, nothing can be said. */
const isAnother = ({ database: before }: Welcome, { database: now }: Welcome): boolean =>
  before !== undefined && now !== undefined && before !== now;
