// The answer to the first words on a new port.

import { checkOptions, oneOf, string } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { DATABASE_NAME_MAX } from "../../core/spec/limits.js";
import { failed } from "../rpc/failed.js";
import type { Port } from "../rpc/guard.js";
import { OPEN, OPENED, OPENING, type Opening } from "./opening.js";

const OPENING_SPEC = { storage: oneOf("indexeddb", "memory"), database: string(1, DATABASE_NAME_MAX) };

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
