// When a page is put to sleep and woken. A sleeping page must hold nothing: no deliveries, no locks, no open channel;
// then it stays eligible for the back/forward cache, and no queue waits for it.

import type { Lifecycle } from "../client/connection/client.js";

/** Nothing to listen to in workers and in Node: `undefined`. */
export function pageLifecycle({ onSuspend }: { onSuspend(): void }): Lifecycle | undefined {
  if (typeof document === "undefined" || typeof window === "undefined") return undefined;
  return {
    listen({ suspend, resume, setHidden }) {
      const onVisibility = () => setHidden(document.visibilityState === "hidden");
      onVisibility();
      const onHide = () => {
        suspend();
        onSuspend();
      };
      const onShow = (event: PageTransitionEvent) => {
        if (event.persisted) resume();
      };
      document.addEventListener("visibilitychange", onVisibility);
      window.addEventListener("pagehide", onHide);
      window.addEventListener("pageshow", onShow);
      document.addEventListener("freeze", onHide);
      document.addEventListener("resume", resume);
      return () => {
        document.removeEventListener("visibilitychange", onVisibility);
        window.removeEventListener("pagehide", onHide);
        window.removeEventListener("pageshow", onShow);
        document.removeEventListener("freeze", onHide);
        document.removeEventListener("resume", resume);
      };
    },
  };
}
