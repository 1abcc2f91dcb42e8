// One attempt: a handler over a delivery, and how it ends.
//
//   admitted ──▶ handler runs ──returns──▶ its answer is durable, where one is asked for ──▶ acknowledged
//      │                      └─throws──▶ retried
//      └─▶ kept away: settled already
//
// Invariant: each attempt ends once, whatever the handler returns or throws; what it settled by hand stays.

import type { Verdict } from "../../core/commands/commands.js";
import type { Admit } from "./admission.js";
import { ACK, type Delivery } from "./delivery.js";
import { failureOf } from "./failure.js";
import type { Holding } from "./holding.js";
import { asksForReply } from "./replies.js";

/** Returns: acknowledged, and what it returned is the answer to a request. Throws or rejects: retried. Settling the delivery itself overrides both. */
export type Handler<Body> = (delivery: Delivery<Body>) => unknown;

export interface Handling<Body> {
  readonly handler: Handler<Body>;
  /** Keeps away what no handler may see. */
  readonly admit?: Admit | undefined;
}

/**
 * Called once when the attempt is over, with the verdict on a delivery that is not settled yet; with none where it is.
 * `isAtOnce`: the handler returned no promise, and this is its turn.
 */
export type OnEnd = (verdict: Verdict | undefined, isAtOnce: boolean) => void;

/** Starts the attempt. */
export function handle<Body>({ handler, admit }: Handling<Body>, holding: Holding<Body>, onEnd: OnEnd): void {
  const admitted = admit ? admit(holding) : true;
  // It may have been lost while it was looked at.
  const enter = (isAdmitted: boolean) =>
    isAdmitted && !holding.isSettled ? run(handler, holding, onEnd) : onEnd(undefined, false);
  if (typeof admitted === "boolean") enter(admitted);
  else void admitted.then(enter);
}

/** A handler that returned no promise is done with: waiting for nothing, twice a message, is what took the time. */
function run<Body>(handler: Handler<Body>, holding: Holding<Body>, onEnd: OnEnd): void {
  let returned: unknown;
  let isOver = false;
  try {
    returned = handler(holding.delivery);
    isOver = !isThenable(returned) && !holding.pending && !asksForReply(holding.headers);
  } catch (thrown) {
    returned = Promise.reject(thrown);
  }
  if (isOver) onEnd(holding.isSettled ? undefined : ACK, true);
  else void finish(holding, returned, onEnd);
}

async function finish<Body>(holding: Holding<Body>, returned: unknown, onEnd: OnEnd): Promise<void> {
  let verdict = ACK;
  try {
    const value = await returned;
    if (holding.pending) await holding.pending;
    if (asksForReply(holding.headers) && (holding.isAcked || !holding.isSettled)) await holding.answer({ value });
  } catch (thrown) {
    verdict = { type: "retry", failure: failureOf(thrown) };
    if (holding.pending) await holding.pending.catch(() => {});
  }
  onEnd(holding.isSettled ? undefined : verdict, false);
}

const isThenable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
