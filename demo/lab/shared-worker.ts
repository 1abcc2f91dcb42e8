// The host of the demo: the SharedWorker that comes with OriginMQ, which in the lab can also be told to fail.

import "../../src/shared-worker.js";
import { HOST_CHANNEL, type HostObeys, type HostOrder } from "./words.js";

const channel = new BroadcastChannel(HOST_CHANNEL);

channel.addEventListener("message", ({ data }: MessageEvent<HostOrder | HostObeys>) => {
  if (data.type === "obeys") return;
  channel.postMessage({ type: "obeys", id: data.id } satisfies HostObeys);
  // It ends with this task, without a word to its clients, like a worker that the browser kills.
  if (data.type === "close") return close();
  const until = performance.now() + data.ms;
  while (performance.now() < until);
});
