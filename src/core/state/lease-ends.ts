// When leases may end. Invariant: every lease has an entry at its `until`. An entry whose lease was settled or renewed
// meanwhile is void; void ones are swept before they outnumber the others, so that memory follows the leases that
// are held, however long they are and however fast they are settled.

import type { Instant } from "../spec/time.js";
import { createHeap } from "./heap.js";
import type { OpenHandOut } from "./lease.js";

export interface LeaseEnds {
  readonly size: number;
  /** Epoch milliseconds before which no lease ends; infinite when none is held. */
  readonly next: number;
  add(grant: OpenHandOut, until: Instant): void;
  /** One entry for each instant at which leases of this grant end. */
  addAll(grant: OpenHandOut): void;
  /** Takes the grants of which a lease may have ended by `now`, each once. */
  takeEnded(now: Instant): OpenHandOut[];
}

/** Fewer entries than this are not worth a sweep. */
const SWEEP_MIN = 1_024;

export function createLeaseEnds(): LeaseEnds {
  const heap = createHeap<{ readonly until: Instant; readonly grant: OpenHandOut }>(({ until }) => until);
  let sweepAt = SWEEP_MIN;

  const addAll = (grant: OpenHandOut) => {
    for (const until of new Set(Array.from(grant.leases.values(), (lease) => lease.until))) heap.push({ until, grant });
  };

  /** Amortised O(1): the next one comes when as many entries were added as this one kept. */
  const sweep = () => {
    const grants = new Set(heap.items().map((end) => end.grant));
    heap.clear();
    for (const grant of grants) addAll(grant);
    sweepAt = Math.max(SWEEP_MIN, heap.size * 2);
  };

  return {
    get size() {
      return heap.size;
    },
    get next() {
      return heap.peek()?.until ?? Number.POSITIVE_INFINITY;
    },
    add(grant, until) {
      heap.push({ until, grant });
      if (heap.size >= sweepAt) sweep();
    },
    addAll,
    takeEnded(now) {
      const grants = new Set<OpenHandOut>();
      for (let end = heap.peek(); end !== undefined && end.until <= now; end = heap.peek()) {
        heap.pop();
        if (end.grant.leases.size > 0) grants.add(end.grant);
      }
      return [...grants];
    },
  };
}
