// Forwards what one side holds to the other, until it is closed. It is a consumer like any other: what it takes it holds
// under leases, and acknowledges once the other side has confirmed it; so whatever dies, nothing is lost, and the message's
// id keeps it from being there twice. The breaker is this loop:
//
//   opening the target ──▶ flowing ──failed──▶ all given back, waiting (full jitter) ──▶ opening, if it is over
//          └──failed──▶ waiting                        ▲                         └──▶ probing: one message at a time
//                                                      └──not taken──────────────────────┘ └──taken──▶ flowing

import type { Queue } from "../../client/queue/queue.js";
import { asyncDispose } from "../../client/runtime/dispose.js";
import { abortSignal, checkOptions, duration, integer, invalid, type Spec } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { REQUEST_MESSAGES_MAX } from "../../core/spec/limits.js";
import { fullJitter, growingMs } from "../../core/spec/waits.js";
import { type Flow, type FlowEnd, openFlow } from "./flow.js";
import { type Runtime, runtime } from "./runtime.js";
import { sourceOf, targetOf } from "./sides.js";
import type { BridgeSource } from "./source.js";
import type { BridgeTarget, TargetSession } from "./target.js";
import { type BridgeEventMap, type BridgeStats, createTelling } from "./telling.js";

/** How much a bridge has under way. */
export interface BridgeOptions {
  /** Messages given to the target in one call, at most. Default 200. */
  readonly batch?: number;
  /**
   * Messages taken and not confirmed, at most. With 1, order holds even where the target takes one message and not the one
   * before it. Default 1,000.
   */
  readonly inFlight?: number;
  /** Closes the bridge. */
  readonly signal?: AbortSignal;
}

type Listener<Type extends keyof BridgeEventMap> =
  | ((event: BridgeEventMap[Type]) => void)
  | { handleEvent(event: BridgeEventMap[Type]): void };

