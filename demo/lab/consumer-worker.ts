// A crash-test consumer: a client of the queue in a worker of its own, so that it can be killed.

import { connect } from "../../src/index.js";
import { createHandler } from "./handler.js";
import { type ConsumerOrder, DATABASE, type LabBody, type Report } from "./words.js";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

addEventListener("message", async ({ data }: MessageEvent<ConsumerOrder>) => {
  const { name, queue: queueName, reports, prefetch } = data;
  // Not the worker's own port: what waits there is dropped when the page terminates the worker.
  const channel = new BroadcastChannel(reports);
  const report = (said: Report) => channel.postMessage(said);
  const connection = await connect({ database: DATABASE });
  const queue = await connection.openQueue<LabBody>(queueName);
  report({ type: "open", by: name });
  queue.consume(createHandler({ by: name, report, wait, die: () => close() }), { prefetch });
});
