// Bridges to and from MQTT 5 brokers. The package mqtt (mqtt.js 5) is the application's to install; it is loaded when a bridge
// opens.

export { QueueError } from "./core/spec/errors.js";
export type { CloudEventOptions } from "./integrations/bridge/envelope/cloudevents.js";
export type { OpenMqttClient } from "./integrations/bridge/mqtt/client.js";
export { type FromMqttOptions, fromMqtt } from "./integrations/bridge/mqtt/source.js";
export { type ToMqttOptions, toMqtt } from "./integrations/bridge/mqtt/target.js";
