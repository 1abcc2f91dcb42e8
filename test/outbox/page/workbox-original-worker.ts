// The suite over the original, and what fills its database for the import.

import * as workbox from "workbox-background-sync";
import { answerSuite } from "./workbox-answers.js";
import { createSuite, type Implementation } from "./workbox-suite.js";

// Workbox does not export the class from its main module's types in the same shape; it is the same surface.
const implementation = workbox as unknown as Implementation;
const queues = new Map<string, workbox.Queue>();
const queueOf = (name: string) => {
  const queue = queues.get(name) ?? new workbox.Queue(name, { onSync: () => {} });
  queues.set(name, queue);
  return queue;
};

answerSuite(createSuite(implementation), {
  fill: async (name: string, paths: readonly string[]) => {
    for (const path of paths) {
      await queueOf(name).pushRequest({ request: new Request(path, { method: "POST", body: `body of ${path}` }) });
    }
  },
  size: async (name: string) => queueOf(name).size(),
});
