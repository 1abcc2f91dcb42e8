// What a handler sees of a handing-out of a message.
// Invariant: nothing of it is made before it is asked for, and its methods may be taken apart from it.

import type { Verdict } from "../../core/commands/commands.js";
import type { Headers } from "../../core/log/bodies.js";
import { encodeId } from "../../core/log/encode-id.js";
import type { Seq } from "../../core/log/journal.js";
import { check, checkOptions } from "../../core/spec/check.js";
import { leaseMs, reason as reasonField } from "../../core/spec/fields.js";
import type { HandOut } from "../../link/rpc/wire.js";
import { type CommittedHolding, commit, sendingOf } from "../sending/commit.js";
import type { QueueRef } from "../sending/known.js";
import type { SendOptions } from "../sending/options.js";
import type { Pipeline } from "../sending/pipeline.js";
import { ACK_SPEC, RELEASE_SPEC, RETRY_SPEC } from "./options.js";
import type { AnswerPart } from "./replies.js";

/** When a message is tried again, and why. */
export interface RetryOptions {
  /** Time until it is ready again, in ms, in place of the queue's back-off. Default: the back-off of this attempt. */
  readonly delayMs?: number;
  /**
   * Kept as the message's last error, up to 10,000 characters: `error.message` in `peek` and of the dead letter that it
   * may become. Default: none.
   */
  readonly reason?: string;
}

/** When a message that is given back may be handed out again. */
export interface ReleaseOptions {
  /** Time until it is ready again, in ms. Default 0: at once, in its old place. */
  readonly delayMs?: number;
}

/**
 * A message in the hands of one consumer. The first settlement wins; a later one rejects with `lease-lost`. Its members
 * may be taken apart by name; like those of an event, they are not copied by a spread, but inherited by `Object.create`.
 */
export interface Delivery<Body = unknown> {
  /** Names the message for ever, the same on each delivery: what a server can know a repeat by. */
  readonly id: string;
  /** What was sent, a copy of this context's own; with a schema, what that made of it. */
  readonly body: Body;
  /** Number of this attempt, 1 on the first. Attempts that never started are not counted. */
  readonly attempt: number;
  /**
   * The message may have been handed to a handler before, also where that did not count: its consumer died, or gave it
   * back. `false`: it certainly was not. Ask this, and not `attempt > 1`, before doing again what must not be done twice.
   * Under a host of an earlier version: `attempt > 1`.
   */
  readonly redelivered: boolean;
  /** Text by name, as it was sent; an empty object without any. */
  readonly headers: Headers;
  /** 0 to 9, high first; 4 unless it was sent with another. */
  readonly priority: number;
  /** `null` when it was sent without one. */
  readonly groupId: string | null;
  /** Epoch milliseconds of acceptance. */
  readonly sentAt: number;
  /** Epoch milliseconds from which it is given up if it waits then; `null` when it never is. */
  readonly expiresAt: number | null;
  /** Epoch milliseconds at which the lease ends unless it is renewed; handlers of `consume` are renewed by the host. */
  readonly leaseExpiresAt: number;
  /** Aborts with a `QueueError` when the lease is lost, the handler has run too long, or the consumer is forced to stop. */
  readonly signal: AbortSignal;
  /**
   * Done: the message is gone once this resolves.
   * With `send`: these messages are sent in the same commit, or the message is not acknowledged either. Rejects with
   * `lease-lost`, or with why a message was refused; then nothing happened, and the delivery is still held.
   */
  ack(options?: { readonly send?: readonly TransactionSend[] }): Promise<void>;
  /** The attempt failed: delivered again after the queue's back-off, or after `delayMs`; dead after `maxDeliveries`. */
  retry(options?: RetryOptions): Promise<void>;
  /** Gives the message back without counting the attempt. */
  release(options?: ReleaseOptions): Promise<void>;
  /** Gives the message up, with the reason kept. */
  deadLetter(reason: string): Promise<void>;
  /** The lease ends `ms` from now. */
  extend(ms: number): Promise<void>;
  /** Tells the requester how far its request is; does nothing for a message that nobody waits for. */
  progress(value: unknown): Promise<void>;
}

/** A message that is sent as part of a transaction. */
export interface TransactionSend<Body = unknown> {
  /** Any queue of the same database; the schema of one that is given as an object is asked. */
  readonly queue: QueueRef;
  /** As for `queue.send`. */
  readonly body: Body;
  /** As for `queue.send`, without `signal`. */
  readonly options?: SendOptions;
}

