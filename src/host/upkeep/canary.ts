// Misses a database that was deleted. A wipe of everything with nobody connected cannot be noticed.

import type { DataLoss } from "../../link/rpc/views.js";
import type { Platform } from "../engine/platform.js";

/**
 * The epoch never falls while a database lives: one that is not above the last one known belongs to a new database, and
 * the old one is gone. A canary that fails proves nothing.
 */
export async function checkCanary({ canary }: Platform, epoch: number): Promise<DataLoss[]> {
  try {
    const last = await canary?.read();
    await canary?.write(epoch);
    return last !== undefined && last >= epoch ? [{ reason: "wiped", ids: [] }] : [];
  } catch {
    return [];
  }
}
