// Misses a database that was deleted. A wipe of everything with nobody connected cannot be noticed.

import type { DataLoss } from "../../link/rpc/views.js";
import type { Platform } from "../engine/platform.js";

/** Of the terms before; a canary that fails proves nothing. To be read beside what takes its time, before `noteEpoch`. */
export const readLastEpoch = async ({ canary }: Platform): Promise<number | undefined> =>
  canary?.read().catch(() => undefined);

/**
 * The epoch never falls while a database lives: one that is not above the last one known belongs to a new database, and
 * the old one is gone; or a later host has noted its own by now.
 */
export const isPassed = (last: number | undefined, epoch: number): boolean => last !== undefined && last >= epoch;

export const WIPED: DataLoss = { reason: "wiped", ids: [] };

/** Nothing waits for it. */
export function noteEpoch({ canary }: Platform, epoch: number): void {
  canary?.write(epoch).catch(() => {});
}
