// What lies in Workbox's database, imported into a real queue.

import { decode, encode } from "../../../../src/codec/codec.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { connect } from "../../../../src/index.js";
import type { StoredEntry } from "../../../../src/integrations/workbox/entries.js";
import { StorableRequest } from "../../../../src/integrations/workbox/storable-request.js";
import { readEntry } from "../../../../src/integrations/workbox/workbox-entry.js";
import { rethrowUnless, type Target } from "../target.js";

const url = "https://shop.example/orders";
const ENTRIES: readonly unknown[] = [
  {
    ...{ id: 1, queueName: "orders", timestamp: 1_700_000_000_000, metadata: { tries: 1 } },
    requestData: {
      url,
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: new Uint8Array([1, 2]).buffer,
    },
  },
  {
    ...{ id: 2, queueName: "orders", timestamp: 1 },
    requestData: {
      ...{ url, method: "GET", headers: {}, mode: "navigate", credentials: "include", cache: "no-store" },
      ...{ redirect: "follow", referrer: "about:client", referrerPolicy: "", integrity: "", keepalive: false },
    },
  },
];

export const workbox: Target = {
  name: "workbox",
  form: "value",
  seeds: () => ENTRIES.map((entry) => encode(entry)),
  async open() {
    const connection = await connect({ storage: "memory", database: "workbox" });
    const queue = await connection.openQueue<StoredEntry>("q");
    return async (input) => {
      const read = readEntry(decode(input));
      if (read === undefined) return 1;
      try {
        await queue.send(read.entry, { deduplicationId: read.deduplicationId });
      } catch (error) {
        rethrowUnless(error, QueueError);
      }
      const [delivery] = await queue.receive();
      await delivery?.ack();
      // What was taken in can be sent.
      if (delivery) new StorableRequest(delivery.body.requestData).toRequest();
      return 1;
    };
  },
};
