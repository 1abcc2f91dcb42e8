// What a client has beside sending: loaded as one part when it is first asked for, or once the page is idle.

import { createTopic } from "../queue/topic.js";
import { createPublicConnection } from "./connection.js";
import { completeQueue } from "./open-queue.js";

export const whole = { completeQueue, createPublicConnection, createTopic };

export type Whole = typeof whole;
