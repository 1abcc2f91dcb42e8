// MQTT as a target: what may be said of it, and the opening of a session. Invariant: the broker is asked to keep a session
// over interruptions, so that it can be seen when it has forgotten it: then it may have lost what it had confirmed.

import { randomUuid } from "../../../client/runtime/uuid.js";
import {
  anything,
  boolean,
  type Check,
  check,
  checkOptions,
  duration,
  integer,
  invalid,
  type Spec,
  string,
} from "../../../core/spec/check.js";
import { QueueError } from "../../../core/spec/errors.js";
import { holdAlone } from "../alone.js";
import { type CloudEventOptions, cloudEvents } from "../envelope/cloudevents.js";
import type { BridgeMessage } from "../message.js";
import { servers, textOrFunction } from "../options.js";
import type { BridgeTarget, Warn } from "../target.js";
import { createConfirmations } from "./confirmations.js";
import {
  addressesOf,
  createDialler,
  type Dialling,
  isClient,
  joinLine,
  type Line,
  type MqttServers,
  type OnMessage,
  subscribe,
} from "./connection.js";
import { assertTopic } from "./packet.js";
import { type Care, createPublisher } from "./publisher.js";
import { isTopicOf } from "./topic.js";

/** Which topics messages go to, and how they are written. */
export interface ToMqttOptions {
  /**
   * Where the broker is, `wss://` from pages, `mqtt://` or `mqtts://` from Node, Deno and Bun; of several addresses, with each
   * attempt the next. Or an open client of mqtt.js of `protocolVersion: 5`, which stays the application's own.
   */
  readonly servers: MqttServers;
  /** For a connection of the bridge's own: what else `connect` of mqtt.js takes, such as `username` and `password`. */
  readonly connection?: object;
  /** The topic of all messages, or of each. */
  readonly topic: string | ((message: BridgeMessage) => string);
  /** 1: the broker confirms each message. 2: it does so in two steps. 0, which nobody confirms, is refused. Default 1. */
  readonly qos?: 1 | 2;
  /**
   * A topic on which an application says that it has a message, by its id (the user property `originmq-id`): an id as text, or
   * several as a JSON array. Until then the message stays in its queue. Default: the broker's confirmation counts.
   */
  readonly confirmBy?: string;
  /** What is not confirmed by then is sent again under its id. Default 30,000. */
  readonly confirmWithinMs?: number;
  /**
   * A message that nobody has subscribed to is not confirmed, where the broker says so: it is sent again until somebody has.
   * Default false: it counts as confirmed, and there is a `warning`.
   */
  readonly requireSubscriber?: boolean;
  /**
   * The name that the broker knows the bridge by, for one bridge at a time; tabs of one origin see to that themselves. Default: a
   * random one.
   */
  readonly clientId?: string;
  /** How long the broker is asked to keep the session while the bridge is away, in seconds. Default 3,600. */
  readonly sessionExpiryInterval?: number;
  /** Messages as CloudEvents 1.0. Default: the body as it is, headers as user properties. */
  readonly cloudEvents?: CloudEventOptions;
}

