// A client that is whole from the start, for those who take one that has only begun.

import type { Client } from "./client.js";
import { configure } from "./configure.js";
import type { EarlyClient } from "./early-client.js";

export function asBegun(client: Client): EarlyClient {
  const { pipeline, over, wake, close } = client;
  return {
    ...{ over, wake, close, send: pipeline.send, sendBatch: pipeline.sendBatch },
    now: client,
    whole: async () => client,
    configure: (...asked) => configure(client, ...asked),
  };
}
