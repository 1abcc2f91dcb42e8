// Hears what consumers say, those in workers over a channel and those of this page directly.

import type { Report } from "./words.js";

export interface Reports {
  readonly channel: string;
  /** Says it in this page. */
  tell(report: Report): void;
  /** Returns what ends the listening. */
  listen(listener: (report: Report) => void): () => void;
  /** The first report from now on that matches; `undefined` when there is none in time. */
  next(matches: (report: Report) => boolean, timeoutMs: number): Promise<Report | undefined>;
}

export function createReports(name: string): Reports {
  const listeners = new Set<(report: Report) => void>();
  let channel: BroadcastChannel | undefined;

  const tell = (report: Report) => {
    for (const listener of [...listeners]) listener(report);
  };
  const open = () => {
    channel = new BroadcastChannel(name);
    channel.addEventListener("message", ({ data }: MessageEvent<Report>) => tell(data));
  };
  open();
  // An open channel would cost the page its place in the back/forward cache.
  addEventListener("pagehide", () => channel?.close());
  addEventListener("pageshow", ({ persisted }) => persisted && open());

  const listen = (listener: (report: Report) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    channel: name,
    tell,
    listen,
    next: (matches, timeoutMs) =>
      new Promise((resolve) => {
        const end = (report: Report | undefined) => {
          clearTimeout(timer);
          stop();
          resolve(report);
        };
        const timer = setTimeout(() => end(undefined), timeoutMs);
        const stop = listen((report) => matches(report) && end(report));
      }),
  };
}
