// The line to an MQTT broker. A connection of its own never reconnects by itself: mqtt.js would send what was under way
// again beside what the bridge sends again. So each connection is one session of the bridge; when it ends, so does that, and
// what was under way is unknown. Of a client that an application brings, each stretch between two interruptions is one.

import { QueueError } from "../../../core/spec/errors.js";
import { deferred } from "../../../link/rpc/deferred.js";
import { loaded } from "../loaded.js";
import type { Connack, MqttClient, OpenMqttClient, Packet, PublishPacket } from "./client.js";
import { connectionError, isOverMessage, reasonOf } from "./reason.js";

export interface Line {
  readonly client: MqttClient;
  readonly connack: Connack;
  /** The application's, who reconnects it and is answered after that. */
  readonly isForeign: boolean;
  /** Why it has ended, where that was over a message of those under way: no attempt with it could end better. */
  readonly verdict: string | undefined;
  /** Resolves, with why, when what was sent on it may be lost. */
  readonly ended: Promise<unknown>;
  /** Nothing more is sent on it. */
  end(why: unknown): void;
  /** Says goodbye, where there is still somebody, and has the session forgotten if that is asked. A foreign one stays open. */
  close(isForgotten?: boolean): Promise<void>;
}

export interface Dialling {
  /** What else `connect` of mqtt.js takes. */
  readonly connection: object | undefined;
  readonly clientId: string;
  /** In seconds. */
  readonly sessionExpiryInterval: number;
  /** Messages that the broker sends before the first of them is acknowledged. */
  readonly receiveMaximum?: number;
  /** Called with what arrives, from the first packet on: what a session has kept comes before anybody could ask for it. */
  readonly onMessage?: OnMessage;
  /** The same, given instead where it is acknowledged by hand. */
  readonly onPublish?: (packet: PublishPacket) => void;
}

export type OnMessage = (topic: string, payload: Uint8Array) => void;
export type MqttServers = string | readonly string[] | OpenMqttClient;

/** For the answer of a broker to anything. */
export const ANSWER_MS = 5_000;
const CONNECT_MS = 10_000;
/** A line that is dead and does not say so is noticed after one and a half times as long. */
const KEEP_ALIVE_S = 10;
/** For the goodbye to be written. */
const CLOSE_MS = 1_000;
const PROTOCOLS = /^(mqtts?|tcp|tls|ssl|wss?):\/\//i;

export const isClient = (servers: MqttServers): servers is OpenMqttClient =>
  typeof servers === "object" && "publish" in servers;

/** Dials one address after the other, with each call the next one. */
export function createDialler(addresses: readonly string[]): (dialling: Dialling) => Promise<Line> {
  let turn = 0;
  return (dialling) => dial(addresses[turn++ % addresses.length] as string, dialling);
}

/** Of `servers` that are no client. Throws `invalid-argument`. */
export function addressesOf(servers: string | readonly string[], name: string): readonly string[] {
  const addresses = typeof servers === "string" ? [servers] : [...servers];
  const wrong = addresses.length === 0 ? "none" : addresses.find((address) => !PROTOCOLS.test(address));
  if (wrong === undefined) return addresses;
  const detail = { name };
  const words = `${name} must be addresses that begin with mqtt://, mqtts://, ws:// or wss://, got ${wrong}`;
  throw new QueueError("invalid-argument", words, { detail });
}

export interface Mqtt {
  readonly MQTTJS_VERSION?: string;
  connect(address: string, options: object): MqttClient;
}

/**
 * Of mqtt.js as it was imported. Throws `unsupported` for a version that may acknowledge what is not stored yet: before the
 * one that this was measured with, or of another major.
 */
export function checkedMqtt(imported: object): Mqtt {
  const mqtt = ("connect" in imported ? imported : (imported as { readonly default: object }).default) as Mqtt;
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(mqtt.MQTTJS_VERSION ?? "") ?? [];
  if (major === "5" && Number(minor) >= 16) return mqtt;
  const found = mqtt.MQTTJS_VERSION ?? "an older one";
  throw new QueueError(
    "unsupported",
    `a bridge to or from MQTT needs mqtt 5.16 or later of that major, found ${found}`,
  );
}

/** Rejects with `host-lost` where no broker can be reached, `denied` where it lets nobody in, `unsupported` without mqtt.js. */
async function dial(address: string, dialling: Dialling): Promise<Line> {
  const mqtt = checkedMqtt(await loaded("mqtt", "to or from MQTT", () => import("mqtt")));
  if (!/^ws/i.test(address) && globalThis.process === undefined) {
    throw new QueueError("unsupported", `this runtime has no TCP: give the address as wss://, not ${address}`);
  }
  const { connection = {}, onMessage, onPublish, clientId, sessionExpiryInterval, receiveMaximum } = dialling;
  const properties = {
    ...(connection as { readonly properties?: object }).properties,
    sessionExpiryInterval,
    ...(receiveMaximum !== undefined && { receiveMaximum }),
  };
  const client = mqtt.connect(address, {
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_MS,
    ...connection,
    ...{
      clientId,
      clean: false,
      properties,
      protocolVersion: 5,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
    },
  });
  if (onMessage) client.on("message", onMessage);
  if (onPublish) {
    client.handleMessage = (packet, callback) => {
      onPublish(packet);
      // It goes on with the next packet, answers to what was sent among them, and acknowledges nothing: measured with mqtt.js 5.16.
      callback(packet.qos === 1 ? new Error("acknowledged later") : undefined);
    };
  }
  return openedLine(client, `the broker at ${address}`);
}

