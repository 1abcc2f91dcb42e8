// One stretch of forwarding: from the opening of both sides until one of them fails, or it is stopped.
// Invariants: at most `inFlight` messages are out; each is settled once; what was not forwarded when the stretch ends goes
// back to its place, uncounted, in the order it came.

import { QueueError } from "../../core/spec/errors.js";
import { fullJitter, growingMs } from "../../core/spec/waits.js";
import { deferred } from "../../link/rpc/deferred.js";
import { createLines, type Entry, type Line } from "./lines.js";
import type { Runtime } from "./runtime.js";
import type { BridgeDelivery, BridgeSource, SourceSession } from "./source.js";
import { isStored, type Outcome, type TargetSession } from "./target.js";
import type { Telling } from "./telling.js";

/** Why a stretch has ended. */
export interface FlowEnd {
  readonly error: unknown;
  /** The session is over; of a send that took nothing it may live on. */
  readonly isSessionOver: boolean;
  /** It was the source that ended: whether the target takes anything is another question. */
  readonly isOfSource?: boolean;
}

export interface FlowParts {
  readonly source: BridgeSource;
  /** The target's name. */
  readonly target: string;
  readonly session: TargetSession;
  readonly batch: number;
  readonly inFlight: number;
  /** Of all stretches. */
  readonly inFlightMax: number;
  /**
   * Whether anything is taken is not known: what is not ends it at once, and stays away for so long, so that the next probe is
   * of another line. Missing: it is no probe.
   */
  readonly awayMs: number | undefined;
  readonly runtime: Runtime;
  readonly telling: Telling;
  /** Ids of what was confirmed after it had been given back. */
  readonly late: Set<string>;
}

export interface Flow {
  readonly ended: Promise<FlowEnd>;
  /** Resolves, once, when something was taken. */
  readonly taken: Promise<void>;
  /** Takes no more, waits so long for what is under way, and gives the rest back. */
  stop(waitMs: number): Promise<void>;
}

/** After so long a call that was not answered is taken for lost, for the time being. */
export const CALL_MS = 15_000;
/** For settlements to be stored by a source that may be out of reach. */
const SETTLED_MS = 10_000;
/** Of a line that has to send again. */
const REST: { readonly baseMs: number; readonly maxMs: number } = { baseMs: 50, maxMs: 2_000 };
/** Sendings of a line's head after which it is given back for longer. */
const LINE_TRIES = 6;
const LONG_REST_MS = 30_000;
/** Calls in a row of which nothing was taken, after which the target is left alone. */
const THRESHOLD = 3;
const LATE_MAX = 10_000;

