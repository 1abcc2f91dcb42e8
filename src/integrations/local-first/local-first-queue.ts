// The public face of a queue that is kept on this device and forwarded to a server: what it promises, and which of its two
// sides each call goes to. How it keeps that is in open-local-first.ts.

import type { ConnectOptions } from "../../client/connection/connect-options.js";
import type { QueueEventMap } from "../../client/queue/events.js";
import type { Queue } from "../../client/queue/queue.js";
import type { Receipt } from "../../client/sending/item.js";
import type { QueueOptions, SendOptions } from "../../client/sending/options.js";
import type { StandardSchema } from "../../client/sending/schema.js";
import type { QueueStats } from "../../core/view/view.js";
import type { BridgeEventMap, BridgeStats } from "../bridge/telling.js";

/** Settings that mean something for messages on their way. All others are those of the server's queue, and set there. */
type LocalSettings = Pick<
  QueueOptions,
  | "maxMessages"
  | "maxBytes"
  | "overflow"
  | "ttlMs"
  | "maxDeadLetters"
  | "deduplicationWindowMs"
  | "deduplicationMode"
  | "maxDeduplicationIds"
  | "onGroupFailure"
  | "durability"
  | "schema"
>;

/** Where the server is, and the settings of this device's queue. */
export interface LocalFirstOptions extends LocalSettings, Omit<ConnectOptions, "lazy"> {
  /** What is sent is kept on this device first, and forwarded to the server of `url`. */
  readonly local: true;
  /** Address of the server's database, `wss://HOST/mq/DATABASE`. */
  readonly url: string;
  /**
   * Tells apart what different users of this device send: what waits goes up with the token of whoever opens the same
   * `database` and `url` next. Default "originmq".
   */
  readonly database?: string;
}

/** Of what is sent to a queue that is local first. */
export interface LocalReceipt extends Receipt {
  /** The message is durable on this device; the event `forwarded` says when the server has it, under the same id. */
  readonly where: "local";
}

/** What waits on this device, as `QueueStats` tell of any queue, and how the rest of the way is. */
export interface LocalFirstStats extends QueueStats {
  /** How forwarding goes, as this context sees it: of many that have the queue open, one forwards at a time. */
  readonly bridge: BridgeStats;
  /** The server's queue; `null` while it cannot be reached, or when the token does not let this client look. */
  readonly remote: QueueStats | null;
}

/** The events of this device's queue, and those of the bridge to the server. */
export interface LocalFirstEventMap extends QueueEventMap, BridgeEventMap {}

type Listener<Type extends keyof LocalFirstEventMap> =
  | ((event: LocalFirstEventMap[Type]) => void)
  | { handleEvent(event: LocalFirstEventMap[Type]): void };

/**
 * Two queues of one name, and a bridge from one to the other. What is sent goes to this device's, also without a network,
 * and from there to the server's, by whichever context of the origin has the queue open: each message once, as long as
 * the server remembers ids (`deduplicationWindowMs` of its queue), in the order of its group, and of the queue where there
 * are none. What is taken comes from the server's, under its leases: no message lies on two sides at once to be handled.
 *
 * A message with a delay crosses at once, and the server keeps the delay. A `deduplicationId` is known on this device alone.
 *
 * - To the server: `consume`, `receive`, `deliveries`, `readable`, `consumeUntilEmpty`, `request`, `schedules`. They wait
 *   for a network where there is none.
 * - To this device: everything else, and its events. `pause` stops forwarding, `purge` and `delete` take back what waits
 *   here, `deadLetters` are what the server has refused for good, `whenIdle` resolves once all is forwarded.
 *
 * To `ack({ send })` and to transactions it is the server's queue: the deliveries are the server's.
 */
export interface LocalFirstQueue<Input = unknown, Output = Input> extends Queue<Input, Output> {
  /** This device's, as a plain queue. Whoever takes from it keeps messages from the server. */
  readonly local: Queue<Input, Output>;
  /** The server's, as a plain queue: what is sent to it waits for the server. Its connection ends when a token is refused. */
  readonly remote: Queue<Input, Output>;
  /** Resolves when the message is durable on this device. Rejects as `send` of any queue does. */
  send(body: Input, options?: SendOptions & { readonly signal?: AbortSignal }): Promise<LocalReceipt>;
  /** All are durable on this device, in one commit, or none is. Rejects as `sendBatch` of any queue does. */
  sendBatch(
    items: readonly ({ readonly body: Input } & SendOptions)[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<LocalReceipt[]>;
  /**
   * What waits on this device, the way to the server, and its queue where that can be asked. Answers without a network,
   * too.
   */
  stats(): Promise<LocalFirstStats>;
  /**
   * The events of this device's queue, and of the bridge. `forwarded` and `refused` tell of messages, whichever context of
   * the origin has forwarded them; `stalled` and `flowing` tell of this context's own way to the server.
   */
  addEventListener<Type extends keyof LocalFirstEventMap>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** Ends what `addEventListener` began, for the same listener. */
  removeEventListener<Type extends keyof LocalFirstEventMap>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | EventListenerOptions,
  ): void;
  /**
   * Stops consumers as `close` of any queue does, and forwarding: waits for the server's answers to what it was sent, 5 s at
   * most (`force`: not at all). What was not forwarded stays on this device until the queue is opened again.
   */
  close(options?: { readonly force?: boolean }): Promise<void>;
}

/** `openQueue` with `local: true`. */
export interface OpenLocalFirst {
  <Input, Output>(
    name: string,
    options: LocalFirstOptions & { readonly schema: StandardSchema<Input, Output> },
  ): Promise<LocalFirstQueue<Input, Output>>;
  <Body = unknown>(name: string, options: LocalFirstOptions): Promise<LocalFirstQueue<Body>>;
}
