// A worker in Node that shares the queue "work" with whatever else is connected: `npm start` in one terminal,
// `npm run example:worker` in another, and "On a server" on the demo's page.
//
//   npm run example:worker -- --site http://localhost:4173 --handle-ms 20

import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { openQueue } from "originmq";

const { values } = parseArgs({
  options: {
    site: { type: "string", default: "http://localhost:4173" },
    name: { type: "string", default: `Node worker ${process.pid} on ${hostname()}` },
    "handle-ms": { type: "string", default: "20" },
  },
});
const { site, name } = values;
const handleMs = Number(values["handle-ms"]);

/** Asks the application who we are to the queue, as a page does. A token that has ended is asked for anew. */
async function enter() {
  const asked = { method: "POST", body: JSON.stringify({ name }) };
  const response = await fetch(new URL("/shared/token", site), asked).catch((cause) => {
    throw new Error(`nobody answers at ${site}: start the demo (npm start), or name another --site`, { cause });
  });
  if (!response.ok) throw new Error(`${site} answered ${response.status}: is the demo running there (npm start)?`);
  return response.json();
}

const { url } = await enter().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const work = await openQueue("work", { url, token: async () => (await enter()).token });
console.log(`${name} works on "work" at ${url}`);

let handled = 0;
const consumer = work.consume(
  async ({ body, signal }) => {
    // What would be work. The signal aborts when somebody else has the message meanwhile.
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, handleMs);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
    handled++;
    console.log(JSON.stringify(body));
  },
  { concurrency: 4, prefetch: 8 },
);

// Handlers end first, then what was taken ahead goes back, then it says goodbye.
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await consumer.stop();
    await work.close();
    console.log(`${name} handled ${handled}`);
    process.exit(0);
  });
