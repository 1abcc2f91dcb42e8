// What a client has beside sending: one part, loaded right after the first queue is open, or when it is first asked for.

import { createTopic } from "../queue/topic.js";
import { named, refusalOf } from "../sending/blame.js";
import { withFilesRead } from "../sending/reading.js";
import { createPublicConnection } from "./connection.js";
import { completeQueue, openWholeQueue } from "./open-queue.js";
import { createPatience } from "./patience.js";

export const whole = {
  named,
  refusalOf,
  completeQueue,
  createPatience,
  createPublicConnection,
  createTopic,
  openWholeQueue,
  withFilesRead,
};

export type Whole = typeof whole;
