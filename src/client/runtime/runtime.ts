// What a client takes from its surroundings, handed in so that a simulated world can stand in for them.

import type { Reading } from "../../core/spec/time.js";
import { setTimer } from "../../link/rpc/timer.js";
import { afterTurn } from "../../link/rpc/turn.js";
import { randomUuid } from "./uuid.js";

/**
 * How long a client waits for a host: one that has not taken it in by then will hardly do so, and another port is opened;
 * who closes waits so long for one that takes what is still to be sent.
 */
export const HOST_MS_MAX = 10_000;

export interface Runtime {
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  now(): Reading;
  /** Calls once after about `ms`; returns what cancels it. Never on the path of a message: pages throttle timers. */
  setTimer(callback: () => void, ms: number): () => void;
  /** Calls when the current task is over. */
  afterTurn(callback: () => void): void;
  /** A name that nobody else has. */
  uuid(): string;
  /** A number in [0, 1). */
  random(): number;
}

export const runtime: Runtime = {
  now: () => performance.now(),
  setTimer,
  afterTurn,
  uuid: randomUuid,
  random: () => Math.random(),
};
