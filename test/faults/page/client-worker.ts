// A dedicated worker that is a client of the queue, of this origin or at an address: answers with the host's kind and what it
// handled.

import { connect } from "../../../src/index.js";

addEventListener("message", async ({ data }: MessageEvent<{ readonly url: string } | null>) => {
  const connection = await connect(data ?? { database: "lab" });
  const queue = await connection.openQueue<string>("work");
  await queue.send("from the worker");
  const bodies: string[] = [];
  await queue.consumeUntilEmpty(({ body }) => void bodies.push(body));
  postMessage({ host: connection.host?.kind, bodies });
  await connection.close();
});
