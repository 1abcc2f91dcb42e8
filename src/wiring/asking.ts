// The means of asking for a host in this runtime. Of neither side: clients ask, and hosts do among themselves.

import type { Asking, Channel } from "../link/finding/directory.js";
import { setTimer } from "../link/rpc/timer.js";

export const createAsking = (directory: string): Asking => ({
  directory,
  openChannel: (name) => new BroadcastChannel(name) as Channel,
  setTimer,
  uuid: () => crypto.randomUUID(),
});
