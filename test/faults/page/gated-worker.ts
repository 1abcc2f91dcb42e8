// The dedicated worker entry, with a store that stops the whole thread before a step, as a machine does that sleeps or
// swaps: `?gate=` names the step (or "rewrite", for the moment before it), `?skip=` how often it is passed before,
// `?records=` when a checkpoint is due. What the store does after that is told on the channel "gated".

import { stand } from "../../../src/host/election/candidate.js";
import { createPlatform } from "../../../src/host/engine/platform.js";
import { openHost } from "../../../src/host/host.js";
import { answerOpening } from "../../../src/link/finding/answering.js";
import { channelName, directoryName, hostLockName, presenceLockName } from "../../../src/link/rpc/names.js";
import { createIndexedDbStore } from "../../../src/store/indexeddb/indexeddb.js";
import type { LogStore } from "../../../src/store/log-store.js";
import { createAsking } from "../../../src/wiring/asking.js";
import { proveLife } from "../../../src/wiring/hosting.js";

const options = new URLSearchParams(location.search);
const gate = options.get("gate");
let skip = Number(options.get("skip") ?? 0);
let isPassed = false;
const told = new BroadcastChannel("gated");

function onStep(step: string) {
  if (isPassed) told.postMessage(step);
  if (isPassed || step !== gate || skip-- > 0) return;
  isPassed = true;
  const request = new XMLHttpRequest();
  request.open("GET", "/gate", false);
  request.send();
}

/** A thread that stopped at once would stop inside the read before the rewrite, and keep that transaction open. */
function gateRewrite(store: LogStore): LogStore {
  return {
    ...store,
    async rewrite(...args) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      onStep("rewrite");
      return store.rewrite(...args);
    },
  };
}

const life = proveLife();

addEventListener("message", ({ ports: [port] }: MessageEvent) => {
  if (port === undefined) return;
  const { locks } = navigator;
  answerOpening(
    port,
    ({ storage, database }) => {
      const lock = hostLockName(storage, database);
      return stand({
        kind: "dedicated-worker",
        locks,
        lock,
        asking: createAsking(directoryName(storage, database)),
        openHost: () =>
          openHost({
            kind: "dedicated-worker",
            store: gateRewrite(createIndexedDbStore({ database, onStep })),
            platform: createPlatform(channelName(storage, database), { locks }),
            lock,
            presenceLock: (client) => presenceLockName(storage, database, client),
            checkpointRecords: Number(options.get("records")),
          }),
      });
    },
    life,
  );
});
