// Standing for host:
//
//   lock free ───────────────────────────────▶ host
//   lock held ──ask──▶ holder yields ─────────▶ host, or ask the one who stood in line before, and holds it now
//                 ├──▶ holder is as good ─────▶ elsewhere: link to it
//                 └──▶ no answer for 2 s ─────▶ steal the lock, host
//
// Invariant: a context hosts for exactly as long as it holds the lock; what a holder that was stolen from still tries
// to write is refused by the epoch.

import { QueueError } from "../../core/spec/errors.js";
import { VERSION, type Version } from "../../core/spec/version.js";
import { type Asking, answerLink, askHost, type Candidate, serveDirectory } from "../../link/finding/directory.js";
import { type Deferred, deferred } from "../../link/rpc/deferred.js";
import type { Port } from "../../link/rpc/guard.js";
import type { HostKind } from "../../link/rpc/wire.js";

/** What is stood for: a host, as far as standing for it needs to know. */
export interface ElectedHost {
  /** Number of its term. */
  readonly epoch: number;
  readonly lock: string | undefined;
  connect(port: Port): void;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface Standing<Host extends ElectedHost> {
  readonly kind: HostKind;
  readonly version?: Version;
  readonly locks: LockManager;
  readonly lock: string;
  readonly asking: Asking;
  /** Takes over the database; called once the lock is held. */
  openHost(): Promise<Host>;
  /** Ends hosting: the commit under way is finished, then the lock is free. */
  readonly signal?: AbortSignal | undefined;
}

/** Another context hosts, and is as good or better. */
export interface Elsewhere {
  readonly elsewhere: Candidate;
}

/** How long a holder may stay silent before the lock is taken from it. */
export const SILENCE_MS_MAX = 2_000;

/** A holder that yields needs so long for its last commit; then it is asked again, or who holds the lock in its place. */
const YIELD_MS = 100;

/** Resolves once this context hosts, or another is known to. Rejects when the database cannot be opened. */
export async function stand<Host extends ElectedHost>(standing: Standing<Host>): Promise<Host | Elsewhere> {
  const { asking, kind, version = VERSION } = standing;
  // Queued from the start: when the holder goes or yields, the lock is ours before anybody who comes later.
  const queued = requestLead(standing, { ifSilent: false });
  for (;;) {
    const asked = askHost(asking, SILENCE_MS_MAX, { kind, version });
    const first = await Promise.race([queued.granted, asked]);
    if (first === "granted") return queued.host;
    if (first?.yields) {
      await Promise.race([queued.granted, new Promise<void>((resolve) => asking.setTimer(resolve, YIELD_MS))]);
      continue;
    }
    // It may have become ours in the meantime; then giving up comes too late.
    if (!queued.giveUp()) return queued.host;
    return first ? { elsewhere: first.host } : requestLead(standing, { ifSilent: true }).host;
  }
}

interface LeadRequest<Host> {
  readonly granted: Promise<"granted">;
  readonly host: Promise<Host>;
  /** Leaves the line for the lock; false when it is held already. */
  giveUp(): boolean;
}

function requestLead<Host extends ElectedHost>(
  standing: Standing<Host>,
  { ifSilent }: { readonly ifSilent: boolean },
): LeadRequest<Host> {
  const { locks, lock } = standing;
  const leaving = new AbortController();
  const grant = deferred<"granted">();
  const host = deferred<Host>();
  let isGranted = false;
  const onGranted = () => {
    isGranted = true;
    grant.resolve("granted");
    return lead(standing, host);
  };
  const requested = ifSilent
    ? locks.request(lock, { steal: true }, onGranted)
    : locks.request(lock, { signal: leaving.signal }, onGranted);
  requested.catch((cause) => {
    // The lock was stolen from a host that stood still for too long: it must not go on as if it were the host.
    host.promise.then((stolen) => stolen.close()).catch(() => {});
    const error = isGranted ? cause : new QueueError("unsupported", "Web Locks are refused in this context", { cause });
    host.reject(error);
    grant.reject(error);
  });
  // Each is awaited by whoever needs it.
  host.promise.catch(() => {});
  grant.promise.catch(() => {});
  return {
    granted: grant.promise,
    host: host.promise,
    giveUp() {
      if (isGranted) return false;
      leaving.abort(new QueueError("closed", "another context hosts"));
      return true;
    },
  };
}

/** Hosts until the host ends: of itself, for a better candidate, or by the signal. The lock is held that long. */
async function lead<Host extends ElectedHost>(
  { kind, version = VERSION, asking, openHost, signal }: Standing<Host>,
  opened: Deferred<Host>,
): Promise<void> {
  const close = () => void opened.promise.then((host) => host.close()).catch(() => {});
  // Answers from the start: opening a large database takes longer than a candidate waits.
  const directory = serveDirectory(
    asking.openChannel(asking.directory),
    { kind, version },
    {
      onBetter: close,
      onLink: (name) => answerLink(asking, name, opened.promise),
    },
  );
  signal?.addEventListener("abort", close, { once: true });
  try {
    const host = await openHost();
    opened.resolve(host);
    directory.opened(host.epoch);
    if (signal?.aborted) close();
    await host.ended;
  } catch (error) {
    // Whoever waits for the host hears why there is none; one that has ended has told its clients.
    opened.reject(error);
  } finally {
    signal?.removeEventListener("abort", close);
    directory.close();
  }
}
