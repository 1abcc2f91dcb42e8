// What happens to a client and its hosts, told to those who listen. It outlives the client that a page begins with.

import type { Channel } from "../../link/finding/directory.js";
import type { DataLoss } from "../../link/rpc/views.js";
import type { ClientEvent } from "../link/client-event.js";
import { createNoticeListener, type NoticeListener } from "../link/notices.js";

export interface Happenings {
  readonly notices: NoticeListener;
  /** What hosts have named as gone so far: those who begin to listen late hear of it, too. */
  readonly losses: readonly DataLoss[];
  /** Calls with what happens to this client's host; returns what ends it. */
  listen(callback: (event: ClientEvent) => void): () => void;
  tell(event: ClientEvent): void;
}

/** `openNotices`: a channel on which the host announces; `undefined` where there is none. */
export function createHappenings(openNotices: () => Channel | undefined): Happenings {
  const listeners = new Set<(event: ClientEvent) => void>();
  const losses: DataLoss[] = [];
  return {
    notices: createNoticeListener(openNotices),
    losses,
    listen(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    tell(event) {
      if (event.type === "datalost") losses.push(event.loss);
      for (const callback of [...listeners]) callback(event);
    },
  };
}
