// What may be given as a side of a bridge.

import type { Queue } from "../../client/queue/queue.js";
import { invalid } from "../../core/spec/check.js";
import { fromQueue } from "./queue-source.js";
import { toQueue } from "./queue-target.js";
import type { BridgeSource } from "./source.js";
import type { BridgeTarget } from "./target.js";

const opens = (given: unknown): given is BridgeSource | BridgeTarget =>
  typeof given === "object" && given !== null && typeof (given as BridgeSource).open === "function";
const isSource = (given: unknown): given is BridgeSource => opens(given) && "keepsGroups" in given;
const isTarget = (given: unknown): given is BridgeTarget => opens(given) && "guarantee" in given;
const isQueue = (given: unknown): given is Queue =>
  typeof given === "object" && given !== null && typeof (given as Queue).consume === "function";

/** Throws `invalid-argument`, by that name. */
export function sourceOf(given: Queue | BridgeSource, name: string): BridgeSource {
  if (isSource(given)) return given;
  return isQueue(given) ? fromQueue(given) : invalid(name, given, "a queue, or a source of a bridge");
}

/** Throws `invalid-argument`, by that name. */
export function targetOf(given: Queue | BridgeTarget, name: string): BridgeTarget {
  if (isTarget(given)) return given;
  return isQueue(given) ? toQueue(given) : invalid(name, given, "a queue, or a target of a bridge");
}
