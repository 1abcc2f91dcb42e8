// What a bridge tells of itself: its statistics, and its events.

import { QueueError } from "../../core/spec/errors.js";
import type { BridgeMessage } from "./message.js";
import type { BridgeTarget, BridgeWarning, Outcome } from "./target.js";

/** How a bridge goes, counted since it was made. */
export interface BridgeStats {
  /**
   * - `opening`: the target was not reached yet. - `flowing`: what comes is forwarded. - `stalled`: the target cannot be
   * reached, or takes nothing; it is tried again. - `closed`: nothing more happens.
   */
  readonly state: "opening" | "flowing" | "stalled" | "closed";
  /** Where messages come from, for people. */
  readonly source: string;
  /** Where they go, for people. */
  readonly target: string;
  /** What a confirmation of the target is worth. */
  readonly guarantee: BridgeTarget["guarantee"];
  /** Taken, and neither forwarded nor given back. */
  readonly inFlight: number;
  /** Confirmed by the target, since the bridge was made. */
  readonly forwarded: number;
  /** Of these, those that the target had already. */
  readonly duplicates: number;
  /** Refused for good. */
  readonly refused: number;
  /** Outcomes that were not known, or not possible at the moment: sent again. */
  readonly sentAgain: number;
  /** Epoch milliseconds; `null` while nothing is wrong. */
  readonly stalledSince: number | null;
  /** What was last in the way; `null` while nothing is. */
  readonly error: QueueError | null;
}

/** What each event carries in `detail`. */
export interface BridgeEventMap {
  /** The target has confirmed messages: their ids, in the order they were sent. */
  forwarded: CustomEvent<{ readonly ids: readonly string[]; readonly duplicates: number }>;
  /** The target has refused a message for good, in its words; it is a dead letter now. */
  refused: CustomEvent<{ readonly id: string; readonly reason: string }>;
  /** Nothing can be forwarded at the moment, and why. Once for each time that this begins, or that the reason changes. */
  stalled: CustomEvent<{ readonly error: QueueError }>;
  /** What comes is forwarded, for the first time or again; since when it was not, in epoch milliseconds, or `null`. */
  flowing: CustomEvent<{ readonly stalledSince: number | null }>;
  /** What an application should know, though nothing has failed: what may be lost on the other side, and why. */
  warning: CustomEvent<BridgeWarning>;
}

/** How the parts of a bridge say what happens. */
export interface Telling {
  readonly target: EventTarget;
  stats(): BridgeStats;
  held(change: number): void;
  answered(messages: readonly BridgeMessage[], outcomes: readonly Outcome[]): void;
  flowing(): void;
  /** `side`: the name of what is in the way. */
  stalled(error: unknown, side: string): void;
  warning(warning: BridgeWarning): void;
  closed(): void;
}

type Changing = { -readonly [Name in keyof BridgeStats]: BridgeStats[Name] };

export function createTelling(names: Pick<BridgeStats, "source" | "target" | "guarantee">, now: () => number): Telling {
  const target = new EventTarget();
  const counts = { inFlight: 0, forwarded: 0, duplicates: 0, refused: 0, sentAgain: 0 };
  const stats: Changing = { state: "opening", ...names, ...counts, stalledSince: null, error: null };
  const dispatch = <Type extends keyof BridgeEventMap>(type: Type, detail: BridgeEventMap[Type]["detail"]) => {
    target.dispatchEvent(new CustomEvent(type, { detail }));
  };

  return {
    target,
    stats: () => ({ ...stats }),
    held(change) {
      stats.inFlight += change;
    },
    answered(messages, outcomes) {
      const ids: string[] = [];
      let duplicates = 0;
      messages.forEach(({ id }, i) => {
        const outcome = outcomes[i] as Outcome;
        if (outcome.type === "unknown") stats.sentAgain++;
        else if (outcome.type === "refused") {
          stats.refused++;
          dispatch("refused", { id, reason: outcome.reason });
        } else {
          ids.push(id);
          if (outcome.type === "duplicate") duplicates++;
        }
      });
      stats.forwarded += ids.length;
      stats.duplicates += duplicates;
      if (ids.length > 0) dispatch("forwarded", { ids, duplicates });
    },
    flowing() {
      const { state, stalledSince } = stats;
      Object.assign(stats, { state: "flowing", stalledSince: null, error: null });
      if (state !== "flowing") dispatch("flowing", { stalledSince });
    },
    stalled(given, side) {
      const error = queueErrorOf(given, side);
      const isNews = stats.state !== "stalled" || stats.error?.message !== error.message;
      stats.stalledSince ??= now();
      stats.state = "stalled";
      stats.error = error;
      if (isNews) dispatch("stalled", { error });
    },
    warning: (warning) => dispatch("warning", warning),
    closed() {
      Object.assign(stats, { state: "closed", stalledSince: null });
    },
  };
}

/** What is in the way, as every failure here is told. */
function queueErrorOf(given: unknown, side: string): QueueError {
  if (given instanceof QueueError) return given;
  const message = given instanceof Error ? given.message : String(given);
  return new QueueError("host-lost", `${side} cannot be reached: ${message}`, { cause: given });
}
