// Notices a host that lives and does nothing: it hangs, or the lock was taken from it while it stood still. Its death
// is told by its lock; this is for what no lock tells.

import { type Asking, askHost, listenForHosts } from "../../link/finding/directory.js";
import type { Link } from "../../link/rpc/link.js";
import type { Runtime } from "../runtime/runtime.js";

/** A call that has no answer for this long makes its client ask whether there is a host at all. */
const PATIENCE_MS = 2_000;
/** A host that answers is asked less and less often: some calls wait long by their nature. */
const PATIENCE_MS_MAX = 30_000;
const ANSWER_MS = 2_000;

export interface Watchdog {
  /** A call begins: from now on somebody waits. */
  note(): void;
}

/** `onLost` is called when another host speaks up, or none does. Ends with the link. */
export function watchHost(
  {
    link,
    epoch,
    asking,
    runtime,
  }: { link: Pick<Link<never>, "closed" | "oldestCall">; epoch: number; asking: Asking; runtime: Runtime },
  onLost: () => void,
): Watchdog {
  let isArmed = false;
  let patienceMs = PATIENCE_MS;
  let cancel = () => {};
  let seen: object | undefined;

  const arm = () => {
    isArmed = true;
    seen = link.oldestCall();
    cancel = runtime.setTimer(() => void look(), patienceMs);
  };

  const look = async () => {
    const isStuck = seen !== undefined && link.oldestCall() === seen;
    if (!isStuck) patienceMs = PATIENCE_MS;
    else if (await askHost(asking, ANSWER_MS)) patienceMs = Math.min(PATIENCE_MS_MAX, 2 * patienceMs);
    else if (link.oldestCall() === seen) return onLost();
    isArmed = false;
    if (link.oldestCall() !== undefined && !link.closed.aborted) arm();
  };

  const stopListening = listenForHosts(asking, (other) => {
    if (other > epoch) onLost();
  });
  link.closed.addEventListener("abort", () => {
    cancel();
    stopListening();
  });
  return {
    note() {
      if (!isArmed && !link.closed.aborted) arm();
    },
  };
}
