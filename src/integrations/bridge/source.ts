// What a bridge asks of where it takes from: messages under a lease, each of which ends once.

import type { BridgeMessage } from "./message.js";
import type { Warn } from "./target.js";

/** A message in the hands of a bridge. The first settlement counts; what comes too late does nothing. */
export interface BridgeDelivery {
  /** What is to be forwarded. */
  readonly message: BridgeMessage;
  /** Somebody else may have it by now: it is not to be sent any more. */
  readonly isLost: boolean;
  /** Forwarded: the source forgets it. */
  ack(): void;
  /** Goes back to its place, uncounted, as if it had never been taken; for so long, where `delayMs` is given. */
  release(delayMs?: number): void;
  /** Refused for good. */
  deadLetter(reason: string): void;
}

/** What a bridge wants of its source. */
export interface Taking {
  /** How many may be out at once, neither forwarded nor given back. */
  readonly inFlight: number;
  /** The same of every session of this bridge: what is set up once, for all of them, is set up for so many. */
  readonly inFlightMax: number;
  /** Becomes the bridge's event `warning`. */
  readonly warn: Warn;
  /** Called with what was taken, in its order. */
  take(delivery: BridgeDelivery): void;
}

/** The source while it hands over. */
export interface SourceSession {
  /** Resolves, with why, when nothing more will come of it. */
  readonly ended: Promise<unknown>;
  /**
   * Hands over nothing more from this call on; resolves when all that was handed over is settled, and the settlements are
   * stored. Called once.
   */
  close(): Promise<void>;
}

/** Where a bridge takes messages from: write one for an engine of your own. */
export interface BridgeSource {
  /** Where messages come from, for people. */
  readonly name: string;
  /** What was given back for a while keeps back what is behind it in its group. Where it does not, no delay is asked for. */
  readonly keepsGroups: boolean;
  /** Headers by which it says itself how a message came, whatever that was sent with. Default: none. */
  readonly ownHeaders?: readonly string[];
  /**
   * Hands messages over from now on. However many bridges take from one source, one of them is handed messages at a time,
   * so that their order holds. Rejects with why it cannot: it is tried again, after a while.
   */
  open(taking: Taking, signal: AbortSignal): Promise<SourceSession>;
  /** The bridge is closed, and no session is open: lets go of what is kept from one to the next. */
  close?(): Promise<void>;
}
