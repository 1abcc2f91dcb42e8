// `openQueue`, `send`; with `?at-once` while the page loads. `fillQueue` leaves behind what the next browser finds.

import { openQueue } from "../../../src/index.js";
import { batchesOf, orderOf } from "../../pages/message.js";
import { offer } from "./way.js";

offer({
  async first(durability) {
    const queue = await openQueue("orders", { durability });
    await queue.send(orderOf(0));
  },
});

globalThis.fillQueue = async (messages) => {
  const queue = await openQueue("orders", { durability: "relaxed", maxMessages: messages + 1_000 });
  await queue.send(orderOf(0));
  for (const delivery of await queue.receive()) await delivery.ack();
  for (const bodies of batchesOf(messages, 1_000)) await queue.sendBatch(bodies.map((body) => ({ body })));
  await queue.close();
};

if (location.search === "?at-once") await openQueue("orders", { durability: "relaxed" });