export async function openFlow(parts: FlowParts, signal: AbortSignal): Promise<Flow> {
  const { session, batch, awayMs, runtime, telling, late } = parts;
  const lines = createLines();
  /** Under way, by call. */
  const calls = new Map<Promise<unknown>, Set<Entry>>();
  let failures = 0;
  let isOver = false;
  let isPumping = false;
  const { promise: ended, resolve: end } = deferred<FlowEnd>();
  const { promise: taken, resolve: onTaken } = deferred();

  const timers = new Set<() => void>();
  /** Unless the stretch is stopped before. */
  const after = (ms: number, callback: () => void): (() => void) => {
    const cancel = () => {
      timers.delete(cancel);
      cancelTimer();
    };
    const cancelTimer = runtime.setTimer(() => {
      timers.delete(cancel);
      callback();
    }, ms);
    timers.add(cancel);
    return cancel;
  };

  const take = (delivery: BridgeDelivery) => {
    if (isOver) return delivery.release();
    if (late.delete(delivery.message.id)) return delivery.ack();
    lines.add(delivery);
    telling.held(1);
    pumpSoon();
  };

  /** What comes in one turn leaves together. */
  const pumpSoon = () => {
    if (isPumping) return;
    isPumping = true;
    queueMicrotask(() => {
      isPumping = false;
      while (!isOver && !(session.inTurn && calls.size > 0)) {
        const entries = lines.next(batch);
        if (entries.length === 0) return;
        forward(entries);
      }
    });
  };

  const unanswered = () => {
    const error = new QueueError("timeout", `${parts.target} has not answered for ${CALL_MS} ms`);
    end({ error, isSessionOver: true });
  };

  const forward = (entries: readonly Entry[]) => {
    const sendable = withoutLost(entries);
    if (sendable.length === 0) return;
    const cancelTimer = session.isSelfTimed ? () => {} : after(CALL_MS, unanswered);
    const call = send(session, sendable).then((outcomes) => {
      cancelTimer();
      const own = calls.get(call) as Set<Entry>;
      calls.delete(call);
      answered(sendable, outcomes, own);
    });
    calls.set(call, new Set(sendable));
  };

  /** What comes behind a lost one in its line waits until that is back: it is handed out again before them. */
  const withoutLost = (entries: readonly Entry[]): readonly Entry[] => {
    const broken = new Set<Line>();
    const sendable: Entry[] = [];
    for (const entry of entries) {
      if (entry.delivery.isLost) broken.add(entry.line);
      if (!broken.has(entry.line)) {
        sendable.push(entry);
        continue;
      }
      giveBack([entry]);
      lines.answered(entry, true);
    }
    for (const line of broken) giveBack(lines.empty(line));
    return sendable;
  };

  /** `own`: those that were not given back meanwhile. */
  const answered = (entries: readonly Entry[], outcomes: readonly Outcome[], own: ReadonlySet<Entry>) => {
    let error: unknown;
    let unknown = 0;
    const told: Entry[] = [];
    const outcomesTold: Outcome[] = [];
    entries.forEach((entry, i) => {
      const outcome = outcomes[i] as Outcome;
      // What was given back will be refused again.
      if (own.has(entry) || outcome.type !== "refused") {
        told.push(entry);
        outcomesTold.push(outcome);
      }
      if (outcome.type === "unknown") {
        error = outcome.error;
        unknown++;
      }
      if (own.has(entry)) settle(entry, outcome);
      else if (isStored(outcome)) remember(late, entry.delivery.message.id);
    });
    telling.answered(
      told.map(({ delivery }) => delivery.message),
      outcomesTold,
    );
    if (unknown < entries.length) {
      failures = 0;
      onTaken();
    } else failures++;
    if (failures >= (awayMs === undefined ? THRESHOLD : 1)) {
      // It may be this line alone that is not taken.
      if (awayMs !== undefined)
        for (const line of lines.toRest()) if (isAlone(line)) giveBack(lines.empty(line), awayMs);
      return end({ error, isSessionOver: false });
    }
    for (const line of lines.toRest()) rest(line, error);
    pumpSoon();
  };

  const settle = (entry: Entry, outcome: Outcome) => {
    const { delivery } = entry;
    const isUnknown = outcome.type === "unknown";
    if (outcome.type === "refused") delivery.deadLetter(outcome.reason);
    else if (!isUnknown) delivery.ack();
    else if (isOver) delivery.release();
    if (!isUnknown || isOver) telling.held(-1);
    lines.answered(entry, !isUnknown || isOver);
  };

  const giveBack = (entries: readonly Entry[], delayMs?: number) => {
    for (const { delivery } of entries) delivery.release(delayMs);
    telling.held(-entries.length);
  };

  const isAlone = ({ groupId }: Line) => groupId !== null && parts.source.keepsGroups;

  /** A line that cannot go on is given back, for a while, where nothing but its own group waits for it. */
  const rest = (line: Line, error: unknown) => {
    if (isOver) return giveBack(lines.empty(line));
    if (line.failures < LINE_TRIES) {
      const ms = fullJitter(growingMs(line.failures, REST), runtime.random());
      after(ms, () => {
        lines.resume(line);
        pumpSoon();
      });
      return;
    }
    if (!isAlone(line)) return end({ error, isSessionOver: false });
    giveBack(lines.empty(line), fullJitter(LONG_REST_MS, runtime.random()));
    line.failures = 0;
    lines.resume(line);
  };

  const { inFlight, inFlightMax } = parts;
  const taking = { inFlight, inFlightMax, take, warn: telling.warning };
  const opened: SourceSession = await parts.source.open(taking, signal);
  void session.ended.then((error) => end({ error, isSessionOver: true }));
  void opened.ended.then((error) => end({ error, isSessionOver: false, isOfSource: true }));

  return {
    ended,
    taken,
    async stop(waitMs) {
      isOver = true;
      // They would keep a process that has nothing else to do.
      for (const cancel of timers) cancel();
      const closed = opened.close();
      giveBack(lines.clear());
      await within(runtime, waitMs, Promise.all(calls.keys()));
      for (const own of calls.values()) {
        giveBack([...own]);
        own.clear();
      }
      await within(runtime, SETTLED_MS, closed);
    },
  };
}

/** Outcomes of all, whatever the target does. */
async function send(session: TargetSession, entries: readonly Entry[]): Promise<readonly Outcome[]> {
  try {
    return await session.send(entries.map(({ delivery }) => delivery.message));
  } catch (error) {
    return entries.map(() => ({ type: "unknown", error }));
  }
}

/** Resolves with the work, or after so long. */
function within(runtime: Runtime, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = runtime.setTimer(resolve, ms);
    void work.finally(() => {
      cancel();
      resolve();
    });
  });
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  for (const oldest of ids) {
    if (ids.size <= LATE_MAX) break;
    ids.delete(oldest);
  }
}
