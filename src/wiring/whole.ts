// All that a client has beside what a page begins with, for what its context can start.

import { asBegun } from "../client/connection/as-begun.js";
import { createClient } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connect-options.js";
import type { Rest } from "../client/connection/early-client.js";
import { whole } from "../client/connection/whole.js";
import { already } from "../client/runtime/later.js";
import { createIntake, type Intake } from "../client/sending/intake.js";
import { withFilesRead } from "../client/sending/reading.js";
import type { StandardSchema } from "../client/sending/schema.js";
import { type Api, type Begin, type ClientStarters, createApi } from "./api.js";
import { takesOver } from "./take-over.js";
import { createTransport, type Starters } from "./transport.js";

export type WiredWhole = ReturnType<typeof createWhole>;

export const createWhole = (starters: Starters) => ({
  ...whole,
  /** Of queues without a schema. */
  intake: createIntake(withFilesRead),
  createIntake: (schema: StandardSchema): Intake => createIntake(withFilesRead, schema),
  of: (options: ConnectOptions): Rest => takesOver(options, starters, async () => whole),
});

/** Where nothing is loaded later a client is whole from the start. */
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
