// A service worker with an outbox: it answers the pages' writes, repeats what waits, and has the pages ready offline.

import "../../../src/encryption.js";
import { createOutbox } from "../../../src/outbox.js";

interface Clients {
  claim(): Promise<void>;
}
const scope = globalThis as unknown as { skipWaiting(): void; readonly clients: Clients };
type FetchEvent = Event & { readonly request: Request; respondWith(response: Promise<Response>): void };
type Extendable = Event & { waitUntil(work: Promise<unknown>): void };

let token = 0;
const outbox = createOutbox({
  backoff: { baseMs: 200, maxMs: 2_000 },
  reconnectSpreadMs: 200,
  redactHeaders: ["authorization"],
  ...(location.search === "?encrypted" && { encryption: { generate: true } }),
  beforeSend: (request) => request.headers.set("authorization", `Bearer fresh-${++token}`),
});

const SHELL = ["/", "/page.js", "/shared-worker.js"];

addEventListener("install", (event) => {
  scope.skipWaiting();
  (event as Extendable).waitUntil(caches.open("shell").then((cache) => cache.addAll(SHELL)));
});
addEventListener("activate", (event) => (event as Extendable).waitUntil(scope.clients.claim()));
addEventListener("fetch", (event) => {
  const fetched = event as FetchEvent;
  if (outbox.handle(fetched)) return;
  if (SHELL.includes(new URL(fetched.request.url).pathname)) {
    fetched.respondWith(caches.match(fetched.request).then((found) => found ?? fetch(fetched.request)));
  }
});
