// The limit of crossing a thread: messages cloned one by one, and many as one array.

import { type Case, timed } from "../case.js";
import { batchesOf, orders } from "../message.js";

const MESSAGES = 50_000;

export const cloneEach: Case = {
  id: "structured-clone",
  group: "limit",
  label: "structuredClone, each message",
  async measure() {
    const all = orders(MESSAGES);
    return timed(MESSAGES, async () => {
      for (const order of all) structuredClone(order);
    });
  },
};

export const cloneBatches: Case = {
  id: "structured-clone-1000",
  group: "limit",
  label: "structuredClone, arrays of 1000",
  async measure() {
    const all = batchesOf(MESSAGES, 1_000);
    return timed(MESSAGES, async () => {
      for (const batch of all) structuredClone(batch);
    });
  },
};
