// All that a client has beside what a page begins with, for what its context can start.

import type { ConnectOptions } from "../client/connection/connect-options.js";
import type { Rest } from "../client/connection/early-client.js";
import { whole } from "../client/connection/whole.js";
import { createIntake, type Intake } from "../client/sending/intake.js";
import { withFilesRead } from "../client/sending/reading.js";
import type { StandardSchema } from "../client/sending/schema.js";
import { takesOver } from "./take-over.js";
import type { Starters } from "./transport.js";

export type WiredWhole = ReturnType<typeof createWhole>;

export const createWhole = (starters: Starters) => ({
  ...whole,
  /** Of queues without a schema. */
  intake: createIntake(withFilesRead),
  createIntake: (schema: StandardSchema): Intake => createIntake(withFilesRead, schema),
  of: (options: ConnectOptions): Rest => takesOver(options, starters, async () => whole),
});
