// The public face of a queue: what it promises, call by call. How it keeps that is in create-queue.ts.

import type { Headers } from "../../core/log/bodies.js";
import type { QueueError } from "../../core/spec/errors.js";
import type { DeadLetterFilter, PurgeFilter } from "../../core/spec/filters.js";
import type { MessageState } from "../../core/spec/message-states.js";
import type { QueueStats } from "../../core/view/view.js";
import type { MessageView } from "../../link/rpc/views.js";
import type { ConsumeOptions, Consumer } from "../receiving/consumer.js";
import type { Delivery } from "../receiving/delivery.js";
import type { DrainOptions, DrainResult } from "../receiving/drain.js";
import type { Handler } from "../receiving/handling.js";
import type { asyncDispose } from "../runtime/dispose.js";
import type { Receipt } from "../sending/item.js";
import type { SendOptions } from "../sending/options.js";
import type { QueueEvents } from "./events.js";
import type { Schedules } from "./schedules.js";

/** How `receive` takes deliveries. */
export interface ReceiveOptions {
  /** Deliveries at most. Default 1. */
  readonly max?: number;
  /** How long to wait for the first one, in ms. Default 0. */
  readonly waitMs?: number;
  /** Lease in place of the queue's, in ms. It is not renewed: `delivery.extend` does that. */
  readonly leaseMs?: number;
  /** Gives up waiting, with the signal's reason; nothing is taken then. */
  readonly signal?: AbortSignal;
}

/** How a request is sent, and how long its answer is waited for. */
export interface RequestOptions extends Omit<SendOptions, "deduplicationId"> {
  /** Gives up with `timeout` after so long; the message stays, unless `ttlMs` ends it, too. Default: waits. */
  readonly timeoutMs?: number;
  /** Called with what the handler gives to `delivery.progress`. */
  readonly onProgress?: (value: unknown) => void;
  /** Gives up waiting, with the signal's reason; the message stays. */
  readonly signal?: AbortSignal;
}

/** Which messages `peek` shows. */
export interface PeekOptions {
  /** Default 100. */
  readonly max?: number;
  /** Only messages in this state. Default: all that wait or are in work. */
  readonly state?: MessageState;
  /** Id after which to go on, in order of acceptance. */
  readonly after?: string;
  /** Messages that are passed over first, however many there are; to scroll to any of a million. Default 0. */
  readonly skip?: number;
}

/** Which messages `peekPages` shows, and how many at a time. */
export interface PeekPagesOptions extends Pick<PeekOptions, "state"> {
  /** Messages in a page, at most. Default 100. */
  readonly pageSize?: number;
  /**
   * Shows the queue as it was when the first page was asked for, its dead letters behind the others unless `state` says otherwise.
   * The host notes what there was, some hundred bytes a message, and deletes no bodies until the reading ends, or nobody has gone
   * on with it for a minute: then, as when the host changes, the next page rejects with `host-lost`. Default false.
   */
  readonly snapshot?: boolean;
}

/** How often `subscribeStats` calls, and whom it tells of its end. */
export interface SubscribeStatsOptions {
  /** Least time between two calls, in ms. Default 1,000. */
  readonly everyMs?: number;
  /** Called once when it has ended by itself, with why. Default: it is written to the console. */
  readonly onEnded?: (reason: QueueError) => void;
}

/** What `replace` gives a message beside its body. */
export interface ReplaceOptions {
  /** Text by name, in place of the headers that it had. Default: none. */
  readonly headers?: Headers;
}

