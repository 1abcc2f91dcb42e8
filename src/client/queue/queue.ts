// The public face of a queue. Holds no message: it asks the host, which answers once things are durable.

import { aFunction, check, checkOptions } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { groupId as groupIdField } from "../../core/spec/fields.js";
import type { DeadLetterFilter, PurgeFilter } from "../../core/spec/filters.js";
import type { MessageState } from "../../core/spec/message-states.js";
import { MINOR_GROUPS } from "../../core/spec/version.js";
import type { QueueStats } from "../../core/view/view.js";
import type { ClientCommand, HandOut, HostRequest, MessageView } from "../../link/rpc/wire.js";
import type { Client } from "../connection/client.js";
import { createAdmission } from "../receiving/admission.js";
import { type ConsumeOptions, type Consumer, createConsumer } from "../receiving/consumer.js";
import { openDeliveries } from "../receiving/deliveries.js";
import type { Delivery, Holding } from "../receiving/delivery.js";
import { type DrainOptions, type DrainResult, startDrain } from "../receiving/drain.js";
import type { Handler } from "../receiving/handling.js";
import type { Stoppable } from "../receiving/source.js";
import { readableFrom, writableTo } from "../receiving/streams.js";
import { abortable } from "../runtime/abortable.js";
import { asyncDispose } from "../runtime/dispose.js";
import { callListener } from "../runtime/listener.js";
import { noteQueue } from "../sending/commit.js";
import { hasFile, withFilesRead } from "../sending/files.js";
import type { Item, Receipt } from "../sending/item.js";
import {
  CLOSE_SPEC,
  CONSUME_SPEC,
  DEAD_PAGES_SPEC,
  DELIVERIES_SPEC,
  DRAIN_SPEC,
  FILTER_SPEC,
  itemOf,
  itemsOf,
  LIST_SPEC,
  PEEK_PAGES_SPEC,
  PEEK_SPEC,
  PURGE_SPEC,
  RECEIVE_SPEC,
  REDRIVE_SPEC,
  REQUEST_SPEC,
  type SendOptions,
  WAIT_SPEC,
  WATCH_SPEC,
  WRITABLE_SPEC,
} from "../sending/options.js";
import { assertFits, type StandardSchema } from "../sending/schema.js";
import { createQueueEvents, type QueueEvents } from "./events.js";
import { listed, pagesOf } from "./pages.js";
import { redriveAtRate } from "./redrive.js";
import { createSchedules, type Schedules } from "./schedules.js";

export interface ReceiveOptions {
  /** Deliveries at most. Default 1. */
  readonly max?: number;
  /** How long to wait for the first one, in ms. Default 0. */
  readonly waitMs?: number;
  /** Lease in place of the queue's, in ms. It is not renewed: `delivery.extend` does that. */
  readonly leaseMs?: number;
  readonly signal?: AbortSignal;
}

export interface RequestOptions extends Omit<SendOptions, "deduplicationId"> {
  /** Gives up with `timeout` after so long; the message stays, unless `ttlMs` ends it, too. Default: waits. */
  readonly timeoutMs?: number;
  /** Called with what the handler gives to `delivery.progress`. */
  readonly onProgress?: (value: unknown) => void;
  /** Gives up waiting, with the signal's reason; the message stays. */
  readonly signal?: AbortSignal;
}

export interface PeekOptions {
  /** Default 100. */
  readonly max?: number;
  /** Only messages in this state. Default: all that wait or are in work. */
  readonly state?: MessageState;
  /** Id after which to go on, in order of acceptance. */
  readonly after?: string;
}

export interface PeekPagesOptions extends Pick<PeekOptions, "state"> {
  /** Messages in a page, at most. Default 100. */
  readonly pageSize?: number;
}

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
}