export type ColumnName = "terms" | "attempts" | "priorities" | "sentAt" | "expiresAt" | "groups" | "redelivered";
export type EntryOf<C> = C extends readonly (infer T)[] ? T : C;

export const NO_HEADERS: Headers = Object.freeze({});

export const ACK: Verdict = { type: "ack" };

/** What is behind a delivery. */
export interface Backing extends CommittedHolding {
  readonly seq: Seq;
  readonly body: unknown;
  readonly headers: Headers | undefined;
  readonly isRedelivered: boolean;
  readonly signal: AbortSignal;
  readonly leaseExpiresAt: number;
  readonly pipeline: Pipeline;
  /** Its entry of a column of the hand-out. */
  entry<Name extends ColumnName>(column: Name): EntryOf<HandOut[Name]>;
  settle(verdict: Verdict): Promise<void>;
  answer(part: AnswerPart): Promise<void>;
  extend(ms: number): Promise<void>;
}

/** How a transaction finds what is behind a delivery. */
const HELD = Symbol("held");

/**
 * What a handler sees. Nothing is made before it is asked for: most handlers look at the body alone. Methods are closures
 * all the same, since a handler may take them apart, as in `({ body, ack }) => …`.
 */
export class HeldDelivery<Body> implements Delivery<Body> {
  readonly [HELD]: Backing;

  constructor(held: Backing) {
    this[HELD] = held;
  }

  get id() {
    return encodeId(this[HELD].entry("terms"), this[HELD].seq);
  }
  get body() {
    return this[HELD].body as Body;
  }
  get attempt() {
    return this[HELD].entry("attempts");
  }
  get redelivered() {
    return this[HELD].isRedelivered;
  }
  get headers() {
    return this[HELD].headers ?? NO_HEADERS;
  }
  get priority() {
    return this[HELD].entry("priorities");
  }
  get groupId() {
    return this[HELD].entry("groups") || null;
  }
  get sentAt() {
    return this[HELD].entry("sentAt");
  }
  get expiresAt() {
    return this[HELD].entry("expiresAt") ?? null;
  }
  get leaseExpiresAt() {
    return this[HELD].leaseExpiresAt;
  }
  get signal() {
    return this[HELD].signal;
  }
  get ack(): Delivery["ack"] {
    return async (options) => {
      const held = this[HELD];
      if (options === undefined) return held.settle(ACK);
      checkOptions("ack()", options, ACK_SPEC);
      const { pipeline } = held;
      const sends = (options.send ?? []).map((given, i) => sendingOf(pipeline, given, `ack().send[${i}]`));
      await commit(pipeline, sends, [{ holding: held, verdict: ACK }]);
    };
  }
  get retry(): Delivery["retry"] {
    return async (options) => this[HELD].settle(retryVerdict(options, "retry()"));
  }
  get release(): Delivery["release"] {
    return async (options) => this[HELD].settle(releaseVerdict(options, "release()"));
  }
  get deadLetter(): Delivery["deadLetter"] {
    return async (reason) => this[HELD].settle(deadVerdict(reason, "deadLetter(reason)"));
  }
  get extend(): Delivery["extend"] {
    return async (ms) => {
      check(leaseMs, ms, "extend(ms)");
      await this[HELD].extend(ms);
    };
  }
  get progress(): Delivery["progress"] {
    return (value) => this[HELD].answer({ progress: value });
  }
}

/** What is behind a delivery of this client; `undefined` for anything else. */
export function holdingOf(delivery: unknown, pipeline: Pipeline): CommittedHolding | undefined {
  const held =
    typeof delivery === "object" && delivery !== null ? (delivery as Partial<HeldDelivery<unknown>>)[HELD] : undefined;
  return held?.pipeline === pipeline ? held : undefined;
}

export function retryVerdict(options: RetryOptions = {}, where: string): Verdict {
  checkOptions(where, options, RETRY_SPEC);
  const { delayMs, reason } = options;
  const failure = reason === undefined ? undefined : { name: "retry", message: reason };
  return { type: "retry", ...(delayMs !== undefined && { delayMs }), ...(failure && { failure }) };
}

export function releaseVerdict(options: ReleaseOptions = {}, where: string): Verdict {
  checkOptions(where, options, RELEASE_SPEC);
  return { type: "release", ...(options.delayMs !== undefined && { delayMs: options.delayMs }) };
}

export function deadVerdict(reason: string, where: string): Verdict {
  check(reasonField, reason, where);
  return { type: "dead", reason };
}
