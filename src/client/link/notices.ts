// Listens to what the host announces, without a connection to it. Notices are hints: a missed one loses nothing.

import type { Channel } from "../../link/finding/directory.js";
import type { Notice, QueueNotice } from "../../link/rpc/views.js";

export interface NoticeListener {
  /** Calls with each notice about this queue; returns what ends it. */
  listen(queue: string, onNotice: (notice: QueueNotice) => void): () => void;
  /** The same for every queue. */
  listenAll(onNotice: (notice: QueueNotice) => void): () => void;
  /**
   * No channel while the page sleeps: a notice would evict it from the back/forward cache, or be heard in a page that
   * nobody has opened.
   */
  suspend(): void;
  resume(): void;
  close(): void;
}

/** No queue has this name: it is empty. */
const ALL = "";

/** The channel is opened with the first listener and closed with the last: an idle page holds none. */
export function createNoticeListener(openChannel: () => Channel | undefined): NoticeListener {
  const listeners = new Map<string, Set<(notice: QueueNotice) => void>>();
  let channel: Channel | undefined;
  let isSuspended = false;

  const open = () => {
    if (channel || isSuspended) return;
    channel = openChannel();
    if (channel === undefined) return;
    // Node keeps a process alive for an open channel; listening should not.
    (channel as { unref?: () => void }).unref?.();
    channel.addEventListener("message", ({ data }: MessageEvent<Notice>) => {
      // Anybody of the origin can post here.
      if (data?.type !== "notice" || typeof data.queues !== "object" || data.queues === null) return;
      for (const [queue, notice] of Object.entries(data.queues)) {
        for (const onNotice of [...(listeners.get(queue) ?? []), ...(listeners.get(ALL) ?? [])]) onNotice(notice);
      }
    });
  };

  const close = () => {
    channel?.close();
    channel = undefined;
  };

  const listen: NoticeListener["listen"] = (queue, onNotice) => {
    const known = listeners.get(queue) ?? new Set();
    listeners.set(queue, known.add(onNotice));
    open();
    return () => {
      known.delete(onNotice);
      if (known.size === 0) listeners.delete(queue);
      if (listeners.size === 0) close();
    };
  };

  return {
    listen,
    listenAll: (onNotice) => listen(ALL, onNotice),
    suspend() {
      isSuspended = true;
      close();
    },
    resume() {
      isSuspended = false;
      if (listeners.size > 0) open();
    },
    close() {
      listeners.clear();
      close();
    },
  };
}
