// Tells every context that has the queue open what one of them has forwarded. Hints: nothing is lost when one is missed.
// Invariant: a page that is put to sleep has no channel open, so that none keeps it from the back/forward cache.

import type { BridgeEventMap } from "../bridge/telling.js";

/** What was learnt of messages, which is the same in every context. */
export type Told = {
  readonly [Type in "forwarded" | "refused"]: {
    readonly type: Type;
    readonly detail: BridgeEventMap[Type]["detail"];
  };
}["forwarded" | "refused"];

export interface Telling {
  tell(told: Told): void;
  close(): void;
}

export function tellContexts(name: string, onTold: (told: Told) => void): Telling {
  let channel: BroadcastChannel | undefined;
  const open = () => {
    if (channel || typeof BroadcastChannel === "undefined") return;
    channel = new BroadcastChannel(name);
    // Another build of this package may say more.
    channel.onmessage = ({ data }: MessageEvent<Told>) => {
      if (data?.type === "forwarded" || data?.type === "refused") onTold(data);
    };
  };
  const end = () => {
    channel?.close();
    channel = undefined;
  };
  open();
  globalThis.addEventListener?.("pagehide", end);
  globalThis.addEventListener?.("pageshow", open);
  return {
    tell: (told) => channel?.postMessage(told),
    close() {
      globalThis.removeEventListener?.("pagehide", end);
      globalThis.removeEventListener?.("pageshow", open);
      end();
    },
  };
}
