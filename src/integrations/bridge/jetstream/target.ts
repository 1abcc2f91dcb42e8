// JetStream as a target: what may be said of it, and the opening of a session. Invariant: nothing is sent to a stream of which
// it is not known that it keeps what it is given.

import {
  anything,
  boolean,
  type Check,
  check,
  checkOptions,
  invalid,
  type Spec,
  string,
} from "../../../core/spec/check.js";
import { QueueError } from "../../../core/spec/errors.js";
import { type CloudEventOptions, cloudEvents } from "../envelope/cloudevents.js";
import { loaded } from "../loaded.js";
import type { BridgeMessage } from "../message.js";
import { servers, textOrFunction } from "../options.js";
import type { BridgeTarget } from "../target.js";
import { ANSWER_MS, FOR, openLine, type Servers } from "./connection.js";
import { assertKeeps, assertSubject } from "./keeping.js";
import { createPublisher } from "./publisher.js";

/** Which stream messages go to, and how they are written. */
export interface ToJetStreamOptions {
  /**
   * Where the servers are, `wss://` from pages, `nats://` from Node, Deno and Bun, or an open connection of nats.js, which
   * stays the application's own.
   */
  readonly servers: Servers;
  /** For a connection of the bridge's own: what else `connect` of nats.js takes, such as `authenticator`. */
  readonly connection?: object;
  /** The stream, which is there already: docs/bridges.md says how to make it. */
  readonly stream: string;
  /** The subject of all messages, or of each. It has to be one of the stream's. */
  readonly subject: string | ((message: BridgeMessage) => string);
  /**
   * Forwards also into a stream that forgets ids sooner than messages may be sent again: one of retention `workqueue` or
   * `interest`, in memory, or with a short `duplicate_window`. Then a message may be there twice. Default false.
   */
  readonly allowForgetfulTarget?: boolean;
  /** Messages as CloudEvents 1.0. Default: the body as it is, headers as headers. */
  readonly cloudEvents?: CloudEventOptions;
}

/** Of a stream or a consumer, as nats-server takes them. */
export const nameText: Check = (value, name) => {
  check(string(1, 255), value, name);
  if (/[\s.*>/\\]/.test(value as string)) invalid(name, value, "without white space and without any of . * > / \\");
};
const subject = textOrFunction(string(1, 1_000), assertSubject);
const SPEC: Spec = {
  servers: servers("request"),
  connection: anything,
  stream: nameText,
  subject,
  allowForgetfulTarget: boolean,
  cloudEvents,
};

/** Throws `invalid-argument`, naming the option. What is wrong with the stream shows in the bridge's `stats().error`. */
export function toJetStream(options: ToJetStreamOptions): BridgeTarget {
  checkOptions("toJetStream()", options, SPEC);
  for (const name of ["servers", "stream", "subject"] as const)
    check(SPEC[name] as Check, options[name], `toJetStream().${name}`);
  const { stream, allowForgetfulTarget = false } = options;
  return {
    name: `stream "${stream}"`,
    guarantee: allowForgetfulTarget ? "confirmed" : "durable",
    async open(signal) {
      const line = await openLine(options.servers, options.connection);
      try {
        signal.throwIfAborted();
        const { jetstream, jetstreamManager } = await loaded(
          "@nats-io/jetstream",
          FOR,
          () => import("@nats-io/jetstream"),
        );
        const manager = await jetstreamManager(line.nc, { checkAPI: false, timeout: ANSWER_MS });
        const { config, state } = await manager.streams.info(stream);
        assertKeeps(config, state.consumer_count, allowForgetfulTarget);
        const { MsgHdrsImpl } = await import("@nats-io/nats-core");
        // It takes texts, too, and looks at each; what is put into headers is known to be fit for them.
        const headersOf = (record: Record<string, string>) => MsgHdrsImpl.fromRecord(record as never);
        const client = jetstream(line.nc, { timeout: ANSWER_MS });
        return createPublisher({ options, line, config, manager, client, headersOf });
      } catch (error) {
        await line.close();
        throw named(error, stream);
      }
    },
  };
}

/** Of a server that answers, but not as it should: the stream is missing, or may not be looked at. */
function named(error: unknown, stream: string): unknown {
  if (error instanceof QueueError || !(error instanceof Error)) return error;
  if (error.name === "StreamNotFoundError") {
    return new QueueError("unsupported", `there is no stream "${stream}": docs/bridges.md says how to make it`, {
      cause: error,
    });
  }
  return error;
}
