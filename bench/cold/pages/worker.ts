// The limit of what OriginMQ is made of: an empty SharedWorker that answers once.

import { offer } from "./way.js";

offer({
  first: () =>
    new Promise((resolve) => {
      const { port } = new SharedWorker(new URL("./empty-worker.ts", import.meta.url), { type: "module" });
      port.onmessage = () => resolve();
    }),
});
