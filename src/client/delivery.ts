// One handing-out of a message to this client, and the register of those it holds.
// Invariant: a delivery is in the register from its arrival until its settlement is known, so that what this client
// tells a host it holds is all it may still settle.

import { checkOptions, duration, string } from "../core/check.js";
import type { Held, Verdict } from "../core/commands.js";
import { QueueError } from "../core/errors.js";
import { encodeId } from "../core/ids.js";
import type { Failure, Seq } from "../core/journal.js";
import { forEachSeq, rangesOf } from "../core/ranges.js";
import type { Column, HandOut, Headers, HeldReply } from "../link/wire.js";
import type { Pipeline } from "./pipeline.js";
import type { Runtime } from "./runtime.js";

/** A message in the hands of one consumer. The first settlement wins; a later one rejects with `lease-lost`. */
export interface Delivery<Body = unknown> {
  readonly id: string;
  readonly body: Body;
  /** Number of this attempt, 1 on the first. Attempts that never started are not counted. */
  readonly attempt: number;
  readonly headers: Headers;
  readonly priority: number;
  /** Epoch milliseconds of acceptance. */
  readonly sentAt: number;
  /** Epoch milliseconds at which the lease ends unless it is renewed; handlers of `consume` are renewed by the host. */
  readonly leaseExpiresAt: number;
  /** Aborts with a `QueueError` when the lease is lost, the handler has run too long, or the consumer is forced to stop. */
  readonly signal: AbortSignal;
  /** Done: the message is gone once this resolves. */
  ack(): Promise<void>;
  /** The attempt failed: delivered again after the queue's back-off, or after `delayMs`; dead after `maxDeliveries`. */
  retry(options?: { readonly delayMs?: number; readonly reason?: string }): Promise<void>;
  /** Gives the message back without counting the attempt. */
  release(options?: { readonly delayMs?: number }): Promise<void>;
  /** Gives the message up, with the reason kept. */
  deadLetter(reason: string): Promise<void>;
  /** The lease ends `ms` from now. */
  extend(ms: number): Promise<void>;
}

/** What the client knows of a delivery beyond what its handler sees. */
export interface Holding<Body = unknown> {
  readonly delivery: Delivery<Body>;
  readonly isSettled: boolean;
  /** The handler starts now: from here its time counts. */
  start(): void;
  settle(verdict: Verdict): Promise<void>;
  /** Gives the message back while its handler runs, and tells the handler why. */
  withdraw(reason: QueueError): Promise<void>;
  /** Calls once when the delivery is taken from its handler. */
  onLost(callback: () => void): void;
}

export interface Holdings {
  /** Takes a hand-out in, in order. */
  take<Body>(handOut: HandOut): Holding<Body>[];
  held(): Held[];
  report(): HeldReply;
  lose(lost: readonly Held[], reason: QueueError): void;
  /** Takes every delivery from its handler. */
  loseAll(reason: QueueError): void;
}

interface Entry {
  readonly startedAt: number | undefined;
  lose(reason: QueueError): void;
}

export function createHoldings(pipeline: Pipeline, runtime: Runtime): Holdings {
  const byGrant = new Map<string, Map<Seq, Entry>>();
  const remove = (grant: string, seq: Seq) => {
    const entries = byGrant.get(grant);
    entries?.delete(seq);
    if (entries?.size === 0) byGrant.delete(grant);
  };
  const held = (): Held[] => [...byGrant].map(([grant, entries]) => ({ grant, seqs: rangesOf(entries.keys()) }));
  return {
    take<Body>(handOut: HandOut) {
      const { grant } = handOut;
      const entries = byGrant.get(grant) ?? new Map<Seq, Entry>();
      byGrant.set(grant, entries);
      const taken: Holding<Body>[] = [];
      forEachSeq(handOut.seqs, (seq) => {
        const holding = createHolding<Body>({ pipeline, runtime }, handOut, seq, taken.length, () =>
          remove(grant, seq),
        );
        entries.set(seq, holding);
        taken.push(holding);
      });
      return taken;
    },
    held,
    report() {
      const running: { grant: string; seq: Seq; elapsedMs: number }[] = [];
      const now = runtime.now();
      for (const [grant, entries] of byGrant) {
        for (const [seq, { startedAt }] of entries) {
          if (startedAt !== undefined) running.push({ grant, seq, elapsedMs: now - startedAt });
        }
      }
      return { held: held(), running };
    },
    loseAll(reason) {
      for (const entries of [...byGrant.values()]) for (const entry of [...entries.values()]) entry.lose(reason);
    },
    lose(lost, reason) {
      for (const { grant, seqs } of lost) {
        forEachSeq(seqs, (seq) => byGrant.get(grant)?.get(seq)?.lose(reason));
      }
    },
  };
}

