// A queue that is sent to through "originmq/send", and is otherwise itself.

import { wrapQueue } from "../../src/index.js";
import { openQueue } from "../../src/send.js";
import type { Through } from "./queue.contract.js";

export const bySend: Through = async (queue, how, options) => {
  const { send, sendBatch, close } = await openQueue<never>(queue.name, { ...how, ...options });
  return wrapQueue(queue, {
    send,
    sendBatch,
    async delete() {
      await close();
      return queue.delete();
    },
    async close(how) {
      await close(how);
      await queue.close(how);
    },
  });
};
