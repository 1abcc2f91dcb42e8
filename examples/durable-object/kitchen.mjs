// The kitchen: prepares what the Worker has put on "orders". Start as many as there is work for; each order goes to one of them.
//
//   KITCHEN_KEY=… node kitchen.mjs --site http://127.0.0.1:8787

import { parseArgs } from "node:util";
import { connect } from "originmq";

const { values } = parseArgs({ options: { site: { type: "string", default: "http://127.0.0.1:8787" } } });
const { site } = values;

/** Asked for each time that it connects, and again when the last one has ended. */
async function token() {
  const headers = { authorization: `Bearer ${process.env.KITCHEN_KEY}` };
  const response = await fetch(new URL("/kitchen-token", site), { method: "POST", headers });
  if (!response.ok)
    throw new Error(`${site} answered ${response.status}: is the Worker there, and KITCHEN_KEY its own?`);
  return response.text();
}

// Said here, and once: what `token()` throws later is tried again.
await token();
const connection = await connect({ url: new URL("/mq/cafe", site.replace(/^http/, "ws")).href, token });
const orders = await connection.openQueue("orders");
console.log(`the kitchen works on "orders" of ${site}`);

const consumer = orders.consume(
  async (delivery) => {
    const { drink } = delivery.body;
    console.log(`${drink}, attempt ${delivery.attempt}`);
    // In one commit: the order is done and on "ready", or it is neither and comes again.
    await delivery.ack({ send: [{ queue: "ready", body: { drink, order: delivery.id } }] });
  },
  { concurrency: 4 },
);

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await consumer.stop();
    await connection.close();
    process.exit(0);
  });
