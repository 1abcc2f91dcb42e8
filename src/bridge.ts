// Bridges between a queue and an engine, or another queue.

import { QueueError } from "./core/spec/errors.js";
import type { Queue } from "./index.js";
import {
  type FromEncryptedOptions,
  fromEncryptedOver,
  type ToEncryptedOptions,
  toEncryptedOver,
} from "./integrations/bridge/encrypted.js";
import type { BridgeSource } from "./integrations/bridge/source.js";
import type { BridgeTarget } from "./integrations/bridge/target.js";

export { QueueError } from "./core/spec/errors.js";
export { type Bridge, type BridgeOptions, bridge } from "./integrations/bridge/bridge.js";
export type { BridgeEncryption, FromEncryptedOptions, ToEncryptedOptions } from "./integrations/bridge/encrypted.js";
export type { BridgeMessage, MessageHeaders } from "./integrations/bridge/message.js";
export { fromQueue } from "./integrations/bridge/queue-source.js";
export { toQueue } from "./integrations/bridge/queue-target.js";
export type { BridgeDelivery, BridgeSource, SourceSession, Taking } from "./integrations/bridge/source.js";
export type { BridgeTarget, BridgeWarning, Outcome, TargetSession, Warn } from "./integrations/bridge/target.js";
export type { BridgeEventMap, BridgeStats } from "./integrations/bridge/telling.js";

const crossings = async () => {
  try {
    return await import("./wiring/crossing.js");
  } catch (cause) {
    const what = "the part that encrypts what crosses a bridge could not be loaded: serve its file beside this one";
    throw new QueueError("unsupported", what, { cause });
  }
};

/**
 * The target, given nothing that a user has written: each message is sealed by itself (AES-GCM), with all that belongs to it, and
 * `fromEncrypted` opens it with the same key or password on the other side. The engine gets bytes (`application/octet-stream`), and
 * beside them id, priority and times, and a keyed hash in place of a group's name. Throws `invalid-argument`, naming the option; what
 * is wrong with the key shows in the bridge's `stats().error`.
 */
export function toEncrypted(target: Queue | BridgeTarget, options: ToEncryptedOptions): BridgeTarget {
  return toEncryptedOver(crossings, target, options);
}

/**
 * The source, which hands over what `toEncrypted` has sealed, opened, as it was. What was changed on its way or was never sealed is a dead
 * letter of the source, and the bridge's event `warning` says so (`tampered`); what another key has sealed stays where it is, and
 * the bridge stalls with `wrong-key`. Throws `invalid-argument`, naming the option.
 */
export function fromEncrypted(source: Queue | BridgeSource, options: FromEncryptedOptions): BridgeSource {
  return fromEncryptedOver(crossings, source, options);
}