export const topicText = string(1, 65_535);
export const clientIdText = string(1, 255);
/** In seconds; the last one is for ever. */
export const expiry = integer(1, 0xffff_ffff);
const qos: Check = (value, name) => {
  if (value === 0) invalid(name, value, "1 or 2, since a broker confirms nothing of QoS 0");
  if (value !== 1 && value !== 2) invalid(name, value, "1 or 2");
};
const ownTopic: Check = (value, name) => {
  check(topicText, value, name);
  if (/^\$share\//.test(value as string)) invalid(name, value, "a topic of this bridge's own, without $share");
};
const SPEC: Spec = {
  servers: servers("publish"),
  connection: anything,
  topic: textOrFunction(topicText, assertTopic),
  qos,
  confirmBy: ownTopic,
  confirmWithinMs: duration(1),
  requireSubscriber: boolean,
  clientId: clientIdText,
  sessionExpiryInterval: expiry,
  cloudEvents,
};
const WHERE = "toMqtt()";

const CONFIRM_WITHIN_MS = 30_000;
const EXPIRY_S = 3_600;
/** Of a client identifier, which every broker takes if it is of letters and digits, and no longer. */
const CLIENT_ID_LENGTH = 23;

/** A session that the broker knows by a name. */
interface Session {
  readonly clientId: string;
  /** Epoch milliseconds until which the broker is to know it; 0: it does not have to. */
  knownUntil: number;
}

/**
 * What a broker confirms it may lose, or give to nobody: docs/bridges.md says when. Throws `invalid-argument`, naming the option.
 * What is wrong with the broker shows in the bridge's `stats().error`.
 */
export function toMqtt(options: ToMqttOptions): BridgeTarget {
  checkOptions(WHERE, options, SPEC);
  for (const name of ["servers", "topic"] as const) check(SPEC[name] as Check, options[name], `${WHERE}.${name}`);
  const { topic, confirmBy, confirmWithinMs, clientId } = options;
  if (confirmWithinMs !== undefined && confirmBy === undefined) {
    invalid(`${WHERE}.confirmWithinMs`, confirmWithinMs, "left out where there is no confirmBy");
  }
  const connect = isClient(options.servers) ? joining(options) : dialling(options);
  const confirmations =
    confirmBy === undefined ? undefined : createConfirmations(confirmBy, confirmWithinMs ?? CONFIRM_WITHIN_MS);
  const onMessage: OnMessage = (from, payload) => {
    if (confirmBy !== undefined && isTopicOf(from, confirmBy)) confirmations?.heard(payload);
  };
  const care: Care = { left: 0 };
  const publishing = {
    topic,
    qos: options.qos ?? 1,
    requireSubscriber: options.requireSubscriber ?? false,
    ...(options.cloudEvents && { cloudEvents: options.cloudEvents }),
  } as const;

  return {
    name: typeof topic === "string" ? `MQTT topic "${topic}"` : "MQTT",
    guarantee: confirmBy === undefined ? "confirmed" : "confirmed-by-application",
    async open(signal, warn) {
      const letGo = clientId === undefined ? () => {} : await holdAlone(`originmq:bridge:mqtt:${clientId}`, signal);
      let line: Line | undefined;
      try {
        line = await connect(warn, onMessage);
        signal.throwIfAborted();
        assertTakes(line, publishing.qos);
        // What was confirmed meanwhile has come before the answer to this.
        if (confirmBy !== undefined) await subscribe(line, [confirmBy], 0);
        const opened = line;
        const close = async () => {
          // Under a name of its own the application comes back to what is confirmed meanwhile.
          await opened.close(clientId === undefined);
          letGo();
        };
        return createPublisher({ options: publishing, line, confirmations, warn, care, close });
      } catch (error) {
        await line?.close();
        letGo();
        throw error;
      }
    },
  };
}

function assertTakes({ connack }: Line, qos: 1 | 2): void {
  const { maximumQoS = 2 } = connack.properties ?? {};
  if (qos > maximumQoS) throw new QueueError("unsupported", `the broker takes messages of QoS ${maximumQoS} at most`);
}

type Connect = (warn: Warn, onMessage: OnMessage) => Promise<Line>;

function joining(options: ToMqttOptions): Connect {
  for (const name of ["connection", "clientId", "sessionExpiryInterval"] as const) {
    if (options[name] !== undefined) invalid(`${WHERE}.${name}`, options[name], "left out where a client is given");
  }
  let isKnown = false;
  return async (warn, onMessage) => {
    const line = await joinLine(options.servers as Exclude<MqttServers, string | readonly string[]>, onMessage);
    if (isKnown && !line.connack.sessionPresent) warn(sessionLost("of the client that the bridge was given"));
    isKnown = true;
    return line;
  };
}

function dialling(options: ToMqttOptions): Connect {
  const dial = createDialler(addressesOf(options.servers as string | readonly string[], `${WHERE}.servers`));
  const { connection, qos, sessionExpiryInterval = EXPIRY_S } = options;
  const newSession = (): Session => ({ clientId: options.clientId ?? randomId(), knownUntil: 0 });
  /** One for each bridge that forwards to this target. */
  const idle: Session[] = [];

  return async (warn, onMessage) => {
    const session = idle.pop() ?? newSession();
    const { clientId, knownUntil } = session;
    const known: Dialling = { connection, clientId, sessionExpiryInterval, onMessage };
    try {
      let line = await dial(known);
      const { sessionPresent, properties } = line.connack;
      if (!sessionPresent && Date.now() < knownUntil) warn(sessionLost(`of client "${clientId}"`));
      if (qos === 2 && sessionPresent) {
        session.knownUntil = 0;
        line = await openAnew(dial, line, known);
      }
      const keptMs = (properties?.sessionExpiryInterval ?? sessionExpiryInterval) * 1_000;
      void line.ended.then((why) => {
        // Ended by ourselves, without a reason: the session is given up.
        session.knownUntil = why === undefined ? 0 : Date.now() + keptMs;
        idle.push(session);
      });
      return line;
    } catch (error) {
      idle.push(session);
      throw error;
    }
  };
}

/**
 * With nothing left of the session: a packet that the broker knows half of would be taken for the one that is sent now under
 * its number. Dropped by the goodbye, since mosquitto 2.0 keeps no session over a restart that began with a clean start.
 */
async function openAnew(dial: (dialling: Dialling) => Promise<Line>, line: Line, known: Dialling): Promise<Line> {
  await line.close(true);
  const opened = await dial(known);
  if (!opened.connack.sessionPresent) return opened;
  await opened.close(true);
  throw new QueueError("host-lost", "the broker keeps a session that it was told to forget");
}

const sessionLost = (whose: string) => ({
  code: "session-lost",
  message: `the broker has forgotten the session ${whose}: what it had confirmed before may be lost`,
});

const randomId = () => `originmq${randomUuid().replaceAll("-", "")}`.slice(0, CLIENT_ID_LENGTH);
