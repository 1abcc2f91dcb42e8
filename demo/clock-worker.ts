// Timers for a page that may be hidden: browsers slow the timers of hidden pages down, but not those of workers.

import type { ClockRequest } from "./clock.js";

const timers = new Map<number, ReturnType<typeof setTimeout>>();

addEventListener("message", ({ data }: MessageEvent<ClockRequest>) => {
  clearTimeout(timers.get(data.id));
  timers.delete(data.id);
  if (data.type === "after") {
    const ring = () => {
      timers.delete(data.id);
      postMessage(data.id);
    };
    timers.set(data.id, setTimeout(ring, data.ms));
  } else if (data.type === "every") {
    timers.set(
      data.id,
      setInterval(() => postMessage(data.id), data.ms),
    );
  }
});
