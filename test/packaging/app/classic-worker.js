// A service worker as an application writes it, and as most tools build it: into one classic script.
import "originmq/encryption";
import { createOutbox } from "originmq/outbox";
import { openQueue } from "originmq/service-worker";
import { Queue } from "originmq/workbox";

const outbox = createOutbox({ name: "classic", replay: false });
const entries = new Queue("classic");

addEventListener("install", (event) => {
  event.waitUntil(skipWaiting());
});
addEventListener("activate", (event) => {
  event.waitUntil(clients.claim());
});
addEventListener("message", (event) => {
  event.waitUntil(work().then((answer) => event.ports[0].postMessage(answer)));
});

async function work() {
  const queue = await openQueue("classic-numbers", { encryption: { generate: true } });
  await queue.send(1);
  const [delivery] = await queue.receive({ waitMs: 5_000 });
  await delivery?.ack();
  await entries.pushRequest({ request: new Request("/kept", { method: "POST", body: "text" }) });
  return { body: delivery?.body, waiting: (await outbox.stats()).ready, entries: entries.name };
}
