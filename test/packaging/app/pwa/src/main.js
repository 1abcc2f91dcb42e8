// A page that starts without a network, and whose saves arrive when there is one again.
import { openQueue } from "originmq";
import { createOutbox } from "originmq/outbox";

createOutbox({ name: "saves" });
await navigator.serviceWorker.register("/sw.js");
await navigator.serviceWorker.ready;
if (!navigator.serviceWorker.controller) {
  await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}
const starts = await openQueue("starts");
await starts.send({});
document.title = `started ${(await starts.stats()).ready}`;
