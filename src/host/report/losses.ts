// Messages that are gone although nobody asked for it: kept for clients that come later, and announced.

import type { State } from "../../core/state/state.js";
import type { DataLoss, Notice } from "../../link/rpc/views.js";

export interface Losses {
  /** Since this host began. */
  readonly all: readonly DataLoss[];
  report(loss: DataLoss): void;
  /** The same, without an announcement: of what was gone before there was this host. */
  found(losses: readonly DataLoss[]): void;
}

export function createLosses({ state, announce }: { state(): State; announce(notice: Notice): void }): Losses {
  const all: DataLoss[] = [];
  return {
    all,
    found: (losses) => void all.push(...losses),
    report(loss) {
      all.push(loss);
      const queues = loss.queue === undefined ? [...state().queues.keys()] : [loss.queue];
      const notices = Object.fromEntries(queues.map((queue) => [queue, { datalost: loss }]));
      announce({ v: 1, type: "notice", epoch: state().epoch, queues: notices });
    },
  };
}
