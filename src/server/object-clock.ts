// The clock of a Durable Object. A timer keeps the object in memory, an alarm does not, and there is one of it: while
// something happens timers run; when all is quiet the first of them becomes the alarm.
//
//   awake ──nothing has happened for a while, and nothing is due soon──▶ resting ──an event, the alarm──▶ awake
//
// Invariant: whatever is due is waited for by a timer, or by an alarm that is no later.

import type { Instant } from "../core/spec/time.js";
import type { Platform } from "../host/engine/platform.js";

/** What is used of `ctx.storage` for its alarm. */
export interface AlarmStorage {
  setAlarm(at: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

export interface ObjectClock {
  setTimer(callback: () => void, ms: number): () => void;
  /** Something happens: the object is awake. */
  touch(): void;
  /** The alarm has gone off. Resolves once another stands behind it, in case this life of the object ends early. */
  alarm(): Promise<void>;
}

export interface ObjectClockParts {
  readonly storage: AlarmStorage;
  readonly timers: Pick<Platform, "setTimer" | "now">;
  /** So long nothing has happened before it rests. */
  idleMs(): number;
  /** Whether nobody is waited for. Asked before what is due is looked at. */
  mayRest(): boolean;
  /** Whether all that is due is known here: else the alarm that is set stays. */
  knowsAll(): boolean;
  onRest(): void;
  onWake(): void;
  report(error: unknown): void;
}

/** The platform takes about ten seconds to let a quiet object go: a shorter rest is none. */
const REST_MS_MIN = 15_000;
/** An alarm that is not followed by another is tried again, some times and then never more. */
const AGAIN_MS = 60_000;

interface Entry {
  readonly dueAt: Instant;
  fire(): void;
  cancel(): void;
}

export function createObjectClock(parts: ObjectClockParts): ObjectClock {
  const { storage, timers } = parts;
  const entries = new Set<Entry>();
  let isAwake = false;
  let touchedAt = 0;
  /** The alarm that is known to be set. */
  let alarmAt: Instant | undefined;
  /** The alarm has gone off, and no other could be set. */
  let hasNoAlarm = false;

  const start = (entry: Entry) => {
    entry.cancel = timers.setTimer(entry.fire, Math.max(0, entry.dueAt - timers.now()));
  };
  const nextDue = () => {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of entries) next = Math.min(next, dueAt);
    return next;
  };
  /** Resolves with whether it is set: what is due happens all the same, and whoever asked may ask again. */
  const setAlarm = async (at: Instant): Promise<boolean> => {
    if (alarmAt === at) return true;
    alarmAt = at;
    try {
      if (Number.isFinite(at)) await storage.setAlarm(at);
      else await storage.deleteAlarm();
      hasNoAlarm = false;
      return true;
    } catch (error) {
      alarmAt = undefined;
      parts.report(error);
      return false;
    }
  };

  const look = () => {
    const now = timers.now();
    const quietMs = now - touchedAt;
    const idleMs = parts.idleMs();
    if (quietMs < idleMs) return lookIn(idleMs - quietMs);
    if (!parts.mayRest() || nextDue() - now < REST_MS_MIN) return lookIn(idleMs);
    void rest();
  };
  const lookIn = (ms: number) => void timers.setTimer(look, ms);

  const rest = async () => {
    isAwake = false;
    for (const entry of entries) entry.cancel();
    parts.onRest();
    const knowsAll = parts.knowsAll();
    if (!knowsAll && !hasNoAlarm) return;
    if (!(await setAlarm(knowsAll ? nextDue() : timers.now() + AGAIN_MS))) touch();
  };

  const touch = () => {
    touchedAt = timers.now();
    if (isAwake) return;
    isAwake = true;
    for (const entry of entries) start(entry);
    parts.onWake();
    lookIn(parts.idleMs());
  };

  return {
    setTimer(callback, ms) {
      // Due never: it is called by nobody.
      if (ms === Number.POSITIVE_INFINITY) return () => {};
      const entry: Entry = {
        dueAt: timers.now() + ms,
        fire() {
          // A longer time than timers take is waited for in parts.
          if (timers.now() < entry.dueAt - 1) return start(entry);
          entries.delete(entry);
          touchedAt = timers.now();
          callback();
        },
        cancel: () => {},
      };
      entries.add(entry);
      if (isAwake) start(entry);
      return () => {
        entry.cancel();
        entries.delete(entry);
      };
    },
    touch,
    async alarm() {
      hasNoAlarm = true;
      await setAlarm(timers.now() + AGAIN_MS);
      touch();
    },
  };
}
