// Remembers a database's epoch outside IndexedDB, in a cache of the origin's Cache Storage: who deletes the database
// rarely deletes both.

import type { Canary } from "../host/engine/platform.js";

const CACHE = "originmq";

/** `undefined` where there is no Cache Storage: a deleted database is then noticed only by those who were connected. */
export function createCanary(database: string): Canary | undefined {
  if (typeof caches === "undefined") return undefined;
  const address = `/originmq-canary/${encodeURIComponent(database)}`;
  // Its first use in a browser takes its time: not when somebody waits for what is in it.
  const opened = caches.open(CACHE);
  opened.catch(() => {});
  return {
    async read() {
      const found = await (await opened).match(address);
      return found && Number(await found.text());
    },
    async write(epoch) {
      await (await opened).put(address, new Response(String(epoch)));
    },
  };
}
