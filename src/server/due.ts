// What is due in databases that are closed, and who opens them for it. Invariant: of a database in which something is due,
// or of which nobody knows, it is not forgotten before its host has taken it up: who could not open it, or a host that
// could not go on, leaves it to the next attempt.
//
//   open ──closed, something is due later──▶ asleep ──ten seconds before──▶ opening ─ ─ ▶ open …
//     └──its host could not go on──▶ asleep, for a growing pause ◀──it cannot be opened──┘

import type { Instant } from "../core/spec/time.js";
import type { Platform } from "../host/engine/platform.js";

export interface Due {
  /** It is closed, and something is due in it then; `Infinity`: never. */
  sleep(name: string, dueAt: Instant): void;
  /** It is there, and nobody knows what is due in it: whoever opens it now finds out. */
  wonder(name: string): void;
  /** It is being opened, by whomever. */
  opening(name: string): void;
  /** It could not be opened: if something is due in it, that is tried again. */
  refused(name: string): void;
  /** Its host could not go on: what is due in it, the next one finds in what is stored. */
  ended(name: string): void;
  /** Whether one is not worth closing for so long, or less. */
  isSoon(dueAt: Instant, ms: number): boolean;
  /** What is due in it is waited for. */
  has(name: string): boolean;
  close(): void;
}

export interface DueParts extends Pick<Platform, "now" | "setTimer"> {
  open(name: string): Promise<unknown>;
  /** Of why one cannot be opened that no client has asked for: of several times in a row, the first. */
  report(error: unknown): void;
}

/** So long before something is due its database is open again: a host that opens too late takes a tick for missed. */
const AHEAD_MS = 10_000;
/** Between two attempts to open one; twice as long each further time. */
const AGAIN_MS = 1_000;
const AGAIN_MS_MAX = 60_000;
/** A clock that is set moves what is due. */
const LOOK_MS_MAX = 3_600_000;

interface Sleeper {
  readonly dueAt: Instant;
  /** Attempts in a row to have a host for it. */
  readonly failures: number;
  cancel(): void;
}

export function createDue({ open, report, now, setTimer }: DueParts): Due {
  const sleepers = new Map<string, Sleeper>();
  let isClosed = false;

  const forget = (name: string) => {
    sleepers.get(name)?.cancel();
    sleepers.delete(name);
  };
  const wake = (name: string) =>
    void open(name).catch((error) => {
      if (!isClosed && sleepers.get(name)?.failures === 1) report(error);
    });
  const wait = (name: string, dueAt: Instant, failures: number, pauseMs: number) => {
    forget(name);
    if (isClosed || dueAt === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.max(pauseMs, dueAt - AHEAD_MS - now());
    const onTime = () => (leftMs > LOOK_MS_MAX ? wait(name, dueAt, failures, 0) : wake(name));
    sleepers.set(name, { dueAt, failures, cancel: setTimer(onTime, Math.min(leftMs, LOOK_MS_MAX)) });
  };
  const fail = (name: string, dueAt: Instant) => {
    const failures = (sleepers.get(name)?.failures ?? 0) + 1;
    wait(name, dueAt, failures, Math.min(AGAIN_MS_MAX, AGAIN_MS * 2 ** (failures - 1)));
  };

  return {
    sleep: (name, dueAt) => wait(name, dueAt, 0, 0),
    wonder: (name) => void sleepers.set(name, { dueAt: now(), failures: 0, cancel() {} }),
    opening: (name) => sleepers.get(name)?.cancel(),
    refused(name) {
      // Of one that was never open there is nothing to remember.
      const known = sleepers.get(name);
      if (known) fail(name, known.dueAt);
    },
    ended: (name) => fail(name, now()),
    isSoon: (dueAt, ms) => dueAt - now() < ms + AHEAD_MS,
    has: (name) => sleepers.has(name),
    close() {
      isClosed = true;
      for (const name of [...sleepers.keys()]) forget(name);
    },
  };
}
