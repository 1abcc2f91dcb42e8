// What the host takes from its surroundings, handed in so that a simulated world can stand in for them.

import { DURATION_MS_MAX } from "../../core/spec/limits.js";
import type { Instant, Reading } from "../../core/spec/time.js";
import { afterTurn } from "../../link/rpc/turn.js";

export interface Platform {
  /** Epoch milliseconds: the clock on the wall, which may be set. For instants, those that are stored above all. */
  now(): Instant;
  /** Milliseconds since some moment of this context; never goes back, whatever the clock is set to. For spans. */
  monotonic(): Reading;
  /** A number in [0, 1). */
  random(): number;
  /** 128 random bits as hexadecimal text: cannot be guessed. */
  token(): string;
  /** Calls once after about `ms`; returns what cancels it. Timers are hints: nothing is lost when one is late. */
  setTimer(callback: () => void, ms: number): () => void;
  /** How often it is looked for what is due, whatever the timers do. Default 60,000: what an idle host wakes for. */
  readonly rescanMs?: number | undefined;
  /** Calls when the current task is over, and what has arrived until now was taken in. */
  afterTurn(callback: () => void): void;
  /** Remembers the epoch outside the database, so that a database that was deleted is missed. */
  readonly canary?: Canary | undefined;
  /** Missing where a host shares nothing with other processes. */
  readonly locks?: LockManager | undefined;
  /** Posts a notice to whoever listens. */
  announce(notice: unknown): void;
}

export interface Canary {
  read(): Promise<number | undefined>;
  write(epoch: number): Promise<void>;
}

/** Two digits a byte. */
export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The real surroundings, but for whom they tell: of a worker, a page, Node, or whatever runs on an edge. */
export function createSurroundings(): Omit<Platform, "announce"> {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: () => Math.random(),
    token: () => hex(crypto.getRandomValues(new Uint8Array(16))),
    setTimer(callback, ms) {
      // A longer one would fire at once. Since timers are hints, one that fires too early does no harm.
      const timer = setTimeout(callback, Math.min(ms, DURATION_MS_MAX));
      (timer as unknown as { unref?: () => void }).unref?.();
      return () => clearTimeout(timer);
    },
    afterTurn,
  };
}

/** With a BroadcastChannel named `channel` for notices. */
export function createPlatform(
  channel: string,
  options: Pick<Platform, "locks" | "canary">,
): Platform & { close(): void } {
  const broadcast = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(channel);
  // Node keeps a process alive for an open channel; announcing should not.
  (broadcast as { unref?: () => void } | undefined)?.unref?.();
  return {
    ...createSurroundings(),
    locks: options.locks,
    canary: options.canary,
    announce: (notice) => broadcast?.postMessage(notice),
    close: () => broadcast?.close(),
  };
}

/** 64 random bits, the part of a message's id that belongs to the host's term. */
export const termOf = (token: string): string => token.slice(0, 16);
