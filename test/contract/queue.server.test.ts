// A real server in this process, and clients that reach it over real sockets.

import { afterAll } from "vitest";
import { serve } from "../../src/server.js";
import { describeQueue } from "./queue.contract.js";

const server = await serve({ memory: true, port: 0 });
afterAll(() => server.close());

describeQueue("a server in memory, over sockets", (database) => ({
  url: `${server.url}/mq/${encodeURIComponent(database)}`,
}));
