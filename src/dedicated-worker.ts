// The dedicated worker entry, for where SharedWorker is missing: hosts for its page, and for others over channels.
// It is told each port by a message, and to stop when its page freezes or goes.

import { answerOpening } from "./link/finding/answering.js";
import { STOP_HOSTING } from "./link/rpc/names.js";
import { createHosting, proveLife } from "./wiring/hosting.js";

const stopping = new AbortController();
const hosting = createHosting("dedicated-worker", stopping.signal);
const life = proveLife();

addEventListener("message", ({ data, ports: [port] }: MessageEvent) => {
  if (port) answerOpening(port, hosting, life);
  if (data === STOP_HOSTING) stopping.abort();
});
