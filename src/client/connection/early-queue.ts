// A queue whose receiving part is still on its way: it sends at once, and what else it is asked for waits for that part.
// Invariant: called before that part is there or after, a member does the same and fails the same.

import { aFunction, checkOptions } from "../../core/spec/check.js";
import type { QueueError } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import { createQueueEvents } from "../queue/events.js";
import type { Queue } from "../queue/queue.js";
import { createSender } from "../queue/sender.js";
import { writableOf } from "../queue/writing.js";
import type { Consumer } from "../receiving/consumer.js";
import { whenAborted } from "../runtime/abortable.js";
import { callListener, complainOnce } from "../runtime/complain.js";
import { asyncDispose } from "../runtime/dispose.js";
import type { Later } from "../runtime/later.js";
import type { Intake } from "../sending/intake.js";
import { knownAs, noteQueue } from "../sending/known.js";
import {
  CLOSE_SPEC,
  CONSUME_SPEC,
  DEAD_PAGES_SPEC,
  DELIVERIES_SPEC,
  PEEK_PAGES_SPEC,
  WATCH_SPEC,
} from "../sending/options.js";
import type { StandardSchema } from "../sending/schema.js";
import type { Client } from "./client.js";
import type { EarlyClient } from "./early-client.js";
import type { Happenings } from "./happenings.js";
import type { Begun, completeQueue } from "./open-queue.js";

interface Part {
  readonly completeQueue: typeof completeQueue;
}

export interface EarlyParts {
  readonly name: string;
  readonly client: EarlyClient;
  readonly happenings: Omit<Happenings, "tell">;
  /** What its database is known by here. */
  readonly database: string;
  readonly whole: Later<Part>;
  readonly intake: Intake;
  readonly schema: StandardSchema | undefined;
  onClosed(options: { readonly force?: boolean }): Promise<void>;
}

