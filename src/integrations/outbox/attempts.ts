// One attempt to send a request: how long it may take, whether it outlives its page, and what ends it.
// Invariants: whoever aborts ends the attempt, and after its headers the body; what is under way with `keepalive` in this
// context never has more bytes than browsers take, so that none is refused for that.

import { DURATION_MS_MAX } from "../../core/spec/limits.js";
import type { OutboxMessage, Settings } from "./options.js";
import { bytesOf, isSameOrigin, makeRequest, type StoredRequest } from "./stored-request.js";

export interface AttemptOptions {
  readonly signal: AbortSignal;
  /** In place of what the settings and the body's size say, when it is shorter. */
  readonly limitMs?: number;
  /** May change the request, or give another one. */
  prepare(request: Request): unknown;
}

/** Asks `beforeSend`. What that throws is the application's, whatever class it is of, and says nothing of the request. */
export const preparedBy =
  ({ beforeSend }: Settings, message: OutboxMessage): AttemptOptions["prepare"] =>
  async (request) => {
    try {
      return await beforeSend?.(request, message);
    } catch (cause) {
      throw new Error("beforeSend() of the outbox failed", { cause });
    }
  };

/** Resolves with the headers of the answer. Rejects with the signal's reason, with `TimeoutError`, or as `fetch` does. */
export type Attempt = (stored: StoredRequest, options: AttemptOptions) => Promise<Response>;

/** What the Fetch standard lets requests with `keepalive` carry, all that are under way in one context together. */
const KEEPALIVE_BYTES_MAX = 64 * 1024;
let keptAliveBytes = 0;

/**
 * No browser's `fetch` tells how far an upload has come, so that time is all there is: `timeoutMs`, and for each byte
 * of the body as long as the slowest upload may take that is still one.
 */
export const attemptMs = (bytes: number, { timeoutMs, minUploadBytesPerS }: Settings): number =>
  Math.min(DURATION_MS_MAX, timeoutMs + Math.ceil((bytes / minUploadBytesPerS) * 1_000));

export function createAttempt(settings: Settings): Attempt {
  const send = async (
    stored: StoredRequest,
    keepalive: boolean,
    signal: AbortSignal,
    prepare: AttemptOptions["prepare"],
  ) => {
    const sendsKey = settings.crossOriginKeys || isSameOrigin(stored.url);
    const request = makeRequest(stored, { sendsKey, keepalive, signal });
    const replaced = await prepare(request);
    signal.throwIfAborted();
    // No second argument: even one that holds only a signal makes `fetch` forget the referrer.
    const asked = replaced instanceof Request ? following(replaced, signal) : request;
    const response = await fetch(asked);
    keepWith(response, [signal, asked]);
    return response;
  };

  return async (stored, { signal: outer, limitMs = Number.POSITIVE_INFINITY, prepare }) => {
    const bytes = bytesOf(stored);
    const run = async (signal: AbortSignal) => {
      signal.throwIfAborted();
      if (!stored.keepalive || keptAliveBytes + bytes > KEEPALIVE_BYTES_MAX)
        return send(stored, false, signal, prepare);
      keptAliveBytes += bytes;
      try {
        return await send(stored, true, signal, prepare);
      } catch (error) {
        // Others in this page have a part of that limit, too: the browser refused, perhaps, and not the network.
        if (bytes === 0 || signal.aborted || !(error instanceof TypeError)) throw error;
      } finally {
        keptAliveBytes -= bytes;
      }
      return send(stored, false, signal, prepare);
    };
    return withTimeout(Math.min(limitMs, attemptMs(bytes, settings)), outer, run);
  };
}

/** What carries an abort to a body that is still read: Node links signals weakly, and would collect what is in between. */
const kept = new WeakMap<Response, unknown[]>();
export function keepWith(response: Response, links: readonly unknown[]): void {
  kept.set(response, [...(kept.get(response) ?? []), ...links]);
}

/** A request that a hook made knows nothing of the signal. */
const following = (request: Request, signal: AbortSignal): Request => {
  const { referrer, referrerPolicy } = request;
  return new Request(request, { signal: AbortSignal.any([request.signal, signal]), referrer, referrerPolicy });
};

/** Runs with a signal that aborts after so long, or with another one; whoever does not listen to it is left behind. */
async function withTimeout<T>(ms: number, outer: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  // Not by a listener that is taken away with the answer: its body is to end with the signal, too.
  const signal = AbortSignal.any([outer, late.signal]);
  const timer = setTimeout(() => late.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError")), ms);
  try {
    return await untilAborted(run(signal), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** As the promise does, or rejects with the signal's reason as soon as it aborts. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = () => reject(signal.reason);
    const settled = () => signal.removeEventListener("abort", end);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    promise.then(resolve, reject).finally(settled);
  });
}
