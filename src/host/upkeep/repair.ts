// Mends what a check has found, as far as the host knows better than what is stored; what is gone is named.

import type { Command } from "../../core/commands/commands.js";
import type { Outcome } from "../../core/log/journal.js";
import type { CheckFault } from "../../link/rpc/inspection.js";
import type { DataLoss } from "../../link/rpc/views.js";
import type { LogStore } from "../../store/log-store.js";
import type { Engine } from "../engine/engine.js";
import type { Loop } from "../engine/loop.js";
import type { Fault } from "./check.js";
import type { Maintenance } from "./maintenance.js";

export interface RepairParts {
  readonly engine: Engine;
  readonly store: LogStore;
  readonly loop: Pick<Loop, "exclusive">;
  readonly maintenance: Pick<Maintenance, "renew">;
  decide(command: Command, settle: (outcome: Outcome) => void): void;
  onLoss(loss: DataLoss): void;
}

/** What the log cannot say any more, the host still knows. */
const OF_LOG: ReadonlySet<CheckFault["kind"]> = new Set(["checkpoint", "journal", "books"]);

export async function repair(faults: readonly Fault[], parts: RepairParts): Promise<CheckFault[]> {
  const { engine, store, loop, maintenance } = parts;
  const mended: CheckFault[] = [];
  // Written once, for all of them.
  const isLogMended = faults.some(({ kind }) => OF_LOG.has(kind)) && (await maintenance.renew().then(() => true));
  for (const { place, keys = [], isInMemory, ...fault } of faults) {
    let isRepaired = OF_LOG.has(fault.kind) && isLogMended && !isInMemory;
    if (place !== undefined) isRepaired = await giveUp({ ...fault, place }, parts);
    if (fault.kind === "orphan") {
      await loop.exclusive(async () => {
        const orphans = keys.filter((key) => engine.state.batches.find(key)?.firstSeq !== key);
        if (orphans.length > 0) await store.deleteBatches(orphans.flatMap((key) => [key, key]));
      });
      isRepaired = true;
    }
    mended.push({ ...fault, isRepaired });
  }
  return mended;
}

/** Takes messages without a body out of their queue, and names them. What is in work may still be settled. */
async function giveUp({ place, queue = "", ids = [] }: Fault, { decide, onLoss }: RepairParts): Promise<boolean> {
  const run = (command: Command) => new Promise<boolean>((resolve) => decide(command, ({ ok }) => resolve(ok)));
  if (place === "leased") return false;
  if (place === "schedule") {
    const done = await Promise.all(ids.map((id) => run({ type: "unschedule", queue, id })));
    return done.every(Boolean);
  }
  const isDone = await run({ type: place === "dead" ? "purge-dead" : "purge", queue, filter: { ids } });
  if (isDone) onLoss({ reason: "unreadable", queue, ids });
  return isDone;
}
