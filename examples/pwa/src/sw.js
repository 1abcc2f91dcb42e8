// Keeps the application for a start without a network, and an outbox for what it posts.
import { createOutbox } from "originmq/outbox";
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();

const outbox = createOutbox({ name: "saves" });
self.addEventListener("fetch", (event) => {
  outbox.handle(event, ({ method, url }) => method === "POST" && new URL(url).pathname.startsWith("/api/"));
});

// From its first visit on, also for the page that has brought it.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
