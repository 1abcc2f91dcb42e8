// All cases, in the order in which a round runs them: what is compared stands near to what it is compared with.

import { arrivals } from "./arrivals.js";
import type { Case, Durability } from "./case.js";
import { rawWrite } from "./limits/raw-write.js";
import { portRoundTrip, relay } from "./limits/relay.js";
import { cloneBatches, cloneEach } from "./limits/structured-clone.js";
import { endToEndBatches, endToEndSingle, endToEndUnlike, latency } from "./originmq/end-to-end.js";
import { sendBatch, singleSend } from "./originmq/sends.js";
import { openDexie } from "./peers/dexie.js";
import { peer } from "./peers/end-to-end.js";
import { openHandWritten } from "./peers/hand-written.js";
import { openWorkbox } from "./peers/workbox.js";

const handWritten = { id: "hand-written", label: "hand-written idb queue", open: openHandWritten };
const dexie = { id: "dexie", label: "Dexie bulk", open: openDexie };
const workbox = { id: "workbox", label: "Workbox push and shift", open: openWorkbox, durability: "relaxed" as const };

const withDurability = (durability: Durability): Case[] => [
  rawWrite(durability, 1_000, 60, 1),
  sendBatch(durability, 1_000, 60, 1),
  rawWrite(durability, 1_000, 60, 4),
  sendBatch(durability, 1_000, 60, 4),
  sendBatch(durability, 100, 200, 4),
  singleSend(durability, 20_000, 500),
  peer({ ...handWritten, batch: 1_000, messages: 3_000, durability }),
  endToEndBatches(durability, 1_000, 50, 4),
  peer({ ...dexie, batch: 1_000, messages: 3_000, durability }),
  endToEndSingle(durability, 20_000, 500),
  relay(arrivals, durability),
  latency(arrivals, durability),
];

export const CASES: readonly Case[] = [
  cloneEach,
  cloneBatches,
  portRoundTrip,
  relay(arrivals),
  ...withDurability("relaxed"),
  endToEndUnlike("relaxed", "groups"),
  endToEndUnlike("relaxed", "priorities"),
  peer({ ...workbox, batch: 1, messages: 200 }),
  peer({ ...workbox, batch: 100, messages: 500 }),
  peer({ ...workbox, batch: 1_000, messages: 1_000 }),
  peer({ ...handWritten, batch: 1, messages: 300, durability: "relaxed" }),
  peer({ ...handWritten, batch: 100, messages: 1_500, durability: "relaxed" }),
  ...withDurability("strict"),
];
