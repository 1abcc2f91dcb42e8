// JetStream as a source: what may be said of it, and the durable pull consumer. Invariant: of the tabs of one origin, one
// pulls at a time.

import type { ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import { anything, boolean, type Check, check, checkOptions, type Spec, string } from "../../../core/spec/check.js";
import { QueueError } from "../../../core/spec/errors.js";
import { holdAlone } from "../alone.js";
import { loaded } from "../loaded.js";
import { servers } from "../options.js";
import type { BridgeSource } from "../source.js";
import { ANSWER_MS, FOR, type Line, openLine, type Servers } from "./connection.js";
import { createPuller, type Puller } from "./puller.js";
import { nameText } from "./target.js";

/** Which stream messages come from, and who this device is to it. */
export interface FromJetStreamOptions {
  /** As of `toJetStream`. */
  readonly servers: Servers;
  /** For a connection of the bridge's own: what else `connect` of nats.js takes. */
  readonly connection?: object;
  /** The stream, which is there already. */
  readonly stream: string;
  /**
   * Name of the pull consumer, one for each device: what it has acknowledged is kept under it. Made where it is not there,
   * from the beginning of the stream.
   */
  readonly durable: string;
  /** Only messages of this subject, wildcards included, where the consumer is made. Default: all of the stream. */
  readonly filterSubject?: string;
  /** What is a CloudEvent 1.0, in binary or JSON mode, is taken as one. Default false. */
  readonly cloudEvents?: boolean;
}

const SPEC: Spec = {
  servers: servers("request"),
  connection: anything,
  stream: nameText,
  durable: nameText,
  filterSubject: string(1, 1_000),
  cloudEvents: boolean,
};

/** Of a consumer that a bridge makes: what it does not hear of for so long, the server hands out again. */
const ACK_WAIT_MS = 10_000;
const NANOS = 1_000_000;
const ACK_WAIT_MS_DEFAULT = 30_000;
/** What an earlier session has left is handed out again once its time is over, and a little later. */
const LEFT_MARGIN_MS = 500;

/**
 * A message has the id that its sender gave it (`Nats-Msg-Id`), or its stream, sequence and time, by which a queue stores it once.
 * A durable name is for one bridge at a time; tabs of one origin see to that themselves. Throws `invalid-argument`, naming
 * the option.
 */
export function fromJetStream(options: FromJetStreamOptions): BridgeSource {
  checkOptions("fromJetStream()", options, SPEC);
  for (const name of ["servers", "stream", "durable"] as const)
    check(SPEC[name] as Check, options[name], `fromJetStream().${name}`);
  const { stream, durable } = options;
  let puller: Puller | undefined;
  /** The last line was closed with nothing left on it. */
  let isClean = false;

  const openPuller = async (inFlight: number, signal: AbortSignal): Promise<Puller> => {
    const letGo = await holdAlone(`originmq:bridge:${stream}:${durable}`, signal);
    let line: Line | undefined;
    try {
      line = await openLine(options.servers, options.connection);
      signal.throwIfAborted();
      const { jetstream, jetstreamManager } = await loaded(
        "@nats-io/jetstream",
        FOR,
        () => import("@nats-io/jetstream"),
      );
      const manager = await jetstreamManager(line.nc, { checkAPI: false, timeout: ANSWER_MS });
      const info = await consumerOf(manager, options, inFlight);
      const consumer = await jetstream(line.nc, { timeout: ANSWER_MS }).consumers.get(stream, durable);
      const ackWaitMs = (info.config.ack_wait ?? ACK_WAIT_MS_DEFAULT * NANOS) / NANOS;
      const leftMs = info.num_ack_pending > 0 && !isClean ? ackWaitMs + LEFT_MARGIN_MS : 0;
      isClean = false;
      const opened = createPuller({ options, line, consumer, ackWaitMs, leftMs });
      void opened.ended.then(() => {
        if (puller === opened) puller = undefined;
        letGo();
      });
      return opened;
    } catch (error) {
      await line?.close();
      letGo();
      throw error;
    }
  };

  return {
    name: `consumer "${durable}" of stream "${stream}"`,
    keepsGroups: false,
    async open(taking, signal) {
      puller ??= await openPuller(taking.inFlightMax, signal);
      return puller.open(taking);
    },
    async close() {
      isClean = (await puller?.close()) ?? isClean;
    },
  };
}

/** The consumer, made where it is not there. Throws `unsupported` for one that keeps nothing until it is acknowledged. */
async function consumerOf(
  manager: JetStreamManager,
  options: FromJetStreamOptions,
  inFlight: number,
): Promise<ConsumerInfo> {
  const { stream, durable, filterSubject } = options;
  const info = await manager.consumers.info(stream, durable).catch((error: unknown) => {
    if ((error as Error).name === "ConsumerNotFoundError") return undefined;
    if ((error as Error).name !== "StreamNotFoundError") throw error;
    throw new QueueError("unsupported", `there is no stream "${stream}"`, { cause: error });
  });
  if (info === undefined) {
    return manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: "explicit",
      deliver_policy: "all",
      ack_wait: ACK_WAIT_MS * NANOS,
      max_deliver: -1,
      max_ack_pending: inFlight,
      ...(filterSubject !== undefined && { filter_subject: filterSubject }),
    });
  }
  const { deliver_subject: isPush, ack_policy: policy, max_deliver: deliveriesMax = -1 } = info.config;
  if (isPush || policy !== "explicit") {
    throw new QueueError(
      "unsupported",
      `the consumer "${durable}" must be a pull consumer with explicit acknowledgements`,
    );
  }
  // Each session that ends before it has acknowledged counts as one, and what has used them up comes no more.
  if (deliveriesMax > 0) {
    throw new QueueError(
      "unsupported",
      `the consumer "${durable}" gives a message up after max_deliver ${deliveriesMax}, which would lose it: it must be -1`,
    );
  }
  return info;
}
