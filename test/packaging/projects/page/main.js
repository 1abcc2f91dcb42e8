// An app in plain JavaScript that uses every entry for pages.
import { exportQueue } from "originmq/backup";
import { createOutbox } from "originmq/outbox";
import { openQueue as openToSend } from "originmq/send";
import { inbox, outbox } from "originmq/transactional";
import { Queue } from "originmq/workbox";
import { start } from "./tab.js";

void start(async (orders) => {
  // What the entries share is there once: the outbox starts the worker of "originmq".
  await createOutbox({ name: "page", replay: false }).stats();
  for await (const _ of exportQueue(orders)) break;
  await (await openToSend("signups")).send({ mail: "ada@example.com" });
  if (![inbox, outbox, Queue].every((one) => typeof one === "function")) throw new Error("incomplete");
});
