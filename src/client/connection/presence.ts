// The lock that says that a client lives, and what one holds that has only sent.

import { QueueError } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { HeldReply } from "../../link/rpc/wire.js";

export const NOTHING_HELD: HeldReply = { held: [], running: [] };

export interface Presence {
  readonly held: Promise<void>;
  leave(): void;
}

/** Holds the lock that says this client lives, until `leave` is called or its context dies. */
export function holdPresence(locks: LockManager | undefined, name: string): Presence {
  if (locks === undefined) return { held: Promise.resolve(), leave: () => {} };
  const [held, left] = [deferred(), deferred()];
  const onHeld = () => {
    held.resolve();
    return left.promise;
  };
  locks.request(name, onHeld).catch((cause) => {
    held.reject(new QueueError("unsupported", "Web Locks are refused in this context", { cause }));
  });
  return { held: held.promise, leave: left.resolve };
}
