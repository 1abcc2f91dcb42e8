// A channel on which nothing is posted, over whatever tells what there is to hear.

import type { Channel } from "./directory.js";

/** `hear` starts to tell a listener, and returns what ends that; closing the channel ends it for all of its listeners. */
export function hearingChannel(hear: (listener: (event: MessageEvent) => void) => () => void): Channel {
  const ends = new Map<unknown, () => void>();
  const end = (listener: unknown) => {
    ends.get(listener)?.();
    ends.delete(listener);
  };
  return {
    postMessage() {},
    addEventListener(_, listener) {
      if (!ends.has(listener)) ends.set(listener, hear(listener));
    },
    removeEventListener: (_, listener) => end(listener),
    close() {
      for (const listener of [...ends.keys()]) end(listener);
    },
  };
}
