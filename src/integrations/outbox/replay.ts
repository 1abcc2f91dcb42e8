// Repeats one stored request and settles it by what came of it. Invariants: nothing is forgotten before its answer has
// said that it arrived; what could not be asked, or was asked offline, counts as no attempt.

import type { Delivery, Queue } from "../../index.js";
import { type Attempt, preparedBy } from "./attempts.js";
import { reportFailure, sleep } from "./context.js";
import type { Gates } from "./gates.js";
import { ackNoting, type Delivered } from "./history.js";
import { messageOf } from "./message.js";
import type { Network } from "./network.js";
import type { OutboxMessage, Settings } from "./options.js";
import { originOf, type StoredRequest } from "./stored-request.js";
import { discard, judge, reasonOf, statusLineOf, type Verdict } from "./verdict.js";

export interface ReplayParts {
  readonly settings: Settings;
  readonly gates: Gates;
  readonly network: Network;
  readonly attempt: Attempt;
  /** The browser says that it is offline: no more deliveries until it is not. */
  onOffline(): void;
  /** Somebody has answered. */
  onAnswer(): void;
  /** Where what was delivered is noted; there, if anywhere, once there are deliveries. */
  history(): Promise<Queue<Delivered> | undefined>;
  delivered(message: OutboxMessage, status: number): void;
}

/** Attempts that the queue counts; beyond them a request is given back uncounted, until its time is over. */
export const COUNTED_MAX = 1_000;

export interface ReplayOptions {
  /** Epoch milliseconds after which no attempt begins. */
  readonly endsAt?: number;
  /** Asks also when the browser says that it is offline: it may be wrong. */
  readonly isProbe?: boolean;
}

export type Replay = (delivery: Delivery<StoredRequest>, options?: ReplayOptions) => Promise<void>;

interface Answered {
  readonly message: OutboxMessage;
  readonly response: Response;
  readonly origin: string;
  readonly verdict: Verdict;
}

/** What runs late in a service worker's time still gets so long for its answer. */
const GRACE_MS = 30_000;

export function createReplay(parts: ReplayParts): Replay {
  const { settings, gates, network, attempt, onOffline, onAnswer, history, delivered } = parts;
  const release = (delivery: Delivery, delayMs: number) => delivery.release(delayMs > 0 ? { delayMs } : {});

  /** Not reached: the request waits, uncounted, for the network or for its backoff. */
  const unreachable = async (delivery: Delivery, origin: string) => {
    if (network.isOffline()) {
      gates.left(origin);
      onOffline();
      return release(delivery, 0);
    }
    const delayMs = gates.failed(origin, Date.now(), { attempt: 0, maxMs: settings.unreachableMaxMs });
    await release(delivery, Math.max(1, delayMs));
  };

  const replay: Replay = async (delivery, { endsAt = Number.POSITIVE_INFINITY, isProbe = false } = {}) => {
    const { body: stored, signal } = delivery;
    const origin = originOf(stored.url);
    if (network.isOffline() && !isProbe) {
      onOffline();
      return release(delivery, 0);
    }
    const pass = gates.enter(origin, Date.now());
    if (pass.type === "wait") return release(delivery, pass.ms);
    if (Date.now() + pass.ms > endsAt) {
      gates.left(origin);
      return release(delivery, pass.ms);
    }
    if (pass.ms > 0) await sleep(pass.ms, signal);
    const message = messageOf(delivery);
    const limitMs = Math.max(0, endsAt - Date.now()) + GRACE_MS;
    const wasOffline = network.isOffline();
    let response: Response;
    try {
      response = await attempt(stored, { signal, limitMs, prepare: preparedBy(settings, message) });
    } catch {
      // Taken away meanwhile: it is in the queue already, or cancelled.
      if (signal.aborted) return gates.left(origin);
      network.failed();
      return unreachable(delivery, origin);
    }
    const verdict = await judge(response, message, settings, Date.now());
    // Whoever refuses while the browser is offline is not the server.
    if (verdict.type !== "delivered" && (wasOffline || network.isOffline())) {
      discard(response);
      return unreachable(delivery, origin);
    }
    onAnswer();
    await settle(delivery, { message, response, origin, verdict });
  };

  const settle = async (delivery: Delivery<StoredRequest>, { message, response, origin, verdict }: Answered) => {
    if (verdict.type === "delivered") {
      gates.succeeded(origin);
      await callHook(() => settings.onDelivered?.(response, message));
      const { status } = response;
      await ackNoting(delivery, { ...message, status }, await history());
      discard(response);
      return delivered(message, status);
    }
    if (verdict.type === "dead") {
      gates.succeeded(origin);
      return delivery.deadLetter(await reasonOf(response));
    }
    const { afterMs } = verdict;
    const reason = statusLineOf(response);
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
