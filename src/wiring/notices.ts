// The channel on which a host of this origin announces.

import type { Channel } from "../link/finding/directory.js";

/** `undefined` where there are none. */
export const openNotices = (name: string): Channel | undefined =>
  typeof BroadcastChannel === "undefined" ? undefined : (new BroadcastChannel(name) as Channel);
