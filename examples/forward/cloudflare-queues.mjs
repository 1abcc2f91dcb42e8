// To a Cloudflare Queue, by its HTTP API. It knows no ids of messages and keeps no order: each message's body is
// { id, group, body }, and who consumes the queue remembers the ids it has worked on.
//
//   CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_QUEUE_ID, CLOUDFLARE_API_TOKEN (which may edit Queues)

import Cloudflare from "cloudflare";
import { forward, STORED } from "./forward.mjs";

const { CLOUDFLARE_ACCOUNT_ID = "", CLOUDFLARE_QUEUE_ID = "" } = process.env;
const client = new Cloudflare({ timeout: 10_000, maxRetries: 0 });
await forward({
  name: `the Cloudflare Queue ${CLOUDFLARE_QUEUE_ID}`,
  // 128 kB a message and 256 kB a call, with about 100 bytes of Cloudflare's own and what is around the body.
  limits: { messageBytes: 127_000, callBytes: 230_000, callMessages: 100 },
  async open() {
    return {
      async send(messages) {
        const sent = messages.map(({ id, groupId: group, body }) => {
          return { content_type: /** @type {const} */ ("json"), body: { id, group, body } };
        });
        await client.queues.messages.bulkPush(CLOUDFLARE_QUEUE_ID, {
          account_id: CLOUDFLARE_ACCOUNT_ID,
          messages: sent,
        });
        return messages.map(() => STORED);
      },
    };
  },
});