async function openedLine(client: MqttClient, name: string): Promise<Line> {
  const { promise: opened, resolve: onOpened, reject } = deferred<Connack>();
  const { promise: ended, resolve: end } = deferred<unknown>();
  let lastWord: Packet | undefined;
  let verdict: string | undefined;
  let failure: unknown;
  const cut = () => client.end(true, {}, () => {});
  const over = () => {
    reject(connectionError(`${name} cannot be reached`, lastWord, failure));
    end(connectionError(`the connection to ${name} has ended`, lastWord, failure));
  };
  client.on("connect", onOpened);
  client.on("disconnect", (packet) => {
    lastWord = packet;
    if (isOverMessage(packet)) verdict = `the broker refuses it: ${reasonOf(packet)}`;
  });
  client.on("error", (error) => {
    failure = error;
    // mqtt.js reads nothing more, and leaves the connection open: measured with 5.16, and an answer that is not in the protocol.
    const isUnread = client.connected && !client.stream.destroyed && !("code" in error);
    if (isUnread) verdict = `the broker's answer to it cannot be read: ${error.message}`;
    over();
    cut();
  });
  client.on("close", over);
  const connack = await opened.catch((error: unknown) => {
    cut();
    throw error;
  });
  return {
    client,
    connack,
    isForeign: false,
    get verdict() {
      return verdict;
    },
    ended,
    end(why) {
      end(why);
      // What it has not sent yet, it is not to send.
      cut();
    },
    async close(isForgotten = false) {
      end(undefined);
      // Otherwise it would wait for answers, and whoever closes has waited for them.
      const isQuiet = client.connected && Object.keys(client.outgoing).length === 0;
      if (!isQuiet) return void cut();
      const properties = isForgotten ? { sessionExpiryInterval: 0 } : {};
      await answerOf(new Promise<void>((resolve) => client.end(false, { properties }, resolve)), CLOSE_MS).catch(
        () => {},
      );
      client.stream.destroy();
    },
  };
}

/** A client of an application's own, which it reconnects. Waits for that, for a while. */
export async function joinLine(open: OpenMqttClient, onMessage: OnMessage): Promise<Line> {
  const client = open as unknown as MqttClient;
  const { protocolVersion, clean } = client.options;
  if (protocolVersion !== 5) {
    const words = `the MQTT client that the bridge was given speaks protocol version ${protocolVersion}: connect it with protocolVersion: 5`;
    throw new QueueError("unsupported", words);
  }
  if (!client.connected) await reconnected(client);
  const { promise: ended, resolve: end } = deferred<unknown>();
  const onClose = () => end(new QueueError("host-lost", "the MQTT connection was interrupted"));
  client.on("close", onClose);
  client.on("message", onMessage);
  const sessionPresent = clean !== false || (client.connackPacket?.sessionPresent ?? true);
  const properties = client.serverProperties;
  return {
    client,
    connack: { sessionPresent, ...(properties && { properties }) },
    isForeign: true,
    verdict: undefined,
    ended,
    end,
    async close() {
      client.removeListener("close", onClose);
      client.removeListener("message", onMessage);
      end(undefined);
    },
  };
}

async function reconnected(client: MqttClient): Promise<void> {
  const { promise: connected, resolve } = deferred<unknown>();
  client.on("connect", resolve);
  await answerOf(connected).finally(() => client.removeListener("connect", resolve));
}

function answerOf<T>(asked: Promise<T>, ms = ANSWER_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new QueueError("timeout", `the MQTT broker has not answered for ${ms} ms`));
    const timer = setTimeout(late, ms);
    void asked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Rejects with `unsupported` where the broker does not grant it at QoS 1. `rh`: whether what is retained is sent again. */
export async function subscribe(line: Line, topics: readonly string[], rh: 0 | 1): Promise<void> {
  const asked = new Promise<readonly { readonly qos: number }[]>((resolve, reject) => {
    line.client.subscribe([...topics], { qos: 1, rh }, (error, granted = []) => {
      if (error) reject(error);
      else resolve(granted);
    });
  });
  const granted = await answerOf(Promise.race([asked, line.ended.then((why) => Promise.reject(why))])).catch(
    (error) => {
      if (error instanceof QueueError) throw error;
      throw new QueueError(
        "unsupported",
        `the broker refuses the subscription to ${topics.join(", ")}: ${error.message}`,
        {
          cause: error,
        },
      );
    },
  );
  const weak = granted.find(({ qos }) => qos < 1);
  if (weak === undefined) return;
  throw new QueueError("unsupported", `the broker grants no QoS 1 to the subscription to ${topics.join(", ")}`);
}
