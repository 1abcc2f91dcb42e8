// What the element knows of its outbox, and what has changed in it since somebody was told.

import { createHttpOutboxStore, type OutboxSnapshot } from "../frameworks/outbox-store.js";
import type { Outbox } from "../outbox/outbox.js";
import type { OutboxSpeech } from "./words.js";

/** How often what is shown changes at most. */
const EVERY_MS = 250;

/** Follows the outbox: so many of each list as `max` says when `read` is called. */
export function readOutbox(outbox: Outbox, max: () => number, tell: (snapshot: OutboxSnapshot) => void) {
  let stop: (() => void) | undefined;
  let current: OutboxSnapshot = createHttpOutboxStore(() => outbox).getServerSnapshot();
  const end = () => stop?.();
  return {
    snapshot: () => current,
    read() {
      end();
      const store = createHttpOutboxStore(() => outbox, { max: max(), everyMs: EVERY_MS, keepAliveMs: 0 });
      const onChange = () => {
        const next = store.getSnapshot();
        // What is shown stays until there is more.
        if (next.stats === undefined && next.status !== "failed" && current.stats) return;
        current = next;
        tell(current);
      };
      stop = store.subscribe(onChange);
      tell(current);
    },
    end,
  };
}

/** What has come together since it was last told. */
export function createNews(speech: OutboxSpeech) {
  let before: OutboxSnapshot["stats"];
  let sent = 0;
  let failed = 0;
  let isOffline: boolean | undefined;
  return {
    /** Whether there is something to tell. */
    note({ stats }: OutboxSnapshot): boolean {
      if (stats === undefined) return false;
      const risen = (name: "acked" | "died") => Math.max(0, stats.totals[name] - (before ?? stats).totals[name]);
      sent += risen("acked");
      failed += risen("died");
      before = stats;
      return sent + failed > 0;
    },
    network(isGone: boolean) {
      isOffline = isGone;
    },
    compose(): string {
      const parts = [
        isOffline === undefined ? "" : speech.say(isOffline ? "offline" : "online"),
        sent > 0 ? speech.say("toldSent", { count: sent }) : "",
        failed > 0 ? speech.say("toldFailed", { count: failed }) : "",
      ];
      sent = failed = 0;
      isOffline = undefined;
      return parts.filter(Boolean).join(" ");
    },
  };
}
