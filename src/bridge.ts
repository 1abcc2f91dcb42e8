// Bridges between a queue and an engine, or another queue.

export { QueueError } from "./core/spec/errors.js";
export { type Bridge, type BridgeOptions, bridge } from "./integrations/bridge/bridge.js";
export type { BridgeMessage, MessageHeaders } from "./integrations/bridge/message.js";
export { fromQueue } from "./integrations/bridge/queue-source.js";
export { toQueue } from "./integrations/bridge/queue-target.js";
export type { BridgeDelivery, BridgeSource, SourceSession, Taking } from "./integrations/bridge/source.js";
export type { BridgeTarget, BridgeWarning, Outcome, TargetSession, Warn } from "./integrations/bridge/target.js";
export type { BridgeEventMap, BridgeStats } from "./integrations/bridge/telling.js";
