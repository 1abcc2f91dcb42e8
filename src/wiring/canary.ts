// Remembers a database's epoch outside IndexedDB, in a cache of the origin's Cache Storage: who deletes the database
// rarely deletes both.

import type { Canary } from "../host/engine/platform.js";

const CACHE = "originmq";
/** The first use of Cache Storage in a browser keeps its process busy: not while somebody waits for a first message. */
const REST_MS = 100;

/** `undefined` where there is no Cache Storage: a deleted database is then noticed only by those who were connected. */
export function createCanary(database: string): Canary | undefined {
  if (typeof caches === "undefined") return undefined;
  const address = `/originmq-canary/${encodeURIComponent(database)}`;
  return {
    async read() {
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      const found = await (await caches.open(CACHE)).match(address);
      return found && Number(await found.text());
    },
    async write(epoch) {
      await (await caches.open(CACHE)).put(address, new Response(String(epoch)));
    },
  };
}
