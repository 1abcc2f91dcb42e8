// Bridges to and from NATS JetStream. The packages @nats-io/jetstream and @nats-io/nats-core, and @nats-io/transport-node for
// addresses of TCP, are the application's to install; they are loaded when a bridge opens.

export { QueueError } from "./core/spec/errors.js";
export type { CloudEventOptions } from "./integrations/bridge/envelope/cloudevents.js";
export { type FromJetStreamOptions, fromJetStream } from "./integrations/bridge/jetstream/source.js";
export { type ToJetStreamOptions, toJetStream } from "./integrations/bridge/jetstream/target.js";