/** `Input` is what is sent and stored, `Output` what is delivered: they differ where a schema transforms. */
export interface Queue<Input = unknown, Output = Input> extends QueueEvents {
  readonly name: string;
  /**
   * Resolves when the message is durable. Rejects with `full`, `not-cloneable` (naming where), `quota-exceeded` or
   * `invalid-argument`, with `schema-mismatch` (the issues in `detail`); then it was not accepted. `signal` gives up the waiting, not the message.
   * Plain JSON data is stored as it is now, whatever becomes of the object after the call; an object that stands in it twice
   * is delivered as two. Any other body is cloned when it leaves this context: at the end of the turn, or later, while
   * there is no host or no room, a file is read, a schema takes its time.
   */
  send(body: Input, options?: SendOptions & { readonly signal?: AbortSignal }): Promise<Receipt>;
  /**
   * All are accepted in one commit, or none. Of one priority and one time they are accepted in their order. Where these
   * differ, and none has a group or a deduplication id, those that are alike are accepted together, the high priorities
   * first: `peek` shows them so. Receipts stand in the order of the items.
   */
  sendBatch(items: readonly ({ readonly body: Input } & SendOptions)[]): Promise<Receipt[]>;
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
   * on when the last one of a page has gone meanwhile. What changes meanwhile may be in it or not.
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
  stats(): Promise<QueueStats>;
  /**
   * Calls with the statistics now, and again when they have changed, at most once in `everyMs` (default 1,000 ms); what
   * only fades with time is no change. Goes on under the next host. A hidden or sleeping page gets nothing until it is
   * shown again, and costs nothing. Returns what ends it.
   */
  subscribeStats(callback: (stats: QueueStats) => void, options?: { readonly everyMs?: number }): () => void;
  /** Hands out nothing until `resume`, also after a restart. Sends are accepted, deadlines go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Deletes every message that waits, or those that match; what consumers hold stays with them. */
  purge(options?: { readonly filter?: PurgeFilter }): Promise<{ readonly purged: number }>;
  /**
   * Deletes the queue: every message, dead letters, settings and totals. Handlers here are stopped by force; deliveries
   * elsewhere are lost to their consumers. A subscription ends with its queue. Closes this object; a send of another makes a new queue of the name.
   */
  delete(): Promise<{ readonly deleted: number }>;
  readonly deadLetters: DeadLetters<Input>;
  /** Messages that are sent again and again, by the clock. They end with `delete()`. */
  readonly schedules: Schedules<Input>;
  /** Stops this queue's consumers, waits for their handlers (`force`: gives their messages back), ends its use here. */
  close(options?: { readonly force?: boolean }): Promise<void>;
  [asyncDispose](): Promise<void>;
}

export interface QueueParts {
  readonly name: string;
  readonly client: Client;
  readonly schema?: StandardSchema | undefined;
  /** Called once, when the queue was closed. */
  onClosed(): Promise<void>;
}

const PAGE_DEFAULT = 100;

const waitsIn = ({ ready, delayed, leased, blocked, dead }: QueueStats, state?: MessageState): number =>
  state === "dead" ? dead : ready + delayed + leased + blocked;

const PEEKED_BY_DEFAULT: readonly MessageState[] = ["ready", "delayed", "leased", "blocked"];

