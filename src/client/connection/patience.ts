// What a client does while its database cannot be opened: it tries again, more and more rarely, for as long as it lives, and
// gives up the calls that wait for too long.
//
//   no host ──cannot be opened──▶ rests ──time, a call, a look, another context's luck──▶ no host ─ ─ ▶ …
//
// Invariants: each call waits for so long, from when it was made, or from when the trouble began; nobody is given up while
// nothing says that the database is the reason; one trouble is told once, however often it is tried and whoever waits.

import { QueueError } from "../../core/spec/errors.js";
import { type Asking, listenForHosts } from "../../link/finding/directory.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { Patience } from "../link/host-link.js";
import { complain } from "../runtime/complain.js";
import type { Runtime } from "../runtime/runtime.js";
import type { Draft } from "../sending/drafts.js";
import type { Gathering } from "../sending/gathering.js";

export interface PatienceParts extends Pick<Gathering, "drafts" | "withdraw"> {
  readonly runtime: Runtime;
  /** Another context may have more luck, and says so. */
  readonly asking?: Asking | undefined;
  /** Missing: 30 seconds. */
  readonly openTimeoutMs?: number | undefined;
  /** Questions that wait for a host. */
  readonly questions: ReadonlySet<AbortController>;
}

/** Longer than browsers take to start their storage again, shorter than a user waits for an answer. */
const OPEN_TIMEOUT_MS = 30_000;
/** It is tried again after so long, twice as long each time, and after so long at most. */
const REOPEN_MS = 500;
const REOPEN_MS_MAX = 120_000;
/** A trouble that begins sooner after the last one is the same. */
const CALM_MS = 60_000;
/** Calls of this long are looked at together. */
const LOOK_MS = 50;

export function createPatience(parts: PatienceParts): Patience {
  const { runtime, questions, openTimeoutMs = OPEN_TIMEOUT_MS } = parts;
  /** What cancels the timers of those who wait. */
  const waiting = new Map<Draft | AbortController, () => void>();
  let trouble: QueueError | undefined;
  let calmSince = Number.NEGATIVE_INFINITY;
  let tries = 0;
  let cancelLook: (() => void) | undefined;
  /** Tries again within so long, in place of later. */
  let hasten = (_withinMs: number) => {};

  const look = () => {
    cancelLook = undefined;
    for (const one of [...questions, ...parts.drafts()]) {
      // Settlements wait for as long as it takes: a host that is there again still knows what was handed out.
      if (waiting.has(one) || ("type" in one && one.type === "settle")) continue;
      const cancelTimer = runtime.setTimer(() => {
        waiting.delete(one);
        giveUp(one, timedOut(openTimeoutMs, trouble as QueueError));
      }, openTimeoutMs);
      waiting.set(one, cancelTimer);
    }
  };

  const giveUp = (one: Draft | AbortController, reason: QueueError) => {
    if (one instanceof AbortController) one.abort(reason);
    // What a host has heard of may have been stored.
    else parts.withdraw(one, one.stage === "sent" ? unknown(reason) : reason);
  };

  const end = () => {
    if (!trouble) return;
    trouble = undefined;
    calmSince = runtime.now();
    cancelLook?.();
    cancelLook = undefined;
    for (const cancelTimer of waiting.values()) cancelTimer();
    waiting.clear();
  };

  return {
    async rest(why) {
      if (!trouble && runtime.now() - calmSince > CALM_MS) {
        tries = 0;
        complain("there is no database for now, and it is tried again and again", why);
      }
      trouble = why;
      look();
      // Each of many tabs at another time.
      const ms = Math.min(REOPEN_MS_MAX, REOPEN_MS * 2 ** tries++) * (0.5 + runtime.random() / 2);
      const { promise, resolve } = deferred();
      let endsAt = runtime.now() + ms;
      let cancelTimer = runtime.setTimer(resolve, ms);
      hasten = (withinMs) => {
        if (runtime.now() + withinMs >= endsAt) return;
        endsAt = runtime.now() + withinMs;
        cancelTimer();
        cancelTimer = runtime.setTimer(resolve, withinMs);
      };
      const stopListening = parts.asking && listenForHosts(parts.asking, () => resolve());
      await promise;
      cancelTimer();
      hasten = () => {};
      stopListening?.();
    },
    note() {
      if (!trouble) return;
      cancelLook ??= runtime.setTimer(look, LOOK_MS);
      hasten(openTimeoutMs / 2);
    },
    hurry: () => hasten(0),
    end,
  };
}

const timedOut = (openTimeoutMs: number, cause: QueueError): QueueError =>
  new QueueError("storage-failed", `there was no database for ${openTimeoutMs} ms: ${cause.message}`, {
    cause,
    detail: { openTimeoutMs },
  });

const unknown = (cause: QueueError) =>
  new QueueError("host-lost", `the host went away, and the outcome cannot be learned: ${cause.message}`, { cause });
