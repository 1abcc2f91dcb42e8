// What becomes of the key of a database while it is in use: others may wrap it with another, or destroy it.
// Invariant: a key that is destroyed is found to be so as soon as the host says it, and with each host that is met anew.

import type { Client } from "../client/connection/client.js";
import { whenAborted } from "../client/runtime/abortable.js";
import { noteTold } from "../client/runtime/complain.js";
import { KEY_QUEUE } from "../core/spec/key-queue.js";
import { idOf, type KeyStore, shredded, wrappingOf } from "./unlock.js";

export interface KeyWatch {
  /** Aborts with `shredded` once the key is destroyed. */
  readonly shredded: AbortSignal;
  /** The same, and when there will be no host any more. */
  readonly over: AbortSignal;
  /** `rekeyed` and `shredded`. */
  readonly events: EventTarget;
  /** Looks again. Resolves when it has. */
  look(): Promise<void>;
  stop(): void;
}

/** Ids of keys that are destroyed here: who does that knows it. */
export const destroyedHere = new Set<string>();

export function watchKey(client: Pick<Client, "listen" | "notices" | "over">, store: KeyStore, id: string): KeyWatch {
  const events = new EventTarget();
  const ending = new AbortController();
  const over = new AbortController();
  let known: string | undefined;
  const look = async () => {
    const stored = await store.read();
    if (ending.signal.aborted) return;
    if (stored === undefined || idOf(stored) !== id) {
      stop();
      const reason = shredded();
      if (destroyedHere.has(id)) noteTold(reason);
      for (const controller of [ending, over]) controller.abort(reason);
      events.dispatchEvent(new Event("shredded"));
      return;
    }
    const wrapping = wrappingOf(stored);
    if (known !== undefined && known !== wrapping) events.dispatchEvent(new Event("rekeyed"));
    known = wrapping;
  };
  /** Where the host is lost meanwhile the next one is asked. */
  const tryToLook = () => void look().catch(() => {});
  const forgets = [
    client.notices.listen(KEY_QUEUE, tryToLook),
    client.listen(({ type }) => {
      if (type === "connected") tryToLook();
    }),
    whenAborted(client.over, () => over.abort(client.over.reason)),
  ];
  const stop = () => {
    for (const forget of forgets) forget();
  };
  return { shredded: ending.signal, over: over.signal, events, look, stop };
}