export function createQueue<Input, Output>({ name, client, schema, onClosed }: QueueParts): Queue<Input, Output> {
  const { pipeline } = client;
  const consumers = new Set<Stoppable>();
  const closing = new AbortController();
  const events = createQueueEvents(name, client);
  /** Sends that wait for files to be read; later ones wait for them, so that their order holds. */
  let reading: Promise<unknown> | undefined;
  let closed: Promise<void> | undefined;

  const assertOpen = () => {
    if (closing.signal.aborted) throw closing.signal.reason;
  };

  const command = async <T>(asked: ClientCommand): Promise<T> => {
    assertOpen();
    return pipeline.command<T>(asked);
  };
  const ask = async <T>(asked: HostRequest, signal?: AbortSignal): Promise<T> => {
    assertOpen();
    return abortable(client.ask<T>(asked, signal), closing.signal);
  };

  const admit = schema && createAdmission(schema);

  /** Calls `next` with the items once they fit, their files read; at once, when nobody has to be waited for. */
  const whenRead = <T>(items: readonly Item[], next: (items: readonly Item[]) => Promise<T>): Promise<T> => {
    const fitting = schema && assertFits(schema, items);
    const hasFiles = items.some(hasFile);
    if (reading === undefined && !fitting && !hasFiles) return next(items);
    const read = (async () => {
      await fitting;
      return hasFiles ? Promise.all(items.map(withFilesRead)) : items;
    })();
    const turn = Promise.allSettled([reading, read]);
    reading = turn;
    const isLast = () => {
      if (reading === turn) reading = undefined;
    };
    return turn.then(async () => {
      isLast();
      return next(await read);
    });
  };

  const openLoop = (options: { readonly prefetch?: number; readonly signal?: AbortSignal }) => {
    assertOpen();
    const onStopped = () => consumers.delete(opened);
    const opened = openDeliveries<Output>({ client, queue: name, ...options, admit, onStopped });
    consumers.add(opened);
    return opened;
  };

  const queue: Queue<Input, Output> = {
    name,
    ...events.target,
    async send(body, options) {
      assertOpen();
      const item = itemOf(body, options);
      options?.signal?.throwIfAborted();
      const sent = whenRead([item], ([read]) => pipeline.send(name, read as Item, options?.signal));
      return options?.signal ? abortable(sent, options.signal) : sent;
    },
    async sendBatch(items) {
      assertOpen();
      return whenRead(itemsOf(items), (read) => pipeline.sendBatch(name, read));
    },
    consume(handler, options = {}) {
      assertOpen();
      aFunction(handler, "consume(handler)");
      checkOptions("consume()", options, CONSUME_SPEC);
      const { concurrency = 1, prefetch = concurrency, signal } = options;
      signal?.throwIfAborted();
      const onAbort = () => void consumer.stop();
      const onStopped = () => {
        consumers.delete(consumer);
        signal?.removeEventListener("abort", onAbort);
      };
      const atLeast = Math.max(prefetch, concurrency);
      const consumer = createConsumer<Output>({
        client,
        queue: name,
        handler,
        admit,
        concurrency,
        prefetch: atLeast,
        onStopped,
      });
      consumers.add(consumer);
      signal?.addEventListener("abort", onAbort, { once: true });
      return consumer;
    },
    async receive(options = {}) {
      checkOptions("receive()", options, RECEIVE_SPEC);
      const { max = 1, waitMs = 0, leaseMs, signal } = options;
      const endsAt = client.runtime.now() + waitMs;
      for (;;) {
        const leftMs = Math.max(0, endsAt - client.runtime.now());
        const taken = await receive<Output>({ max, waitMs: leftMs, mode: "receive", leaseMs }, signal);
        const admitted: Delivery<Output>[] = [];
        for (const holding of taken) if (!admit || (await admit(holding))) admitted.push(holding.delivery);
        // None of them fitted: then the next may.
        if (admitted.length > 0 || taken.length === 0) return admitted;
      }
    },
    deliveries(options = {}) {
      checkOptions("deliveries()", options, DELIVERIES_SPEC);
      return openLoop(options).iterator;
    },
    readable(options = {}) {
      checkOptions("readable()", options, DELIVERIES_SPEC);
      const { iterator, giveBack } = openLoop(options);
      return readableFrom(iterator, giveBack);
    },
    writable(options = {}) {
      assertOpen();
      checkOptions("writable()", options, WRITABLE_SPEC);
      const { inFlight = 1, ...given } = options;
      return writableTo<Input>((body) => queue.send(body, given), inFlight);
    },
    async request<Reply>(body: Input, options: RequestOptions = {}) {
      assertOpen();
      checkOptions("request()", options, REQUEST_SPEC);
      const { timeoutMs, signal, onProgress, ...given } = options;
      const answered = client.requests.ask({
        queue: name,
        timeoutMs,
        signal,
        closing: closing.signal,
        ...(onProgress && { onProgress }),
        send: (headers) => queue.send(body, { ...given, headers: { ...given.headers, ...headers } }),
      });
      return (await answered) as Reply;
    },
    async peek(options = {}) {
      checkOptions("peek()", options, PEEK_SPEC);
      const { max = 100, state, after } = options;
      const states = state ? [state] : PEEKED_BY_DEFAULT;
      return listed({ max, after }, (range) => ask({ op: "peek", queue: name, states, ...range }));
    },
    peekPages(options = {}) {
      assertOpen();
      checkOptions("peekPages()", options, PEEK_PAGES_SPEC);
      const { pageSize: max = PAGE_DEFAULT, state } = options;
      return pagesOf(
        async () => waitsIn(await queue.stats(), state),
        (after) => queue.peek({ max, ...(state && { state }), ...(after !== undefined && { after }) }),
      );
    },
    async isGroupWaiting(groupId) {
      check(groupIdField, groupId, "isGroupWaiting(groupId)");
      assertOpen();
      await client.connected();
      if (client.minor >= MINOR_GROUPS) return ask({ op: "group", queue: name, group: groupId });
      for await (const page of queue.peekPages()) if (page.some((view) => view.groupId === groupId)) return true;
      return false;
    },
    async consumeUntilEmpty(handler, options = {}) {
      assertOpen();
      aFunction(handler, "consumeUntilEmpty(handler)");
      checkOptions("consumeUntilEmpty()", options, DRAIN_SPEC);
      const take = (max: number) => receive<Output>({ max, waitMs: 0, mode: "consume", leaseMs: undefined }, undefined);
      // Asked of the host also while the queue is being closed.
      const ready = async () => (await client.ask<QueueStats>({ op: "stats", queue: name })).ready;
      const drain = startDrain({ handler, admit, now: client.runtime.now, take, ready }, options);
      consumers.add(drain);
      return drain.result.finally(() => consumers.delete(drain));
    },
    async whenIdle(options = {}) {
      checkOptions("whenIdle()", options, WAIT_SPEC);
      const waiter = client.nextWaiter();
      try {
        await ask({ op: "idle", waiter, queue: name }, options.signal);
      } catch (error) {
        client.cancelWaiter(waiter);
        throw error;
      }
    },
    stats: () => ask({ op: "stats", queue: name }),
    subscribeStats(callback, options = {}) {
      assertOpen();
      aFunction(callback, "subscribeStats(callback)");
      checkOptions("subscribeStats()", options, WATCH_SPEC);
      const unwatch = client.watch(name, options.everyMs ?? 1_000, (stats) => callListener(() => callback(stats)));
      const end = () => {
        unwatch();
        closing.signal.removeEventListener("abort", end);
      };
      closing.signal.addEventListener("abort", end);
      return end;
    },
    pause: () => command({ type: "pause", queue: name, paused: true }),
    resume: () => command({ type: "pause", queue: name, paused: false }),
    async purge(options = {}) {
      checkOptions("purge()", options, PURGE_SPEC);
      return command({ type: "purge", queue: name, ...(options.filter && { filter: options.filter }) });
    },
    async delete() {
      assertOpen();
      await Promise.all([...consumers].map((consumer) => consumer.stop({ force: true })));
      const deleted = await command<{ deleted: number }>({ type: "delete", queue: name });
      await queue.close();
      return deleted;
    },
    deadLetters: {
      async list(options = {}) {
        checkOptions("deadLetters.list()", options, LIST_SPEC);
        const { max = 100, after } = options;
        return listed({ max, after }, (range) => ask({ op: "dead-letters", queue: name, ...range }));
      },
      pages(options = {}) {
        assertOpen();
        checkOptions("deadLetters.pages()", options, DEAD_PAGES_SPEC);
        const { pageSize: max = PAGE_DEFAULT, after: first } = options;
        return pagesOf(
          async () => (await queue.stats()).dead,
          (after = first) => queue.deadLetters.list({ max, ...(after !== undefined && { after }) }),
        );
      },
      async redrive(options = {}) {
        checkOptions("deadLetters.redrive()", options, REDRIVE_SPEC);
        const { filter = {}, rate, signal } = options;
        signal?.throwIfAborted();
        const asked = { type: "redrive", queue: name, filter } as const;
        if (rate === undefined) return command(asked);
        // What dies from now on is left: it would be redriven for ever.
        const diedBy = Date.now();
        return redriveAtRate(rate, client.runtime, signal, (max) => command({ ...asked, max, diedBy }));
      },
      async purge(options = {}) {
        checkOptions("deadLetters.purge()", options, FILTER_SPEC);
        return command({ type: "purge-dead", queue: name, filter: options.filter ?? {} });
      },
    },
    schedules: createSchedules({ queue: name, command, ask, whenRead }),
    async close(options = {}) {
      checkOptions("close()", options, CLOSE_SPEC);
      // Stopping a consumer a second time, by force, must still reach it.
      const stopped = Promise.all([...consumers].map((consumer) => consumer.stop(options)));
      closed ??= (async () => {
        closing.abort(new QueueError("closed", `queue "${name}" was closed`));
        events.close();
        await reading;
        await stopped;
        await onClosed();
      })();
      await Promise.all([stopped, closed]);
    },
    [asyncDispose]: () => queue.close(),
  };

  noteQueue(queue, {
    database: pipeline.database,
    assertFits: (item) => schema && assertFits(schema, [item]),
  });

  const receive = async <B>(
    asked: Pick<Extract<HostRequest, { op: "receive" }>, "max" | "waitMs" | "mode" | "leaseMs">,
    signal: AbortSignal | undefined,
  ): Promise<Holding<B>[]> => {
    signal?.throwIfAborted();
    const waiter = client.nextWaiter();
    const { leaseMs, ...rest } = asked;
    const endsAt = client.runtime.now() + rest.waitMs;
    // Of a host after the first it asks what is left of its time.
    const request = (): HostRequest => ({
      op: "receive",
      waiter,
      queue: name,
      ...rest,
      waitMs: Math.max(0, Math.ceil(endsAt - client.runtime.now())),
      ...(leaseMs !== undefined && { leaseMs }),
    });
    assertOpen();
    const received = client.ask<HandOut | null>(request);
    try {
      const handOut = await abortable(abortable(received, signal), closing.signal);
      return handOut ? client.holdings.take<B>(handOut) : [];
    } catch (error) {
      client.cancelWaiter(waiter);
      // What was on its way to a caller that has gone goes back.
      received.then(
        (handOut) => {
          for (const holding of handOut ? client.holdings.take<B>(handOut) : []) void holding.giveBack();
        },
        () => {},
      );
      throw error;
    }
  };

  return queue;
}
