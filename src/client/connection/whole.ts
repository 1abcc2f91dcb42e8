// What a client has beside sending: one part, loaded right after the first queue is open, or when it is first asked for.

import { createTopic } from "../queue/topic.js";
import { createPublicConnection } from "./connection.js";
import { completeQueue } from "./open-queue.js";

export const whole = { completeQueue, createPublicConnection, createTopic };

export type Whole = typeof whole;
