// The first words on a new port, before there is a link: which database, and whether its host serves it.
// Invariant: what the one side says before the other has answered is kept for the host, or the answer does not say so; then
// it was lost, and is said again.

import { checkOptions, oneOf, string } from "../../core/spec/check.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { DATABASE_NAME_MAX } from "../../core/spec/limits.js";
import type { Port } from "../rpc/guard.js";
import { errorOf, failed } from "../rpc/link.js";
import { onGone } from "./life.js";

export type Storage = "indexeddb" | "memory";

export interface Opening {
  readonly storage: Storage;
  readonly database: string;
}

const OPEN = "originmq:open";
/** The first sign of life, with the lock that proves it from then on: opening a large database takes its time. */
const OPENING = "originmq:opening";
export const OPENED = "originmq:opened";

const OPENING_SPEC = { storage: oneOf("indexeddb", "memory"), database: string(1, DATABASE_NAME_MAX) };

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

/** Who serves a database: a host in this context, or one elsewhere. */
export type Served = { connect(port: Port): void } | { readonly elsewhere: unknown };

/**
 * Answers the first request on a new port: `connect` attaches the host, synchronously once it is there. `life` is the
 * lock that this context holds for as long as it lives; without it nothing hosts here, and who asks hears why.
 */
export function answerOpening(port: Port, host: (opening: Opening) => Promise<Served>, life?: Promise<string>): void {
  // Of what keeps it from hosting only those are told who ask.
  life?.catch(() => {});
  let isOpening = false;
  const kept: unknown[] = [];
  const onMessage = ({ data }: MessageEvent) => {
    if (isOpening) kept.push(data);
    else if (typeof data === "object" && data !== null && data.type === OPEN) {
      isOpening = true;
      void open(data);
    }
  };
  const open = async (data: object & { readonly type: string }) => {
    try {
      if (life) port.postMessage({ type: OPENING, lock: await life });
      const { type: _, ...opening } = data;
      const { storage, database } = checkOpening(opening);
      const served = await host({ storage, database });
      const isElsewhere = "elsewhere" in served;
      port.removeEventListener("message", onMessage);
      if (!isElsewhere) served.connect(port);
      const isHeard = !isElsewhere && port.dispatchEvent !== undefined;
      port.postMessage({ type: OPENED, ok: true, isElsewhere, isHeard });
      if (isHeard) for (const data of kept) port.dispatchEvent?.(new MessageEvent("message", { data }));
    } catch (error) {
      port.removeEventListener("message", onMessage);
      port.postMessage({ type: OPENED, ...failed(error) });
    }
  };
  port.addEventListener("message", onMessage);
  port.start?.();
}

function checkOpening(given: unknown): Opening {
  checkOptions("opening", given, OPENING_SPEC);
  const { storage, database } = given as Partial<Opening>;
  if (storage === undefined || database === undefined) {
    throw new QueueError("invalid-argument", "opening must name a storage and a database");
  }
  return { storage, database };
}