/** What a queue gave up: each message with its reason and its last error, until it is redriven or purged. */
export interface DeadLetters<Body> {
  /** In the order they died, `max` (default 100) from after the one with id `after`. */
  list(options?: { readonly max?: number; readonly after?: string }): Promise<MessageView<Body>[]>;
  /** All that are there now, or from after the one with id `after`, in the order they died, page by page, as `queue.peekPages`. */
  pages(options?: { readonly pageSize?: number; readonly after?: string }): AsyncIterable<MessageView<Body>[]>;
  /** Sends all that match back to the queue in one commit, attempts at zero; `full` when they do not all fit. */
  redrive(options?: {
    readonly filter?: DeadLetterFilter;
    /**
     * Messages per second, the longest dead first, each part a commit of its own: spares consumers a flood. What dies
     * again meanwhile is left. Paced by this context; default: all at once.
     */
    readonly rate?: number;
    /** Ends the pacing with the signal's reason; what was redriven stays so. */
    readonly signal?: AbortSignal;
  }): Promise<{ readonly redriven: number }>;
  /** Deletes all that match, for good. */
  purge(options?: { readonly filter?: DeadLetterFilter }): Promise<{ readonly purged: number }>;
  /**
   * Gives a dead letter another body and sends it back to the queue, as `redrive` does, in one commit. `replaced` is false,
   * and nothing was done, where it is no dead letter any more. Rejects as `send` and `redrive` do; `unsupported` when an
   * earlier build hosts.
   */
  replace(id: string, body: Body, options?: ReplaceOptions): Promise<{ readonly replaced: boolean }>;
}

