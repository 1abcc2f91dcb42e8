// To the Pub/Sub topic "orders". Pub/Sub knows no ids but its own, also with exactly-once delivery: each message has the
// queue's as the attribute "id", and who subscribes remembers the ids it has worked on.
//
//   PUBSUB_TOPIC, and what Google's client takes: GOOGLE_APPLICATION_CREDENTIALS, or PUBSUB_EMULATOR_HOST

import { PubSub } from "@google-cloud/pubsub";
import { forward, refused, STORED, unknown } from "./forward.mjs";

const INVALID_ARGUMENT = 3;

const { PUBSUB_TOPIC = "orders" } = process.env;
const topic = new PubSub().topic(PUBSUB_TOPIC, {
  messageOrdering: true,
  batching: { maxMessages: 1_000, maxMilliseconds: 5 },
  gaxOpts: { timeout: 10_000 },
});
await forward({
  name: `the Pub/Sub topic "${PUBSUB_TOPIC}"`,
  limits: { messageBytes: 9_000_000, callBytes: 9_000_000, callMessages: 1_000 },
  async open() {
    return {
      send: (messages) =>
        Promise.all(
          messages.map(async ({ id, groupId, headers, text }) => {
            // Without a key there is no order; with one, a megabyte a second.
            const orderingKey = groupId ?? "";
            const attributes = { ...headers, id, "content-type": "application/json" };
            try {
              await topic.publishMessage({ data: Buffer.from(text), attributes, orderingKey });
              return STORED;
            } catch (error) {
              // A key of which one has failed takes no more until this is said; the bridge sends it again first.
              if (orderingKey) topic.resumePublishing(orderingKey);
              const { code, message } = /** @type {import("@google-cloud/pubsub").ServiceError} */ (error);
              return code === INVALID_ARGUMENT ? refused(message) : unknown(error);
            }
          }),
        ),
    };
  },
});
