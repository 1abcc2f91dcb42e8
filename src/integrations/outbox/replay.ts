// Repeats one stored request and settles it by what came of it. Invariants: nothing is forgotten before its answer has
// said that it arrived; what could not be asked, or was asked offline, counts as no attempt.

import type { Delivery } from "../../index.js";
import { isOffline, reportFailure } from "./context.js";
import type { Gates } from "./gates.js";
import { messageOf } from "./message.js";
import type { OutboxMessage, Settings } from "./options.js";
import { isSameOrigin, makeRequest, originOf, type StoredRequest } from "./stored-request.js";
import { judge, reasonOf } from "./verdict.js";

export interface ReplayParts {
  readonly settings: Settings;
  readonly gates: Gates;
  /** The browser says that it is offline: no more deliveries until it is not. */
  onOffline(): void;
  delivered(message: OutboxMessage, status: number): void;
}

/** Attempts that the queue counts; beyond them a request is given back uncounted, until its time is over. */
export const COUNTED_MAX = 1_000;

export const sendsKey = (stored: StoredRequest, { crossOriginKeys }: Settings): boolean =>
  crossOriginKeys || isSameOrigin(stored.url);

export type Replay = (delivery: Delivery<StoredRequest>, endsAt?: number) => Promise<void>;

/** What runs late in a service worker's time still gets so long for its answer. */
const GRACE_MS = 30_000;

export function createReplay({ settings, gates, onOffline, delivered }: ReplayParts): Replay {
  const release = (delivery: Delivery, delayMs: number) => delivery.release(delayMs > 0 ? { delayMs } : {});

  /** Not reached: the request waits, uncounted, for the network or for its backoff. */
  const unreachable = async (delivery: Delivery, origin: string) => {
    if (isOffline()) {
      gates.left(origin);
      onOffline();
      return release(delivery, 0);
    }
    const delayMs = gates.failed(origin, Date.now(), { attempt: 0 });
    await release(delivery, Math.max(1, Math.min(delayMs, settings.unreachableMaxMs)));
  };

  const ask = async (delivery: Delivery<StoredRequest>, message: OutboxMessage, timeoutMs: number) => {
    const stored = delivery.body;
    return withTimeout(timeoutMs, delivery.signal, async (signal) => {
      const request = makeRequest(stored, { sendsKey: sendsKey(stored, settings), signal });
      const replaced = await settings.beforeSend?.(request, message);
      // No second argument: even one that holds only a signal makes `fetch` forget the referrer.
      return fetch(replaced instanceof Request ? replaced : request);
    });
  };

  const replay: Replay = async (delivery, endsAt = Number.POSITIVE_INFINITY) => {
    const origin = originOf(delivery.body.url);
    if (isOffline()) {
      onOffline();
      return release(delivery, 0);
    }
    const pass = gates.enter(origin, Date.now());
    if (pass.type === "wait") return release(delivery, pass.ms);
    if (Date.now() + pass.ms > endsAt) {
      gates.left(origin);
      return release(delivery, pass.ms);
    }
    if (pass.ms > 0) await new Promise((resolve) => setTimeout(resolve, pass.ms));
    const message = messageOf(delivery);
    const timeoutMs = Math.min(settings.timeoutMs, Math.max(0, endsAt - Date.now()) + GRACE_MS);
    let response: Response;
    try {
      response = await ask(delivery, message, timeoutMs);
    } catch {
      // Taken away meanwhile: it is in the queue already.
      if (delivery.signal.aborted) return gates.left(origin);
      return unreachable(delivery, origin);
    }
    await settle(delivery, message, response, origin);
  };

  const settle = async (
    delivery: Delivery<StoredRequest>,
    message: OutboxMessage,
    response: Response,
    origin: string,
  ) => {
    const verdict = judge(response, Date.now());
    if (verdict.type === "delivered") {
      gates.succeeded(origin);
      await callHook(() => settings.onDelivered?.(response, message));
      await delivery.ack();
      discard(response);
      return delivered(message, response.status);
    }
    // Whoever answers while the browser is offline is not the server.
    if (isOffline()) {
      discard(response);
      return unreachable(delivery, origin);
    }
    if (verdict.type === "dead") {
      gates.succeeded(origin);
      return delivery.deadLetter(await reasonOf(response));
    }
    const { afterMs } = verdict;
    const reason = `HTTP ${response.status} ${response.statusText}`.trimEnd();
    discard(response);
    const delayMs = gates.failed(origin, Date.now(), { afterMs, attempt: delivery.attempt });
    if (delivery.attempt >= COUNTED_MAX) return release(delivery, delayMs);
    await delivery.retry({ delayMs, reason });
  };

  return replay;
}

/** A hook that fails must not decide over the request: its failure is reported like an uncaught one. */
export async function callHook(hook: () => unknown): Promise<void> {
  try {
    await hook();
  } catch (error) {
    reportFailure(error);
  }
}

/** Frees the connection of an answer that nobody reads. */
export function discard(response: Response): void {
  if (!response.bodyUsed && !response.body?.locked) response.body?.cancel().catch(() => {});
}

/** Runs with a signal that aborts after `timeoutMs`, or with another one; whoever does not listen to it is left behind. */
export async function withTimeout<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  const onAbort = () => controller.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  outer?.addEventListener("abort", onAbort, { once: true });
  const late = () => controller.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
  const timer = setTimeout(late, timeoutMs);
  try {
    return await Promise.race([run(signal), ended]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
  }
}
