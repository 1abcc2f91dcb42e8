// MQTT as a source: what may be said of it, and the session that the broker keeps while the bridge is away. Invariant: of the
// tabs of one origin, one is connected under a name at a time.

import { anything, boolean, type Check, check, checkOptions, invalid, type Spec } from "../../../core/spec/check.js";
import { holdAlone } from "../alone.js";
import { servers } from "../options.js";
import type { BridgeSource, Taking } from "../source.js";
import { addressesOf, createDialler, isClient, type Line, type MqttServers, subscribe } from "./connection.js";
import { OWN_HEADERS } from "./packet.js";
import { createReceiver, type Receiver, type Unnamed } from "./receiver.js";
import { clientIdText, expiry, topicText } from "./target.js";
import { isFilter } from "./topic.js";

/** Which topics messages come from, and who this device is to the broker. */
export interface FromMqttOptions {
  /**
   * Where the broker is, as of `toMqtt`. No open client: what is acknowledged only once it is stored needs a connection of
   * its own.
   */
  readonly servers: string | readonly string[];
  /** What else `connect` of mqtt.js takes, such as `username` and `password`. */
  readonly connection?: object;
  /** What to subscribe to, wildcards included. */
  readonly topic: string | readonly string[];
  /** The name that the broker keeps the session under, one for each device. */
  readonly clientId: string;
  /** How long the broker is asked to keep the session while the bridge is away, in seconds. Default 604,800, a week. */
  readonly sessionExpiryInterval?: number;
  /** What is a CloudEvent 1.0, in binary or JSON mode, is taken as one. Default false. */
  readonly cloudEvents?: boolean;
}

const filter: Check = (value, name) => {
  check(topicText, value, name);
  if (!isFilter(value as string))
    invalid(name, value, "a topic in which + stands for a whole level, and # for the last ones");
};
const topics: Check = (value, name) => {
  if (!Array.isArray(value)) return filter(value, name);
  if (value.length === 0) invalid(name, value, "a topic, or several");
  for (const one of value) filter(one, name);
};
const addresses: Check = (value, name) => {
  servers("publish")(value, name);
  if (isClient(value as MqttServers)) {
    invalid(name, value, "one address or several: what is acknowledged by hand needs a connection of its own");
  }
};
const SPEC: Spec = {
  servers: addresses,
  connection: anything,
  topic: topics,
  clientId: clientIdText,
  sessionExpiryInterval: expiry,
  cloudEvents: boolean,
};
const WHERE = "fromMqtt()";

const EXPIRY_S = 7 * 86_400;
const RECEIVE_MAX = 65_535;

/**
 * At least once, of what is published with QoS 1 or 2 while the broker keeps the session: a message has the id that its sender
 * gave it (the user property `originmq-id`, or that of a CloudEvent), by which a queue stores it once; without one it may come
 * again after an interruption. Its topic is the header `mqtt-topic`, its
 * sender's id `mqtt-id`. Throws `invalid-argument`, naming the option.
 */
export function fromMqtt(options: FromMqttOptions): BridgeSource {
  checkOptions(WHERE, options, SPEC);
  for (const name of ["servers", "topic", "clientId"] as const) {
    check(SPEC[name] as Check, options[name], `${WHERE}.${name}`);
  }
  const { topic, clientId, connection, sessionExpiryInterval = EXPIRY_S, cloudEvents = false } = options;
  const filters = typeof topic === "string" ? [topic] : [...topic];
  const dial = createDialler(addressesOf(options.servers, `${WHERE}.servers`));
  const unnamed: Unnamed = new Map();
  let receiver: Receiver | undefined;
  let line: Line | undefined;
  /** Epoch milliseconds until which the broker is to know the session; 0: it does not have to. */
  let knownUntil = 0;

  const watchSession = ({ connack: { sessionPresent, properties }, ended }: Line, { warn }: Taking) => {
    if (!sessionPresent) unnamed.clear();
    if (!sessionPresent && Date.now() < knownUntil) {
      const words = `the broker has forgotten the session of client "${clientId}": what was published since it was last here may be lost`;
      warn({ code: "session-lost", message: words });
    }
    const kept = properties?.sessionExpiryInterval ?? sessionExpiryInterval;
    if (kept < sessionExpiryInterval) {
      const words = `the broker keeps the session of client "${clientId}" for ${kept} s, and not for ${sessionExpiryInterval} s`;
      warn({ code: "session-shortened", message: words });
    }
    void ended.then(() => {
      knownUntil = Date.now() + kept * 1_000;
    });
  };

  const openReceiver = async (taking: Taking, signal: AbortSignal): Promise<Receiver> => {
    const letGo = await holdAlone(`originmq:bridge:mqtt:${clientId}`, signal);
    const { inFlightMax } = taking;
    const opened = createReceiver({ cloudEvents, unnamed, unconfirmedMax: inFlightMax });
    try {
      const receiveMaximum = Math.min(inFlightMax, RECEIVE_MAX);
      const { onPublish } = opened;
      line = await dial({ connection, clientId, sessionExpiryInterval, receiveMaximum, onPublish });
      opened.attach(line);
      signal.throwIfAborted();
      watchSession(line, taking);
      // What is retained comes with the first subscription alone.
      await subscribe(line, filters, 1);
      void line.ended.then(letGo);
      return opened;
    } catch (error) {
      await line?.close();
      letGo();
      throw error;
    }
  };

  return {
    name: `MQTT ${filters.map((filter) => `"${filter}"`).join(", ")}, client "${clientId}"`,
    keepsGroups: false,
    ownHeaders: OWN_HEADERS,
    async open(taking, signal) {
      if (receiver === undefined || receiver.isOver) receiver = await openReceiver(taking, signal);
      return receiver.open(taking);
    },
    close: async () => line?.close(),
  };
}
