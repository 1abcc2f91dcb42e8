// What a page that only sends needs when it does not go as it usually does: a whole client, and who can say what is wrong.

import { CONNECT_SPEC, type ConnectOptions, checkAddress } from "../client/connection/connect-options.js";
import { createPatience } from "../client/connection/patience.js";
import { named, refusalOf } from "../client/sending/blame.js";
import { createIntake } from "../client/sending/intake.js";
import { CLOSE_SPEC, checkQueueName, QUEUE_SPEC } from "../client/sending/options.js";
import { withFilesRead } from "../client/sending/reading.js";
import { checkOptions } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { persist } from "./persist.js";
import type { SendRest } from "./send.js";
import { isServer } from "./server.js";
import { takesOver } from "./take-over.js";
import type { Starters } from "./transport.js";

const rest = async () => ({ createPatience, named, refusalOf });

const { label: _, encryption: __, ...SEND_CONNECT_SPEC } = CONNECT_SPEC;

export const createSendRest = (starters: Starters): SendRest => ({
  intake: createIntake(withFilesRead),
  createIntake: (schema) => createIntake(withFilesRead, schema),
  check(name, options) {
    checkQueueName(name);
    checkOptions("openQueue()", options, { ...QUEUE_SPEC, ...SEND_CONNECT_SPEC });
    checkAddress("openQueue()", options as ConnectOptions);
  },
  checkClose: (options) => checkOptions("close()", options, CLOSE_SPEC),
  persist: () => void persist(),
  of: (options) => takesOver(options, starters, rest),
  isForgiven: (error) => isServer() && error instanceof QueueError && error.code === "unsupported",
});
