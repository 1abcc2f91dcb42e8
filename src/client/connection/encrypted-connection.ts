// The public face of a connection that was opened with a key. How it keeps what it promises is loaded with that key.

import type { LockEventMap } from "../queue/events.js";
import type { Encryption } from "./connect-options.js";
import type { Connection, ConnectionEventMap } from "./connection.js";

/** What an encrypted connection tells, by the type of the event. */
export interface EncryptedConnectionEventMap extends ConnectionEventMap, LockEventMap {
  /** Another key or password opens the database from now on; what is open goes on. */
  rekeyed: Event;
  /** The key was destroyed, here or elsewhere, and all that it had encrypted: consumers have ended, and every call rejects with `shredded`. */
  shredded: Event;
}

/** How far the encryption of a queue is. */
export interface EncryptProgress {
  /** Messages and dead letters that are encrypted. */
  readonly done: number;
  /** How many there are. */
  readonly total: number;
}

/** What the encryption of a queue tells, and how it is stopped. */
export interface EncryptOptions {
  /** Called after each page. */
  readonly onProgress?: (progress: EncryptProgress) => void;
  /** Gives up, with its reason: what is encrypted stays so, and the next call goes on. */
  readonly signal?: AbortSignal;
}

/** A connection that was opened with a key. */
export interface EncryptedConnection extends Connection {
  /** Whether its key is still waited for; never without `whileLocked`. */
  readonly locked: boolean;
  /**
   * From now on another key or password opens the database, and this one no more: in one commit, before which only the one does,
   * and after which only the other. Nothing is encrypted anew, and whoever has the database open goes on. Resolves when nothing that is stored
   * can be opened with the key before. Rejects with `wrong-key` where somebody has changed it since, and has done nothing then.
   */
  rekey(encryption: Encryption): Promise<void>;
  /**
   * Encrypts what a queue holds, where it stands: messages that wait, dead letters, schedules, names of groups, and deduplication ids. From the
   * first moment on it takes nothing (`encrypted`) and hands out nothing, and what is in work is waited for; resolves when all is
   * encrypted and the log has forgotten what it said before: then `openQueue` opens it. At once where there is nothing to do; a queue that is not there is made, encrypted. Whoever is
   * stopped, or dies, calls it again, here or elsewhere. Rejects with `not-cloneable` before anything is done where a body has no form in bytes,
   * with `encrypted` for a subscription with a filter, and with `unsupported` while an earlier build hosts.
   */
  encrypt(queue: string, options?: EncryptOptions): Promise<void>;
  /**
   * Destroys the key, and every encrypted queue and subscription with all it holds, in one commit: for log-outs. Queues that are
   * not encrypted stay. Everybody who has the key in memory is told (`shredded`), and can send nothing with it any more. Whoever opens the
   * database next makes it a new key. Rejects with `denied` where a server does not let this client manage every queue, and with
   * `unsupported` while an earlier build hosts.
   */
  shred(): Promise<void>;
  /**
   * As of every connection, and: `rekeyed`: another key or password opens the database from now on. `shredded`: the key was
   * destroyed, here or elsewhere. `locked` and `unlocked`: with `whileLocked`, whether the key is there.
   */
  addEventListener<Type extends keyof EncryptedConnectionEventMap>(
    type: Type,
    listener: (event: EncryptedConnectionEventMap[Type]) => void,
  ): void;
  /** Ends what `addEventListener` began, for the same listener. */
  removeEventListener<Type extends keyof EncryptedConnectionEventMap>(
    type: Type,
    listener: (event: EncryptedConnectionEventMap[Type]) => void,
  ): void;
}
