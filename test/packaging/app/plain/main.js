// An app in plain JavaScript that uses every entry for pages, and sees its message arrive.
import { openQueue } from "originmq";
import { exportQueue } from "originmq/backup";
import { createOutbox } from "originmq/outbox";
import { inbox, outbox } from "originmq/transactional";
import { Queue } from "originmq/workbox";

async function main() {
  const url = new URLSearchParams(location.search).get("url");
  const greetings = await openQueue("greetings", url ? { url } : {});
  greetings.consume(async ({ body }) => {
    // What the entries share is there once: the outbox starts the worker of "originmq".
    await createOutbox({ name: "plain", replay: false }).stats();
    for await (const _ of exportQueue(greetings)) break;
    document.title = [inbox, outbox, Queue].every((one) => typeof one === "function") ? body.text : "incomplete";
  });
  // On a server it goes by way of this device, with the piece that is loaded for that.
  const sending = url ? await openQueue("greetings", { url, local: true }) : greetings;
  await sending.send({ text: "arrived" });
}

main().catch((error) => {
  console.error(error.message);
});
