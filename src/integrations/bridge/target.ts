// What a bridge asks of where it forwards to. A target says what became of each message and nothing else: when to send
// again, whom to tell and what is given up is the bridge's to decide, once for all targets.

import type { BridgeMessage } from "./message.js";

/**
 * What became of one message.
 * - `stored`: the other side has it, to the target's guarantee.
 * - `duplicate`: the other side had it already, under the same id.
 * - `refused`: for good, with the other side's words: no attempt could end better. It becomes a dead letter of its source.
 * - `unknown`: it may be there or not, or could not be taken now. It is sent again under the same id, in its order.
 */
export type Outcome =
  | { readonly type: "stored" }
  | { readonly type: "duplicate" }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "unknown"; readonly error: unknown };

/** What an application should know, though nothing has failed. */
export interface BridgeWarning {
  /**
   * - `session-lost`: the broker has forgotten a session that it was to keep, and with it what it had confirmed, maybe.
   * - `session-shortened`: it keeps sessions for less long than it was asked to.
   * - `no-subscriber`: it has confirmed a message that nobody is to get.
   * - `overflow`: messages that came without a guarantee were dropped, since there were too many of them.
   * - `tampered`: a message does not open, and is a dead letter of its source.
   */
  readonly code: "session-lost" | "session-shortened" | "no-subscriber" | "overflow" | "tampered" | (string & {});
  /** For people. */
  readonly message: string;
}
/** Hears what an operator should know, while messages go on. */
export type Warn = (warning: BridgeWarning) => void;

export const STORED: Outcome = { type: "stored" };
export const DUPLICATE: Outcome = { type: "duplicate" };

export const isStored = ({ type }: Outcome): boolean => type === "stored" || type === "duplicate";

/** The other side while it can be reached. */
export interface TargetSession {
  /**
   * Calls do not overlap: each waits for the answer to the one before it. For a target that refuses a call whole, and then has
   * its messages one by one: what else is under way would come before them. Default: they overlap.
   */
  readonly inTurn?: boolean;
  /**
   * It sees by itself when nothing is answered any more, and no other bound of time holds: for a target that takes a few
   * messages at a time, or whose confirmations take as long as people do. Default: what takes 15 s is `unknown`.
   */
  readonly isSelfTimed?: boolean;
  /**
   * Sends, and resolves with an outcome for each, in their order. Calls may overlap; what they carry reaches the other side in
   * the order of the calls. Rejects where no outcome is known: that is `unknown` for all. Settles in the end, whatever the
   * network does.
   */
  send(messages: readonly BridgeMessage[]): Promise<readonly Outcome[]>;
  /** Resolves, with why, when this session can send nothing more; what it had under way is answered all the same. */
  readonly ended: Promise<unknown>;
  /** Lets go of what it holds. Called once. */
  close(): Promise<void>;
}

/** Where a bridge forwards messages to: write one for an engine of your own. */
export interface BridgeTarget {
  /** Where messages go, for people. */
  readonly name: string;
  /**
   * What `stored` means there. `durable`: it survives the other side's death. `confirmed`: the other side has said that it
   * took it, and may lose it. `confirmed-by-application`: an application beyond it has said by the message's id that it has it.
   */
  readonly guarantee: "durable" | "confirmed" | "confirmed-by-application";
  /**
   * Reaches the other side, and looks whether it keeps what it is given. Rejects with why not: it is tried again, after a
   * while. When the signal aborts, nobody waits any more. `warn` becomes the bridge's event `warning`.
   */
  open(signal: AbortSignal, warn: Warn): Promise<TargetSession>;
}
