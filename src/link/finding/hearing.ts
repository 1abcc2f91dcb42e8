// Announcements that reach a context in another way than by a BroadcastChannel: who listens here, and channels for them.

import type { Channel } from "./directory.js";

type Listener = (event: MessageEvent) => void;

export interface Hearing {
  /** Tells all that listen. */
  tell(data: unknown): void;
  /** Whether anybody would hear of it. */
  isHeard(): boolean;
  /** A channel on which nothing is posted; closing it ends the listening of all of its listeners. */
  openChannel(): Channel;
}

/** `onChange`: somebody listens from now on, or no longer. */
export function createHearing(onChange: () => void): Hearing {
  const listening = new Set<Listener>();
  const end = (listener: Listener) => {
    if (listening.delete(listener)) onChange();
  };
  return {
    tell(data) {
      for (const listener of [...listening]) listener({ data } as MessageEvent);
    },
    isHeard: () => listening.size > 0,
    openChannel() {
      const own = new Set<Listener>();
      return {
        postMessage() {},
        addEventListener(_, listener) {
          own.add(listener);
          listening.add(listener);
          onChange();
        },
        removeEventListener: (_, listener) => end(listener),
        close() {
          for (const listener of own) end(listener);
        },
      };
    },
  };
}
