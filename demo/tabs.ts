// The tabs tell each other what they do, over a channel of the demo's own. The queue knows nothing of it.

import type { TabName } from "./tab-name.js";

export type Role = "watch" | "produce" | "consume" | "both";

export interface Tab extends TabName {
  readonly role: Role;
  readonly handled: number;
  readonly failed: number;
  /** Closed, or not heard of for long. */
  readonly gone: boolean;
}

export interface Tabs {
  /** This tab first, then the others by name; those that are gone only if they did something. */
  list(): Tab[];
  /** Tells the others; call it when something changed, and now and then. */
  tell(): void;
  /** A tab said something. */
  onChange(listener: () => void): void;
}

type Word = { readonly type: "hello" } | { readonly type: "here" | "bye"; readonly tab: Omit<Tab, "gone"> };

const SILENT_MS = 10_000;

/** `group`: tabs of different ones know nothing of each other. */
export function createTabs(group: string, self: () => Omit<Tab, "gone">): Tabs {
  const others = new Map<string, { tab: Omit<Tab, "gone">; heardAt: number; left: boolean }>();
  let channel: BroadcastChannel | undefined;
  let listener = () => {};

  const say = (word: Word) => channel?.postMessage(word);
  const tell = () => say({ type: "here", tab: self() });

  const listen = ({ data }: MessageEvent<Word>) => {
    if (data.type === "hello") return tell();
    others.set(data.tab.name, { tab: data.tab, heardAt: performance.now(), left: data.type === "bye" });
    listener();
  };
  const open = () => {
    channel = new BroadcastChannel(`originmq-demo:tabs:${group}`);
    channel.addEventListener("message", listen);
    say({ type: "hello" });
    tell();
  };
  open();
  // An open channel would cost the page its place in the back/forward cache.
  addEventListener("pagehide", () => {
    say({ type: "bye", tab: self() });
    channel?.close();
    channel = undefined;
  });
  addEventListener("pageshow", ({ persisted }) => persisted && open());

  return {
    list() {
      const now = performance.now();
      const own = self();
      const rest = [...others.values()]
        .map(({ tab, heardAt, left }): Tab => ({ ...tab, gone: left || now - heardAt > SILENT_MS }))
        .filter((tab) => tab.name !== own.name && (!tab.gone || tab.handled > 0))
        .sort((a, b) => a.name.localeCompare(b.name));
      return [{ ...own, gone: false }, ...rest];
    },
    tell,
    onChange(added) {
      listener = added;
    },
  };
}
