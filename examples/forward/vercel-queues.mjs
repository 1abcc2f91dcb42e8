// To the topic "orders" of Vercel Queues, which delivers an idempotency key once within 24 hours, or as long as the message is
// kept, if that is shorter. Order is approximate.
//
//   VERCEL_TOPIC, VERCEL_QUEUE_REGION ("iad1"), and VERCEL_OIDC_TOKEN, as `vercel env pull` writes it

import { BadRequestError, QueueClient } from "@vercel/queue";
import { forward, refused, STORED, unknown } from "./forward.mjs";

const { VERCEL_TOPIC = "orders", VERCEL_QUEUE_REGION = "iad1" } = process.env;
const queues = new QueueClient({ region: VERCEL_QUEUE_REGION });
await forward({
  name: `the topic "${VERCEL_TOPIC}" of Vercel Queues`,
  // A request for each message, so many at once.
  limits: { messageBytes: 100_000_000, callBytes: 100_000_000, callMessages: 20 },
  async open() {
    return {
      send: (messages) =>
        Promise.all(
          messages.map(({ id, groupId, body }) =>
            queues.send(VERCEL_TOPIC, { id, group: groupId, body }, { idempotencyKey: id }).then(
              () => STORED,
              (error) => (error instanceof BadRequestError ? refused(error.message) : unknown(error)),
            ),
          ),
        ),
    };
  },
});