export function createEarlyQueue<Input, Output>(parts: EarlyParts): Queue<Input, Output> {
  const { name, client, whole, schema, onClosed } = parts;
  const sender = createSender<Input>({ name, sending: client, intake: parts.intake });
  const { closing, assertOpen, send, sendBatch } = sender;
  const begun: Begun<Input> = { sender, events: createQueueEvents(name, parts.happenings), schema, onClosed };
  let complete: Queue<Input, Output> | undefined;
  let closed: Promise<void> | undefined;

  const completed = ({ completeQueue: make }: Part, over: Client) => {
    assertOpen();
    complete ??= make<Input, Output>(over, begun);
    return complete;
  };
  /** The complete queue, once it may be had; `undefined` before. */
  const known = () => complete ?? (whole.now && client.now && completed(whole.now, client.now));
  const get = async () => complete ?? completed(await whole.get(), await client.whole());

  /** A member whose answer is a promise. */
  const promised =
    <Args extends readonly unknown[], T>(member: (queue: Queue<Input, Output>) => (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> =>
      member(known() ?? (await get()))(...args);

  /** A member that gives pages or deliveries one after the other. */
  const iterated = <T>(member: (queue: Queue<Input, Output>) => AsyncIterable<T>): AsyncIterableIterator<T> => {
    const there = known();
    if (there) return member(there) as AsyncIterableIterator<T>;
    const iterator = get().then((queue) => member(queue)[Symbol.asyncIterator]());
    const done = { done: true, value: undefined } as const;
    /** Of a queue that was closed meanwhile there is nothing more, which is an end like any other. */
    const opened = iterator.catch((reason: unknown) => {
      if (!closing.aborted) throw reason;
    });
    opened.catch(() => {});
    return {
      next: async () => (await opened)?.next() ?? done,
      return: async () => (await (await iterator.catch(() => undefined))?.return?.()) ?? done,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };

  const queue: Queue<Input, Output> = {
    name,
    ...begun.events.target,
    send,
    sendBatch,
    consume(handler, options = {}) {
      assertOpen();
      const there = known();
      if (there) return there.consume(handler, options);
      aFunction(handler, "consume(handler)");
      checkOptions("consume()", options, CONSUME_SPEC);
      client.over.throwIfAborted();
      options.signal?.throwIfAborted();
      const begin = async () => (await get()).consume(handler, options);
      return consumeLater({ name, endings: [options.signal, closing], ready: get(), begin });
    },
    receive: promised((whole) => whole.receive),
    deliveries(options = {}) {
      assertOpen();
      checkOptions("deliveries()", options, DELIVERIES_SPEC);
      return iterated((whole) => whole.deliveries(options));
    },
    readable(options = {}) {
      assertOpen();
      checkOptions("readable()", options, DELIVERIES_SPEC);
      return known()?.readable(options) ?? readLater(async () => (await get()).readable(options));
    },
    writable: writableOf(sender),
    request: promised((whole) => whole.request) as Queue<Input, Output>["request"],
    peek: promised((whole) => whole.peek),
    peekPages(options = {}) {
      assertOpen();
      checkOptions("peekPages()", options, PEEK_PAGES_SPEC);
      return iterated((whole) => whole.peekPages(options));
    },
    isGroupWaiting: promised((whole) => whole.isGroupWaiting),
    consumeUntilEmpty: promised((whole) => whole.consumeUntilEmpty),
    whenIdle: promised((whole) => whole.whenIdle),
    stats: promised((whole) => whole.stats),
    subscribeStats(callback, options = {}) {
      assertOpen();
      const there = known();
      if (there) return there.subscribeStats(callback, options);
      aFunction(callback, "subscribeStats(callback)");
      checkOptions("subscribeStats()", options, WATCH_SPEC);
      let end = () => {
        isEnded = true;
      };
      let isEnded = false;
      const { onEnded = complainOnce.bind(null, `subscribeStats() of queue "${name}" has ended`) } = options;
      get().then(
        (queue) => {
          if (!isEnded) end = queue.subscribeStats(callback, options);
        },
        (reason: QueueError) => {
          if (!isEnded && !closing.aborted) callListener(() => onEnded(reason));
        },
      );
      return () => end();
    },
    pause: promised((whole) => whole.pause),
    resume: promised((whole) => whole.resume),
    purge: promised((whole) => whole.purge),
    replace: promised((whole) => whole.replace),
    delete: promised((whole) => whole.delete),
    deadLetters: {
      list: promised((whole) => whole.deadLetters.list),
      pages(options = {}) {
        checkOptions("deadLetters.pages()", options, DEAD_PAGES_SPEC);
        return iterated((whole) => whole.deadLetters.pages(options));
      },
      redrive: promised((whole) => whole.deadLetters.redrive),
      purge: promised((whole) => whole.deadLetters.purge),
      replace: promised((whole) => whole.deadLetters.replace),
    },
    schedules: {
      upsert: promised((whole) => whole.schedules.upsert),
      list: promised((whole) => whole.schedules.list),
      remove: promised((whole) => whole.schedules.remove),
    },
    async close(options = {}) {
      if (complete) return complete.close(options);
      checkOptions("close()", options, CLOSE_SPEC);
      closed ??= (async () => {
        const sent = sender.close();
        begun.events.close();
        await sent;
        await onClosed(options);
      })();
      return closed;
    },
    [asyncDispose]: () => queue.close(),
  };
  noteQueue(queue, knownAs(parts, schema));
  return queue;
}

interface Beginning {
  /** Of the queue. */
  readonly name: string;
  readonly endings: readonly (AbortSignal | undefined)[];
  /** Resolves once `begin` may be called. */
  readonly ready: Promise<unknown>;
  begin(): Promise<Consumer>;
}

/** A consumer that begins once it may; stopped before that, or its queue closed, it never does. */
function consumeLater({ name, endings, ready, begin }: Beginning): Consumer {
  let consumer: Consumer | undefined;
  let isStopped = false;
  let isPaused = false;
  let isAsked = false;
  const closed = deferred();
  closed.promise.catch(() => {});
  const end = () => {
    isStopped = true;
    closed.resolve();
  };
  const forgets = endings.map((ending) => whenAborted(ending, end));
  const start = async () => {
    try {
      await ready;
      if (isStopped) return;
      consumer = await begin();
      if (isPaused) consumer.pause();
      if (isAsked) consumer.closed.then(closed.resolve, closed.reject);
    } catch (reason) {
      if (isStopped) return;
      if (!isAsked) complainOnce(`consume() of queue "${name}" has ended`, reason);
      closed.reject(reason);
    } finally {
      for (const forget of forgets) forget();
    }
  };
  void start();
  const self: Consumer = {
    get active() {
      return consumer?.active ?? 0;
    },
    get closed() {
      isAsked = true;
      return consumer?.closed ?? closed.promise;
    },
    async stop(options) {
      if (consumer) return consumer.stop(options);
      end();
    },
    pause() {
      isPaused = true;
      consumer?.pause();
    },
    resume() {
      isPaused = false;
      consumer?.resume();
    },
    [asyncDispose]: () => self.stop(),
  };
  return self;
}

/** Reads what `open` gives as its own reader asks. */
function readLater<T>(open: () => Promise<ReadableStream<T>>): ReadableStream<T> {
  const reader = open().then((stream) => stream.getReader());
  reader.catch(() => {});
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await (await reader).read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => (await reader).cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