/** `Input` is what is sent and stored, `Output` what is delivered: they differ where a schema transforms. */
export interface Queue<Input = unknown, Output = Input> extends QueueEvents {
  /** As it was opened; a subscription's is `TOPIC/NAME`. */
  readonly name: string;
  /**
   * Resolves when the message is durable. Rejects with `full`, `not-cloneable` (naming where), `quota-exceeded` or
   * `invalid-argument`, with `schema-mismatch` (the issues in `detail`); then it was not accepted. `signal` gives up the waiting, not the message.
   * The body is stored as it is now, whatever becomes of it after the call: plain JSON data as text, in which an object that
   * stands in two places becomes two; of any other body the containers and objects are copied, also out of the proxies in
   * which frameworks keep state. Binary data and files in it are cloned when they leave this context: at the end of the
   * turn, or later, while there is no host or no room, a file is read, a schema takes its time.
   */
  send(body: Input, options?: SendOptions & { readonly signal?: AbortSignal }): Promise<Receipt>;
  /**
   * All are accepted in one commit, or none; of none, none. Of one priority and one time they are accepted in their order. Where these
   * differ, and none has a group or a deduplication id, those that are alike are accepted together, the high priorities
   * first: `peek` shows them so. Receipts stand in the order of the items. `signal` gives up the waiting, not the messages; those
   * that wait for room (`overflow: "block"`) are not sent then.
   */
  sendBatch(
    items: readonly ({ readonly body: Input } & SendOptions)[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Receipt[]>;
  /** Runs the handler for every message, at least once each, until the consumer is stopped. */
  consume(handler: Handler<Output>, options?: ConsumeOptions): Consumer;
  /** Takes up to `max` deliveries to settle by hand; an empty array when there is none in time. */
  receive(options?: ReceiveOptions): Promise<Delivery<Output>[]>;
  /** Deliveries one after the other, to settle by hand; leaving the loop gives back what was not seen. */
  deliveries(options?: {
    readonly prefetch?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterableIterator<Delivery<Output>>;
  /**
   * Deliveries as a stream, to settle by hand. Backpressure: at most `prefetch` (default 1) are out unsettled, and none
   * before the stream is read; their leases are renewed as for a handler. Cancelling gives back what was not read,
   * uncounted; what was read, into a transform too, is still to be settled. Ends when the queue is closed here.
   */
  readable(options?: { readonly prefetch?: number; readonly signal?: AbortSignal }): ReadableStream<Delivery<Output>>;
  /**
   * Sends what is written, each chunk a body, all with the same options. A write is over when its message is durable,
   * or, with `inFlight` above 1 (the default), when fewer than that many are not durable yet; closing waits for all.
   * A refused send errors the stream with its `QueueError`.
   */
  writable(options?: SendOptions & { readonly inFlight?: number }): WritableStream<Input>;
  /**
   * Sends a message and resolves with what its handler, of `consume` or `consumeUntilEmpty`, returns. Survives the reload
   * of the consumer (another attempt answers) and changes of the host; this context's own end it does not. An attempt
   * that failed after its answer was sent runs again, and the first answer counts. Rejects as `send` does, with `dead`
   * when the message is given up (`reason` and `error` in `detail`) or gone without an answer, with `timeout`, or with
   * the signal's reason.
   */
  request<Reply = unknown>(body: Input, options?: RequestOptions): Promise<Reply>;
  /** Looks at messages in the order they were accepted. Never counts as a delivery. */
  peek(options?: PeekOptions): Promise<MessageView<Input>[]>;
  /**
   * All that are there now, page by page, each read when it is asked for: no message is shown twice, and the reading goes
   * on when the last one of a page has gone meanwhile. What changes meanwhile may be in it or not, unless it is a `snapshot`.
   */
  peekPages(options?: PeekPagesOptions): AsyncIterable<MessageView<Input>[]>;
  /** Whether a message of this group waits, is delayed or in work: whether one sent now would come after another. */
  isGroupWaiting(groupId: string): Promise<boolean>;
  /**
   * Bounded work, for service workers and scripts: handles what is ready until nothing is, or `budgetMs` has passed.
   * Resolves when the handlers it started have ended.
   */
  consumeUntilEmpty(handler: Handler<Output>, options?: DrainOptions): Promise<DrainResult>;
  /** Resolves once nothing is ready or in work; what is delayed into the future does not count. */
  whenIdle(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * The queue as its host sees it at this moment: depths and ages exact, totals durable, rates and percentiles since the
   * host began. Rejects with `denied` where a server does not let this client look.
   */
  stats(): Promise<QueueStats>;
  /**
   * Calls with the statistics now, and again when they have changed, at most once in `everyMs` (default 1,000 ms); what
   * only fades with time is no change. Goes on under the next host. A hidden or sleeping page gets nothing until it is
   * shown again, and costs nothing. Returns what ends it. By itself it ends with `denied`, where a server does not let this
   * client see them, and when there will be no host any more.
   */
  subscribeStats(callback: (stats: QueueStats) => void, options?: SubscribeStatsOptions): () => void;
  /** Hands out nothing until `resume`, also after a restart. Sends are accepted, deadlines go on. */
  pause(): Promise<void>;
  /**
   * Ends a `pause`, whoever asked for it. A queue that stands still because it is full of dead letters goes on by itself
   * once there is room: redrive or purge them.
   */
  resume(): Promise<void>;
  /**
   * Deletes every message that waits, or those that match; what consumers hold stays with them. `ids` names messages, at
   * most 100,000, and takes them also from their consumers: the delivery's signal aborts, and nobody gets it again.
   * All in one commit. `unsupported` when ids are given and an earlier build hosts.
   */
  purge(options?: {
    readonly filter?: PurgeFilter;
    readonly ids?: readonly string[];
  }): Promise<{ readonly purged: number }>;
  /**
   * Gives a message that waits another body; it keeps its id, its place, priority, group and times. `replaced` is false, and
   * nothing was done, where it is in work at that moment, was given up or is gone: a body is never changed under whoever
   * handles it. Rejects as `send` does; `unsupported` when an earlier build hosts.
   */
  replace(id: string, body: Input, options?: ReplaceOptions): Promise<{ readonly replaced: boolean }>;
  /**
   * Deletes the queue: every message, dead letters, settings and totals. Handlers here are stopped by force; deliveries
   * elsewhere are lost to their consumers. A subscription ends with its queue. Closes this object; a send of another makes a new queue of the name.
   */
  delete(): Promise<{ readonly deleted: number }>;
  /** What was given up, to look at, send again or delete. */
  readonly deadLetters: DeadLetters<Input>;
  /** Messages that are sent again and again, by the clock. They end with `delete()`. */
  readonly schedules: Schedules<Input>;
  /**
   * Stops this queue's consumers, waits for their handlers (`force`: gives their messages back), ends its use here. The last
   * queue that `openQueue` has opened over a connection closes that, too, as `connection.close` does.
   */
  close(options?: { readonly force?: boolean }): Promise<void>;
  [asyncDispose](): Promise<void>;
}
