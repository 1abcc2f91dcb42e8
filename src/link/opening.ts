// The first words on a new port, before there is a link: which database, and whether its host serves it.
// Invariant: the one side posts nothing more until the other has said that it listens, so nothing is lost between.

import { checkOptions, oneOf, string } from "../core/check.js";
import { QueueError, type QueueErrorCode } from "../core/errors.js";
import type { Port } from "./guard.js";
import { errorOf, failed } from "./link.js";

export type Storage = "indexeddb" | "memory";

export interface Opening {
  readonly storage: Storage;
  readonly database: string;
}

const OPEN = "originmq:open";
export const OPENED = "originmq:opened";
const DATABASE_NAME_MAX = 256;

const OPENING_SPEC = { storage: oneOf("indexeddb", "memory"), database: string(1, DATABASE_NAME_MAX) };

export interface Opened {
  /** Another context hosts: this port leads nowhere, link to that host instead. */
  readonly isElsewhere: boolean;
}

/** Asks the context behind the port to serve a database on it. Rejects with its error. */
export function requestOpening(port: Port, opening: Opening): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const onMessage = ({ data }: MessageEvent) => {
      if (typeof data !== "object" || data === null || data.type !== OPENED) return;
      port.removeEventListener("message", onMessage);
      if (data.ok === true) resolve({ isElsewhere: data.isElsewhere === true });
      else reject(errorOf(data as { ok: false; code: QueueErrorCode; message: string; detail?: unknown }));
    };
    port.addEventListener("message", onMessage);
    port.start?.();
    port.postMessage({ type: OPEN, ...opening });
  });
}

/** Who serves a database: a host in this context, or one elsewhere. */
export type Served = { connect(port: Port): void } | { readonly elsewhere: unknown };

/** Answers the first request on a new port: `connect` attaches the host, synchronously once it is there. */
export function answerOpening(port: Port, host: (opening: Opening) => Promise<Served>): void {
  const onMessage = async ({ data }: MessageEvent) => {
    if (typeof data !== "object" || data === null || data.type !== OPEN) return;
    port.removeEventListener("message", onMessage);
    try {
      const { type: _, ...opening } = data;
      const { storage, database } = checkOpening(opening);
      const served = await host({ storage, database });
      const isElsewhere = "elsewhere" in served;
      if (!isElsewhere) served.connect(port);
      port.postMessage({ type: OPENED, ok: true, isElsewhere });
    } catch (error) {
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
