// What a client has beside sending: one part, loaded right after the first queue is open, or when it is first asked for.

import { createTopic, type Topic, type TopicParts } from "../queue/topic.js";
import { named, refusalOf } from "../sending/blame.js";
import { withFilesRead } from "../sending/reading.js";
import type { Client } from "./client.js";
import { createPublicConnection } from "./connection.js";
import { completeQueue, openWholeQueue } from "./open-queue.js";
import { createPatience } from "./patience.js";
import { receiverOf } from "./receiver.js";

/** Of a client with a label, which it is the receiver that tells. */
function openTopic<Body>({
  client,
  ...parts
}: Omit<TopicParts<Body>, "pipeline"> & { readonly client: Client }): Topic<Body> {
  if (client.label !== undefined) receiverOf(client);
  return createTopic<Body>({ ...parts, pipeline: client.pipeline });
}

export const whole = {
  named,
  refusalOf,
  completeQueue,
  createPatience,
  createPublicConnection,
  openTopic,
  openWholeQueue,
  withFilesRead,
};

export type Whole = typeof whole;
