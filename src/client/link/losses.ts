// What a client that changes hosts learns of messages that are gone.
// Invariant: each loss is news once; a client that lived through the loss of its database hears of it, whatever the next
// host knows.

import type { DataLoss } from "../../link/rpc/views.js";
import type { Welcome } from "../../link/rpc/wire.js";

export interface LossReader {
  /** What this host, which has just accepted the client, says or shows to be gone and was not told before. */
  news(welcome: Welcome): readonly DataLoss[];
}

export function createLossReader(): LossReader {
  let last: Welcome | undefined;
  return {
    news(welcome) {
      const before = last;
      last = welcome;
      const isSameHost = before?.instance === welcome.instance;
      const named = welcome.losses.slice(isSameHost ? before.losses.length : 0);
      const isWiped = before !== undefined && isAnother(before, welcome);
      return isWiped && !named.some(({ reason }) => reason === "wiped")
        ? [{ reason: "wiped", ids: [] }, ...named]
        : named;
    },
  };
}

/** Of hosts of earlier builds, which do not name their database, nothing can be said. */
const isAnother = ({ database: before }: Welcome, { database: now }: Welcome): boolean =>
  before !== undefined && now !== undefined && before !== now;
