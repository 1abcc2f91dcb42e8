// Sends the field notes that wait, also when no page is open, and has the page ready where there is no network.

import { createOutbox } from "../../src/outbox.js";
import { OUTBOX } from "./outbox.js";

interface Scope {
  skipWaiting(): void;
  readonly clients: { claim(): Promise<void> };
}
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** The page's files, as they were built; none in development. */
declare const SHELL_FILES: readonly string[];

const SHELL = "field-notes";
const scope = globalThis as unknown as Scope;

createOutbox(OUTBOX);

addEventListener("install", (event) => {
  scope.skipWaiting();
  // All of them at once: the page's first visit began before this worker was there to see what it loads.
  (event as Extendable).waitUntil(caches.open(SHELL).then((cache) => cache.addAll(SHELL_FILES)));
});
addEventListener("activate", (event) => (event as Extendable).waitUntil(scope.clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event as Fetching;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || pathname.startsWith("/api/")) return;
  (event as Fetching).respondWith(networkFirst(request));
});

/** What the network gives, and is kept; without it, what was kept. */
async function networkFirst(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    // What was kept at the install was asked for by this worker, and not from a page: servers call that another Origin.
    const kept = await cache.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
