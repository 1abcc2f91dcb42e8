// One way that messages of this page go past it, as the page shows it: what waits here, what is under way, what arrived.

import type { BridgeStats } from "../../src/bridge.js";
import { byId, setText } from "../dom.js";
import { count } from "../format.js";
import type { Problems } from "../problems.js";

/** What is known of it now. */
export interface Figures {
  /** Accepted here, and not confirmed by the other side. */
  readonly waiting: number;
  readonly bridge: BridgeStats;
  /** What the other side says that it has; `null` while it cannot be asked. */
  readonly there: number | null;
}

export interface Way {
  send(n: number): Promise<unknown>;
  figures(): Promise<Figures>;
  close(): Promise<unknown>;
}

export interface WayPanel {
  /** What stands in the way of it; an empty text when nothing does. */
  setReady(sentence: string): void;
  refresh(): Promise<void>;
}

const STATES: Readonly<Record<BridgeStats["state"], string>> = {
  opening: "connecting",
  flowing: "flowing",
  stalled: "stalled",
  closed: "off",
};

/** Wires the part of the page whose ids begin with `prefix`; `open` when it is switched on. */
export function wireWay(prefix: string, problems: Problems, open: () => Promise<Way>): WayPanel {
  const find = <E extends HTMLElement>(name: string) => byId<E>(`${prefix}-${name}`);
  const isOn = find<HTMLInputElement>("on");
  const badge = find("badge");
  let way: Way | undefined;

  const show = (state: BridgeStats["state"]) => {
    setText(badge, STATES[state]);
    badge.className = `badge ${state === "flowing" ? "on" : state === "stalled" ? "warn" : ""}`;
  };
  const refresh = async () => {
    if (way === undefined) return;
    const { waiting, bridge, there } = await way.figures();
    show(bridge.state);
    setText(find("waiting"), count(waiting));
    setText(find("in-flight"), count(bridge.inFlight));
    setText(find("forwarded"), count(bridge.forwarded));
    setText(find("there"), there === null ? "–" : count(there));
    // The error stays known while it is tried again.
    setText(find("said"), bridge.state === "stalled" ? (bridge.error?.message ?? "") : "");
  };
  const switchTo = async (on: boolean) => {
    isOn.disabled = true;
    try {
      if (on) way = await open();
      else {
        const closing = way;
        way = undefined;
        await closing?.close();
        show("closed");
        setText(find("said"), "");
      }
    } catch (error) {
      isOn.checked = false;
      throw error;
    } finally {
      isOn.disabled = false;
      for (const button of sendButtons()) button.disabled = way === undefined;
    }
    await refresh();
  };
  const sendButtons = () => [find<HTMLButtonElement>("send-one"), find<HTMLButtonElement>("send-many")];
  isOn.addEventListener("change", () => problems.guard("The bridge could not be opened", () => switchTo(isOn.checked)));
  for (const [button, n] of [
    [find("send-one"), 1],
    [find("send-many"), 1_000],
  ] as const) {
    button.addEventListener("click", () =>
      problems.guard("Sending failed", async () => {
        await way?.send(n);
        await refresh();
      }),
    );
  }
  return {
    setReady(sentence) {
      isOn.disabled = sentence !== "" && way === undefined;
      setText(find("ready"), sentence);
    },
    refresh,
  };
}
