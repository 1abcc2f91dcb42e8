// The section "Past this page": messages that go from a queue of this browser to a NATS on this machine, or to the server that
// came with the page.

import type { Clock } from "../clock.js";
import { byId, setText } from "../dom.js";
import { whenOpened } from "../patterns/opening.js";
import type { Problems } from "../problems.js";
import type { Session } from "../session.js";
import { enter } from "../shared/entry.js";
import type { Plug } from "../shared/plug.js";
import { wireWay } from "./way.js";

export interface BridgeParts {
  readonly session: Session;
  /** Under which this page is known. */
  readonly name: string;
  readonly tab: string;
  readonly plug: Plug;
  readonly clock: Clock;
  readonly problems: Problems;
}

const LOOK_MS = 500;

interface LocalNats {
  readonly url: string;
  readonly isThere: boolean;
}

const NO_NATS = "No NATS was found on this machine. Start one, then look again: nats-server -c demo/server/nats.conf";

async function findNats(): Promise<LocalNats | undefined> {
  const response = await fetch("bridge/nats").catch(() => undefined);
  // What serves the built pages alone answers with a page of its own.
  if (!response?.headers.get("content-type")?.includes("json")) return undefined;
  return (await response.json()) as LocalNats;
}

export function wireBridges({ session: { connection }, name, tab, plug, clock, problems }: BridgeParts): void {
  whenOpened("bridges", tab, problems, async () => {
    let nats: LocalNats | undefined;
    const toNats = wireWay("nats", problems, async () => {
      const { openNats } = await import("./nats.js");
      return openNats(connection, (nats as LocalNats).url);
    });
    const toServer = wireWay("server", problems, async () => {
      const { openServer } = await import("./server.js");
      return openServer(await enter(name));
    });
    const lookForNats = async () => {
      nats = await findNats();
      setText(byId("nats-address"), nats?.isThere ? nats.url : "");
      toNats.setReady(nats?.isThere ? "" : NO_NATS);
      byId("nats-look").hidden = nats?.isThere === true;
    };
    byId("nats-look").addEventListener("click", () => problems.guard("Looking for NATS failed", lookForNats));

    const unplug = byId<HTMLButtonElement>("bridges-unplug");
    unplug.addEventListener("click", () => {
      if (plug.isIn) plug.pull();
      else plug.push();
      setText(unplug, plug.isIn ? "Unplug this page" : "Plug it in again");
    });

    await lookForNats();
    let looking = false;
    clock.every(LOOK_MS, () => {
      if (looking) return;
      looking = true;
      problems.guard("Looking at the bridges failed", () =>
        Promise.all([toNats.refresh(), toServer.refresh()]).finally(() => {
          looking = false;
        }),
      );
    });
  });
}
