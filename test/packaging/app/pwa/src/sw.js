// As Workbox's and vite-plugin-pwa's own examples are written, and an outbox.
import { createOutbox } from "originmq/outbox";
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();

const outbox = createOutbox({ name: "saves" });
self.addEventListener("fetch", (event) => {
  outbox.handle(event, ({ method, url }) => method === "POST" && new URL(url).pathname.startsWith("/api/"));
});
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
