// The service workers of a page, and what they are registered for.

import type { Page } from "@playwright/test";

export const TAG = "originmq-outbox:originmq:outbox";

export const tagsOf = (page: Page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (registration as unknown as { sync: { getTags(): Promise<string[]> } }).sync.getTags();
  });

/** The browser's side of service workers, as its own pages for developers have it: it needs no page of the site. */
export async function serviceWorkersOf(page: Page, origin: string) {
  const cdp = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find(({ isDeleted }) => !isDeleted);
      if (found) resolve(found.registrationId);
    });
  });
  await cdp.send("ServiceWorker.enable");
  return {
    /** Fires the event as the browser does when the network is back. */
    async sync({ lastChance = false } = {}) {
      await cdp.send("ServiceWorker.dispatchSyncEvent", {
        origin,
        registrationId: await registered,
        tag: TAG,
        lastChance,
      });
    },
    stopAll: () => cdp.send("ServiceWorker.stopAllWorkers"),
  };
}
