// A database that is in use while its key is waited for:
//
//   locked ──asked──▶ answered ──right──▶ unlocked
//      ▲                 └──wrong, or no answer: whoever waits hears why──┐
//      └──────────────────asked again by the next that needs the key──────┘
//
// Invariant: what is sealed meanwhile opens with that key alone.

import { abortable } from "../client/runtime/abortable.js";
import { createSeal, type Keyring, LOCKED_KINDS, tampered } from "./keyring.js";
import type { GivenEncryption } from "./options.js";
import { createLockedSender, type Pair } from "./pair.js";
import type { UnlockedKey } from "./unlock.js";

export interface OpenedKey extends UnlockedKey {
  /** What it was opened with. */
  readonly encryption: GivenEncryption;
}

export interface Lock {
  readonly isLocked: boolean;
  /** A database that has a pair knows what is sealed together. */
  readonly isSeveral: true;
  /** Seals what is sent from the beginning; whatever else it is asked for waits. */
  readonly keyring: Keyring;
  /** Resolves once it is unlocked, and asks for the key where nobody does. Rejects with why it stays locked, and as the signal says. */
  unlocked(signal?: AbortSignal): Promise<OpenedKey>;
  /** Whether somebody was told by an event that it stays locked, and why. */
  wasTold(reason: unknown): boolean;
  /** Tells of this, too. */
  tellOn<Target extends Listened>(target: Target): Target;
  /** Ends the waiting. */
  close(reason: unknown): void;
}

export interface LockParts {
  /** Of the key. */
  readonly id: string;
  readonly pair: Pair;
  /** Asks for the key. */
  open(): Promise<OpenedKey>;
  /** Aborts when it is destroyed, or there will be no host any more. */
  readonly over: AbortSignal;
}

/** What has events, by no more than is overridden. */
interface Listened {
  addEventListener(type: never, listener: never, options?: never): void;
  removeEventListener(type: never, listener: never, options?: never): void;
}
type Listens = (
  type: string,
  listener: EventListenerOrEventListenerObject,
  options?: boolean | AddEventListenerOptions,
) => void;

export async function createLock({ id, pair, open, over }: LockParts): Promise<Lock> {
  const sealLocked = createSeal(id, await createLockedSender(pair.public));
  const events = new EventTarget();
  const ending = new AbortController();
  let opened: OpenedKey | undefined;
  let attempt: Promise<OpenedKey> | undefined;
  let reason: unknown;
  const listeners = new Set<EventListenerOrEventListenerObject>();
  let told: { readonly reason: unknown } | undefined;

  const lockedEvent = () => new CustomEvent("locked", { detail: { reason } });
  const tryToOpen = async (): Promise<OpenedKey> => {
    try {
      const found = await abortable(abortable(open(), ending.signal), over);
      if (found.pair?.public !== pair.public) throw tampered("what was sent while the key was not there");
      opened = found;
    } catch (error) {
      reason = error;
      // Before it is told: who listens may ask again at once.
      attempt = undefined;
      if (!ending.signal.aborted && !over.aborted) {
        told = listeners.size > 0 ? { reason } : undefined;
        events.dispatchEvent(lockedEvent());
      }
      throw error;
    }
    events.dispatchEvent(new Event("unlocked"));
    return opened;
  };
  const unlocked = async (signal?: AbortSignal): Promise<OpenedKey> => {
    if (opened) return opened;
    for (const ended of [over, ending.signal]) ended.throwIfAborted();
    attempt ??= tryToOpen();
    return abortable(attempt, signal);
  };

  /** Whoever begins to listen to it while it is locked is told at once: nobody could before. */
  const listen: Listens = (type, listener, options) => {
    const isTold = type === "locked" && opened === undefined;
    if (isTold) {
      const target = new EventTarget();
      target.addEventListener(type, listener);
      queueMicrotask(() => opened ?? target.dispatchEvent(lockedEvent()));
    }
    const isOnce = typeof options === "object" && options.once === true;
    if (isTold && isOnce) return;
    if (type === "locked") listeners.add(listener);
    events.addEventListener(type, listener, options);
  };

  return {
    get isLocked() {
      return opened === undefined;
    },
    isSeveral: true,
    keyring: {
      id,
      async seal(kind, identity, plain) {
        const now = opened?.keyring.seal ?? (LOCKED_KINDS.has(kind) ? sealLocked : (await unlocked()).keyring.seal);
        return now(kind, identity, plain);
      },
      open: async (...asked) => (await unlocked()).keyring.open(...asked),
      nameOf: async (...asked) => (await unlocked()).keyring.nameOf(...asked),
      hidden: async (...asked) => (await unlocked()).keyring.hidden(...asked),
      shown: async (...asked) => (await unlocked()).keyring.shown(...asked),
      makePair: async () => (await unlocked()).keyring.makePair(),
      openPair: async (...asked) => (await unlocked()).keyring.openPair(...asked),
    },
    unlocked,
    wasTold: (reason) => told !== undefined && told.reason === reason,
    tellOn<Target extends Listened>(target: Target): Target {
      const { addEventListener, removeEventListener } = target as { [Name in keyof Listened]: Listens };
      const isOwn = (type: string) => type === "locked" || type === "unlocked";
      return Object.assign(target, {
        addEventListener: (...given) => (isOwn(given[0]) ? listen : addEventListener)(...given),
        removeEventListener: (...given) => {
          if (given[0] === "locked") listeners.delete(given[1]);
          events.removeEventListener(...given);
          removeEventListener(...given);
        },
      } satisfies { [Name in keyof Listened]: Listens });
    },
    close: (reason) => ending.abort(reason),
  };
}
