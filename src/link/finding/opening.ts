// The first words on a new port, before there is a link: which database, and whether its host serves it.
// Invariant: what the one side says before the other has answered is kept for the host, or the answer does not say so; then
// it was lost, and is said again.

import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { errorOf } from "../rpc/error-of.js";
import type { Port } from "../rpc/guard.js";
import { onGone } from "./gone.js";

export type Storage = "indexeddb" | "memory";

export interface Opening {
  readonly storage: Storage;
  readonly database: string;
}

export const OPEN = "originmq:open";
/** The first sign of life, with the lock that proves it from then on: opening a large database takes its time. */
export const OPENING = "originmq:opening";
export const OPENED = "originmq:opened";

/** How long a worker's first sign of life may take. */
export const SIGN_MS = 1_000;

export interface Opened {
  /** Another context hosts: this port leads nowhere, link to that host instead. */
  readonly isElsewhere: boolean;
  /** Free once the context behind the port is gone. */
  readonly lock: string | undefined;
  /** The host hears what was said since. */
  readonly isHeard: boolean;
}

/** How the one who asks notices that nobody will answer. */
export interface Patience {
  readonly locks: LockManager;
  setTimer(callback: () => void, ms: number): () => void;
  /** How long the first sign of life may take: a worker loads its script first. */
  readonly signMs: number;
}

/**
 * Asks the context behind the port to serve a database on it. Rejects with its error, and with `host-lost` when it
 * gives no sign of life, or dies before it answers.
 */
export function requestOpening(port: Port, opening: Opening, patience?: Patience): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    let lock: string | undefined;
    const end = () => {
      port.removeEventListener("message", onMessage);
      cancelTimer?.();
      over.abort();
    };
    const giveUp = (why: string) => {
      end();
      reject(new QueueError("host-lost", why));
    };
    const onMessage = ({ data }: MessageEvent) => {
      if (typeof data !== "object" || data === null) return;
      if (data.type === OPENING && typeof data.lock === "string" && lock === undefined && patience) {
        lock = data.lock as string;
        cancelTimer?.();
        onGone(patience.locks, lock, over.signal, () => giveUp("the worker died before it had opened the database"));
      }
      if (data.type !== OPENED) return;
      end();
      if (data.ok === true) resolve({ isElsewhere: data.isElsewhere === true, lock, isHeard: data.isHeard === true });
      else reject(errorOf(data as { ok: false; code: QueueErrorCode; message: string; detail?: unknown }));
    };
    const cancelTimer = patience?.setTimer(() => giveUp("the worker gives no sign of life"), patience.signMs);
    port.addEventListener("message", onMessage);
    port.start?.();
    port.postMessage({ type: OPEN, ...opening });
  });
}
