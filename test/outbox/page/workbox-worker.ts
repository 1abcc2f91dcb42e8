// A service worker of the usual Workbox shape, over this package: a route for writes, network only, with the plugin.
// It also runs the suite, and does for the tests what a worker's own code would do.

import { registerRoute } from "workbox-routing";
import { NetworkOnly } from "workbox-strategies";
import * as workbox from "../../../src/workbox.js";
import { answerSuite } from "./workbox-answers.js";
import { createSuite } from "./workbox-suite.js";

const { BackgroundSyncPlugin, importWorkbox, Queue } = workbox;

const plugin = new BackgroundSyncPlugin("writes", { maxRetentionTime: 24 * 60 });
registerRoute(({ url }) => url.pathname.startsWith("/api/group"), new NetworkOnly({ plugins: [plugin] }), "POST");

let careful: workbox.Queue | undefined;
const carefulQueue = () => {
  careful ??= new Queue("careful", { onSync: () => {} });
  return careful;
};

answerSuite(createSuite(workbox), {
  import: importWorkbox,
  /** What the queue of that name holds, as paths. */
  paths: async (name: string) => {
    const queue = name === "careful" ? carefulQueue() : new Queue(name, { onSync: () => {} });
    return (await queue.getAll()).map(({ request }) => new URL(request.url).pathname + new URL(request.url).search);
  },
  push: async (path: string) =>
    carefulQueue().pushRequest({ request: new Request(path, { method: "POST", body: "text" }) }),
  /** Takes an entry, and is asked nothing more: the worker dies before it sends it. */
  shift: async () => new URL((await carefulQueue().shiftRequest())?.request.url ?? "about:blank").pathname,
  replay: async () => carefulQueue().replayRequests(),
});
