// The means of asking for a host in this runtime.

import { runtime } from "../client/runtime.js";
import type { Asking, Channel } from "../link/directory.js";

export const createAsking = (directory: string): Asking => ({
  directory,
  openChannel: (name) => new BroadcastChannel(name) as Channel,
  setTimer: runtime.setTimer,
  uuid: runtime.uuid,
});