const at = <T>(column: Column<T>, i: number): T => (Array.isArray(column) ? (column as readonly T[])[i] : column) as T;

const NO_HEADERS: Headers = Object.freeze({});

function createHolding<Body>(
  { pipeline, runtime }: { readonly pipeline: Pipeline; readonly runtime: Runtime },
  handOut: HandOut,
  seq: Seq,
  i: number,
  forget: () => void,
): Holding<Body> & Entry {
  const { grant } = handOut;
  let state: "held" | "settling" | "over" = "held";
  let startedAt: number | undefined;
  let leaseExpiresAt = handOut.until;
  let lost: QueueError | undefined;
  let controller: AbortController | undefined;
  let onLost: () => void = () => {};

  const settle = async (verdict: Verdict): Promise<void> => {
    if (state !== "held") throw lost ?? new QueueError("lease-lost", "the delivery was settled before");
    state = "settling";
    try {
      await pipeline.settle(grant, seq, verdict);
    } catch (error) {
      if (error instanceof QueueError && error.code === "lease-lost") abort(error);
      throw error;
    } finally {
      forget();
    }
  };

  const abort = (reason: QueueError) => {
    lost ??= reason;
    controller?.abort(lost);
    onLost();
  };

  // Methods are closures: a handler may take them apart, as in `({ body, ack }) => …`.
  const delivery: Delivery<Body> = {
    id: encodeId(at(handOut.terms, i), seq),
    body: handOut.bodies[i] as Body,
    attempt: at(handOut.attempts, i),
    headers: handOut.headers?.[i] ?? NO_HEADERS,
    priority: at(handOut.priorities, i),
    sentAt: at(handOut.sentAt, i),
    get leaseExpiresAt() {
      return leaseExpiresAt;
    },
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (lost) controller.abort(lost);
      }
      return controller.signal;
    },
    ack: () => settle({ type: "ack" }),
    async retry(options = {}) {
      checkOptions("retry()", options, { delayMs: duration(), reason: string(0, REASON_MAX) });
      const { delayMs, reason } = options;
      const failure = reason === undefined ? undefined : { name: "retry", message: reason };
      await settle({ type: "retry", ...(delayMs !== undefined && { delayMs }), ...(failure && { failure }) });
    },
    async release(options = {}) {
      checkOptions("release()", options, { delayMs: duration() });
      await settle({ type: "release", ...(options.delayMs !== undefined && { delayMs: options.delayMs }) });
    },
    async deadLetter(reason) {
      string(0, REASON_MAX)(reason, "deadLetter(reason)");
      await settle({ type: "dead", reason });
    },
    async extend(ms) {
      duration(1)(ms, "extend(ms)");
      if (state !== "held") throw lost ?? new QueueError("lease-lost", "the delivery was settled before");
      const { until } = await pipeline.command<{ until: number }>({ type: "extend", grant, seq, ms });
      leaseExpiresAt = until;
    },
  };

  return {
    delivery,
    get isSettled() {
      return state !== "held";
    },
    get startedAt() {
      return startedAt;
    },
    start() {
      startedAt = runtime.now();
    },
    settle,
    withdraw(reason) {
      const settled = settle({ type: "release" });
      abort(reason);
      return settled;
    },
    onLost(callback) {
      onLost = callback;
    },
    lose(reason) {
      if (state !== "held") return;
      state = "over";
      forget();
      abort(reason);
    },
  };
}

export const REASON_MAX = 10_000;
const FAILURE_NAME_MAX = 1_000;

/** What a handler threw, whatever it is, as a failure that can be stored. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Error || (typeof thrown === "object" && thrown !== null && "message" in thrown)) {
    const { name, message } = thrown as { name?: unknown; message: unknown };
    return { name: String(name ?? "Error").slice(0, FAILURE_NAME_MAX), message: String(message).slice(0, REASON_MAX) };
  }
  return { name: "NonError", message: describe(thrown).slice(0, REASON_MAX) };
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? String(thrown));
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
