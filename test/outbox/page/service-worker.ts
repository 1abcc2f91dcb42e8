// A service worker with an outbox: it answers the pages' writes, repeats what waits, and has the pages ready offline.

import "../../../src/encryption.js";
import { createOutbox } from "../../../src/outbox.js";

interface Clients {
  claim(): Promise<void>;
}
const scope = globalThis as unknown as { skipWaiting(): void; readonly clients: Clients };
declare const ExtendableEvent: { readonly prototype: Event & { waitUntil(work: unknown): void } };
type FetchEvent = Event & { readonly request: Request; respondWith(response: Promise<Response>): void };
type Extendable = Event & { waitUntil(work: Promise<unknown>): void };

/** How many sync events are over: what they wait for has come to its end, whichever. */
let synced = 0;
const { waitUntil } = ExtendableEvent.prototype;
ExtendableEvent.prototype.waitUntil = function (work) {
  if (this.type === "sync")
    void Promise.resolve(work).then(
      () => synced++,
      () => synced++,
    );
  waitUntil.call(this, work);
};
addEventListener("message", ({ data, ports: [port] }) => {
  if (data?.call === "synced") port?.postMessage({ value: synced });
});

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
