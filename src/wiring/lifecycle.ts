// When a page is put to sleep and woken. A sleeping page must hold nothing: no deliveries, no locks, no open channel;
// then it stays eligible for the back/forward cache, and no queue waits for it.

import type { Lifecycle } from "../client/connection/client.js";

/**
 * Nothing to listen to in workers and in Node: `undefined`. `onAsleep`: the page may come back, and has heard its last event
 * before that, as far as engines say so; its own worker would sleep with it, locks in hand. One whose page does not come back
 * ends with it, and may store until then.
 */
export function pageLifecycle({ onAsleep }: { onAsleep(): void }): Lifecycle | undefined {
  if (typeof document === "undefined" || typeof window === "undefined") return undefined;
  return {
    listen({ suspend, resume, setHidden }) {
      /** Between `pagehide` and what follows it, a page that was visible becomes hidden. */
      let isLeaving = false;
      const isHidden = () => document.visibilityState === "hidden";
      const onVisibility = () => setHidden(isHidden());
      onVisibility();
      const onHide = ({ persisted }: PageTransitionEvent) => {
        suspend();
        isLeaving = persisted;
        if (isHidden()) onLast();
      };
      const onLast = () => {
        if (isLeaving && isHidden()) onAsleep();
        isLeaving &&= !isHidden();
      };
      const onFreeze = () => {
        suspend();
        onAsleep();
      };
      // What nobody has opened yet connects when it is: browsers grant no lock before, and no handler is to run.
      const { prerendering } = document as { readonly prerendering?: boolean };
      if (prerendering) suspend();
      const onShow = ({ persisted }: PageTransitionEvent) => {
        isLeaving = false;
        if (persisted) resume();
      };
      document.addEventListener("visibilitychange", onVisibility);
      // It bubbles: what listens to the document has been called.
      window.addEventListener("visibilitychange", onLast);
      window.addEventListener("pagehide", onHide);
      window.addEventListener("pageshow", onShow);
      document.addEventListener("freeze", onFreeze);
      document.addEventListener("resume", resume);
      document.addEventListener("prerenderingchange", resume);
      return () => {
        document.removeEventListener("visibilitychange", onVisibility);
        window.removeEventListener("visibilitychange", onLast);
        window.removeEventListener("pagehide", onHide);
        window.removeEventListener("pageshow", onShow);
        document.removeEventListener("freeze", onFreeze);
        document.removeEventListener("resume", resume);
        document.removeEventListener("prerenderingchange", resume);
      };
    },
  };
}