/** A bridge at work, from `bridge()` until it is closed. */
export interface Bridge {
  /** How it is now. */
  stats(): BridgeStats;
  /** See `BridgeEventMap` for what it tells. */
  addEventListener<Type extends keyof BridgeEventMap>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** Ends what `addEventListener` began, for the same listener. */
  removeEventListener<Type extends keyof BridgeEventMap>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | EventListenerOptions,
  ): void;
  /**
   * Takes nothing more, waits for the target's answers to what it was sent, `waitMs` at most (default 5,000), and gives the
   * rest back, uncounted. Resolves when all of that is stored. Leaves both sides open that it was given open.
   */
  close(options?: { readonly waitMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const BRIDGE_SPEC: Spec = {
  batch: integer(1, REQUEST_MESSAGES_MAX),
  inFlight: integer(1, REQUEST_MESSAGES_MAX),
  signal: abortSignal,
};
const CLOSE_SPEC: Spec = { waitMs: duration() };
const CLOSE_WAIT_MS = 5_000;
/** Between two attempts to reach the target: `random(0, min(maxMs, baseMs · 2^(n − 1)))` after the n-th failure. */
const BREAK = { baseMs: 200, maxMs: 30_000 };
/** What has gone on for so long was no failure from the start. */
const SOUND_MS = 60_000;

/**
 * A bridge from a queue, or what else messages come from, to a queue or an engine. It works from this call on, and tells by
 * `stats()` and its events how it goes: what is wrong with a side that cannot be reached stands there, too. However many
 * tabs or processes open the same bridge, each message crosses once, in order: of a group, and of the queue where there
 * are none. Throws `invalid-argument`, naming the option.
 */
export function bridge(
  source: Queue | BridgeSource,
  target: Queue | BridgeTarget,
  options: BridgeOptions = {},
): Bridge {
  const from = sourceOf(source, "bridge(source)");
  const to = targetOf(target, "bridge(…, target)");
  if (source === target) invalid("bridge(…, target)", target, "another queue than its source");
  checkOptions("bridge()", options, BRIDGE_SPEC);
  return createBridge(from, to, options, runtime);
}

export function createBridge(
  source: BridgeSource,
  target: BridgeTarget,
  { batch = 200, inFlight = 1_000, signal }: BridgeOptions,
  runtime: Runtime,
): Bridge {
  signal?.throwIfAborted();
  const names = { source: source.name, target: target.name, guarantee: target.guarantee };
  const telling = createTelling(names, runtime.now);
  const closing = new AbortController();
  const late = new Set<string>();
  let closeWaitMs = CLOSE_WAIT_MS;
  /** Failures since something was taken. */
  let failures = 0;

  const isClosing = () => closing.signal.aborted;
  const aborted = new Promise<"closing">((resolve) => {
    closing.signal.addEventListener("abort", () => resolve("closing"));
  });

  const sideOf = (end: Pick<FlowEnd, "isOfSource">) => (end.isOfSource ? source.name : target.name);

  const rest = async (error: unknown, side: string) => {
    if (isClosing()) return;
    telling.stalled(error, side);
    const ms = fullJitter(growingMs(++failures, BREAK), runtime.random());
    await restFor(runtime, ms, closing.signal);
  };

  const closeSource = async () => source.close?.().catch(() => {});

  /** One stretch. Answers with why it has ended, or with nothing when the bridge is closing, or the probe was taken. */
  const flowOnce = async (session: TargetSession, most: number, isProbe: boolean): Promise<FlowEnd | undefined> => {
    // Longer than the next wait, whatever chance says.
    const awayMs = isProbe ? growingMs(failures + 1, BREAK) : undefined;
    const limits = { batch, inFlight: most, inFlightMax: inFlight, awayMs };
    const parts = { source, target: target.name, session, ...limits, runtime, telling, late };
    const opening = openFlow(parts, closing.signal);
    const opened = await Promise.race([opening.catch((error: unknown) => ({ error })), aborted]);
    if (opened === "closing") {
      // It may come all the same.
      void opening.then((flow) => flow.stop(0)).then(closeSource, () => {});
      return undefined;
    }
    if ("error" in opened) return { error: opened.error, isSessionOver: false, isOfSource: true };
    const flow: Flow = opened;
    if (!isProbe) telling.flowing();
    const since = runtime.now();
    void flow.taken.then(() => {
      failures = 0;
    });
    const end = await Promise.race([flow.ended, aborted, ...(isProbe ? [flow.taken.then(() => undefined)] : [])]);
    if (runtime.now() - since > SOUND_MS) failures = 0;
    const failed = end === "closing" ? undefined : end;
    // Told before what is under way is waited for.
    if (failed && !isClosing()) telling.stalled(failed.error, sideOf(failed));
    await flow.stop(closeWaitMs);
    return failed;
  };

  /** Over one session, for as long as it lives. */
  const flowOver = async (session: TargetSession) => {
    let isProbe = false;
    while (!isClosing()) {
      const end = await flowOnce(session, isProbe ? 1 : inFlight, isProbe);
      isProbe = end !== undefined && (isProbe || !end.isOfSource);
      if (end === undefined) continue;
      if (end.isOfSource && isClosed(end.error)) return void close();
      await rest(end.error, sideOf(end));
      if (end.isSessionOver) return;
    }
  };

  const run = async () => {
    while (!isClosing()) {
      const opening = target.open(closing.signal, telling.warning);
      const opened = await Promise.race([opening.catch((error: unknown) => ({ error })), aborted]);
      if (opened === "closing") {
        // It may come all the same.
        void opening.then((session) => session.close()).catch(() => {});
      } else if ("error" in opened) await rest(opened.error, target.name);
      else {
        await flowOver(opened);
        await opened.close().catch(() => {});
      }
    }
    await closeSource();
    telling.closed();
  };

  const running = run();
  const close: Bridge["close"] = async (options = {}) => {
    checkOptions("close()", options, CLOSE_SPEC);
    closeWaitMs = options.waitMs ?? closeWaitMs;
    closing.abort();
    signal?.removeEventListener("abort", onAbort);
    await running;
  };
  const onAbort = () => void close();
  signal?.addEventListener("abort", onAbort);

  return {
    stats: telling.stats,
    addEventListener: (type, listener, options) =>
      telling.target.addEventListener(type, listener as EventListenerOrEventListenerObject, options),
    removeEventListener: (type, listener, options) =>
      telling.target.removeEventListener(type, listener as EventListenerOrEventListenerObject, options),
    close,
    [asyncDispose]: () => close(),
  };
}

/** For good, by the application: there is nothing more to forward. */
const isClosed = (error: unknown): boolean => error instanceof QueueError && error.code === "closed";

/** So long, or until the browser says that there is a network again, or the signal aborts. */
function restFor(runtime: Runtime, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      globalThis.removeEventListener?.("online", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = runtime.setTimer(end, ms);
    globalThis.addEventListener?.("online", end);
    signal.addEventListener("abort", end);
  });
}
