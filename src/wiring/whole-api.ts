// `openQueue`, `openTopic` and `connect` where nothing is loaded later: a client is whole from the start.

import { asBegun } from "../client/connection/as-begun.js";
import { createClient } from "../client/connection/client.js";
import { whole } from "../client/connection/whole.js";
import { already } from "../client/runtime/later.js";
import { type Api, type Begin, type ClientStarters, createApi } from "./api.js";
import { createTransport, type Starters } from "./transport.js";
import { createWhole } from "./whole.js";

const beginWhole =
  (starters: Starters): Begin =>
  (options) => {
    const client = createClient({
      ...createTransport(options, starters),
      label: options.label,
      rest: async () => whole,
    });
    const { pipeline, over, close } = client;
    return { client: asBegun(client), over, close, happenings: client, database: pipeline.database };
  };

export const createWholeApi = (starters: ClientStarters): Api =>
  createApi(starters, already(createWhole(starters)), beginWhole(starters));
