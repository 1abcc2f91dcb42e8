// Records what is to happen together. Invariant: nothing leaves before the callback has ended, and nothing at all if
// it throws.

import type { Verdict } from "../../core/commands/commands.js";
import { invalid } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import {
  type Delivery,
  deadVerdict,
  holdingOf,
  type ReleaseOptions,
  type RetryOptions,
  releaseVerdict,
  retryVerdict,
} from "../receiving/delivery.js";
import { commit, type Sending, type Settling, sendingOf } from "../sending/commit.js";
import type { Receipt } from "../sending/item.js";
import type { QueueRef } from "../sending/known.js";
import type { SendOptions } from "../sending/options.js";
import type { Pipeline } from "../sending/pipeline.js";

/** What a queue takes; of one that is only named, anything. */
export type BodyOf<Ref> = Ref extends { send(body: infer Input, ...rest: never[]): unknown } ? Input : unknown;

/** What happens in one commit, or not at all. Deliveries are those of the same connection. */
export interface Transaction {
  /** To any queue of the database, by its name or as an object. Options as for `queue.send`, without `signal`. */
  send<Ref extends QueueRef>(queue: Ref, body: BodyOf<Ref>, options?: SendOptions): void;
  /** The message is done with, as by `delivery.ack`. */
  ack(delivery: Delivery): void;
  /** The attempt failed, as by `delivery.retry`. */
  retry(delivery: Delivery, options?: RetryOptions): void;
  /** Gives the message back uncounted, as `delivery.release` does. */
  release(delivery: Delivery, options?: ReleaseOptions): void;
  /** Gives the message up with this reason, as `delivery.deadLetter` does. */
  deadLetter(delivery: Delivery, reason: string): void;
}

/** Calls back with the transaction, then commits what it recorded. */
export async function runTransaction(
  pipeline: Pipeline,
  callback: (transaction: Transaction) => unknown,
): Promise<Receipt[]> {
  const sends: Sending[] = [];
  const settles: Settling[] = [];
  let isOver = false;
  const assertOpen = () => {
    if (isOver) throw new QueueError("closed", "the transaction's callback has ended");
  };
  const settle = (delivery: unknown, verdict: Verdict, where: string) => {
    assertOpen();
    const holding = holdingOf(delivery, pipeline);
    if (holding === undefined) return invalid(where, delivery, "a delivery of this connection");
    settles.push({ holding, verdict });
  };
  const transaction: Transaction = {
    send(queue, body, options) {
      assertOpen();
      sends.push(sendingOf(pipeline, { queue, body, options }, "transaction.send()"));
    },
    ack: (delivery) => settle(delivery, { type: "ack" }, "transaction.ack(delivery)"),
    retry: (delivery, options) =>
      settle(delivery, retryVerdict(options, "transaction.retry()"), "transaction.retry(delivery)"),
    release: (delivery, options) =>
      settle(delivery, releaseVerdict(options, "transaction.release()"), "transaction.release(delivery)"),
    deadLetter: (delivery, reason) =>
      settle(delivery, deadVerdict(reason, "transaction.deadLetter(reason)"), "transaction.deadLetter(delivery)"),
  };
  try {
    const result = callback(transaction);
    if (result instanceof Promise) await result;
  } finally {
    isOver = true;
  }
  return commit(pipeline, sends, settles);
}
