// Requests that arrive: what cannot be sent now is stored, and repeated until the server has it.
// Invariants: a request that was answered with 202 is durable; within a group nothing overtakes what waits.
//
//   fetch ──network──▶ answer
//     └──fails──▶ queue ──replay──▶ 2xx, 3xx: delivered      tab: consumes all the time, paused while offline
//                   ▲        │      4xx: dead letter         service worker: on `sync`, `online`, start and after a fetch
//                   └─backoff┘      5xx, nothing: again

import { randomUuid } from "../../client/runtime/uuid.js";
import { aFunction, check, checkOptions } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { id as idField } from "../../core/spec/fields.js";
import { DURATION_MS_MAX } from "../../core/spec/limits.js";
import type { Connection, ConnectOptions, QueueStats, SubscribeStatsOptions } from "../../index.js";
import { attemptMs, createAttempt } from "./attempts.js";
import {
  type FetchEvent,
  hasSync,
  isServiceWorker,
  listen,
  registerSync,
  reportFailure,
  type SyncEvent,
  sleep,
} from "./context.js";
import { createEvents, type OutboxEventMap } from "./events.js";
import { forgetAll, forgetSome } from "./forgetting.js";
import { createGates } from "./gates.js";
import { type Delivered, forgetDelivered, historyName, historyOptions, readHistory } from "./history.js";
import { KEY_MS } from "./keys.js";
import { deadOf, type WaitingOutboxMessage, waitingOf } from "./message.js";
import { createNetwork } from "./network.js";
import {
  type DeadOutboxMessage,
  type DeliveredOutboxMessage,
  fetchOptionsOf,
  type OutboxFetchOptions,
  type OutboxMessage,
  type OutboxOptions,
  type OutboxReplaceOptions,
  type OutboxRequestInit,
  REPLACE_SPEC,
  settingsOf,
} from "./options.js";
import { createRepeating, type Opened } from "./repeating.js";
import { COUNTED_MAX, callHook } from "./replay.js";
import { createSending } from "./sending.js";
import {
  bytesNow,
  carriedKeyOf,
  copyMetadata,
  groupOf,
  isMarked,
  keepable,
  type StoredRequest,
  storeRequest,
} from "./stored-request.js";

type Page = { readonly max?: number; readonly after?: string };
type Chosen = { readonly ids?: readonly string[] };

/** Requests that arrive: sent now if that is possible, stored and repeated in order if not. */
export interface Outbox {
  /** Of its queue. */
  readonly name: string;
  /**
   * Like `fetch`, whose options it takes beside its own, but for `mode` and `priority`, which are the outbox's here. Where
   * the network fails, or the server answers 408, 425, 429 or 5xx, or a request of the same group
   * waits already, the request is stored and answered with 202 (`respond`). Rejects with the signal's reason when the
   * request is aborted; with `invalid-argument` (its body has more than `maxBodyBytes`) or what `queue.send` rejects with when
   * it could neither be sent nor stored. In the last moment of a page (`pagehide`, `visibilitychange`) use `queue-first` and
   * give a `body` of text, bytes or `URLSearchParams` here: one that is in a `Request`, or a Blob, takes time to be read.
   */
  fetch(input: Request | string | URL, options?: OutboxFetchOptions & OutboxRequestInit): Promise<Response>;
  /**
   * For a service worker's `fetch` event: answers it as `fetch` would and returns true, if `match` says so; it may
   * return options. Requests of an outbox are left alone. Default: everything but GET and HEAD.
   */
  handle(event: Event, match?: (request: Request) => boolean | OutboxFetchOptions): boolean;
  /** What waits, in the order it was stored: `max` (default 100) from after the one with id `after`. */
  waiting(options?: Page): Promise<WaitingOutboxMessage[]>;
  /**
   * Forgets one that waits or is on its way, whose attempt is aborted, in whichever context; true if there was one.
   * What the server has taken by then it has taken.
   */
  cancel(id: string): Promise<boolean>;
  /**
   * Sends another request in place of one that waits, as `waiting` lists it, or was given up, as `dead.list` does: at its
   * place in its group, under its id and with its priority. Resolves with false, and changes nothing, where that could do
   * both: it is on its way at this moment, so that the server may have it; or it was delivered, is gone, or is no longer
   * where the list had it. The idempotency key stays, so that a server that has the earlier one after all takes no second;
   * only what the server has refused for good goes under a new one. Rejects as `fetch` does.
   */
  replace(
    message: WaitingOutboxMessage | DeadOutboxMessage,
    request: Request,
    options?: OutboxReplaceOptions,
  ): Promise<boolean>;
  /** What has arrived of that which was stored, the latest first: `max` (default 100) of the last `keepDelivered`. */
  delivered(options?: { readonly max?: number }): Promise<DeliveredOutboxMessage[]>;
  /**
   * Forgets all that waits, is on its way, was given up or is kept as delivered, or those that `filter` picks; attempts are aborted, and callers
   * of `fetch` that still wait for the network get an `AbortError`. For a log-out: once it resolves, nothing that was begun
   * before is sent any more, from any context. A `filter` sees what is stored, and what this context has begun: what another
   * one has under way for the first time is not stored yet, and is left to it. Resolves with how many there were, those delivered
   * not counted.
   */
  clear(options?: { readonly filter?: (message: OutboxMessage) => boolean }): Promise<{ readonly cleared: number }>;
  /** What was given up, to look at, send again or delete. */
  readonly dead: {
    /** What was given up, `max` (default 100) from after the one with id `after`. */
    list(options?: Page): Promise<DeadOutboxMessage[]>;
    /**
     * Sends it again: those named, or all. Each goes to its place in its group, before what came later and still waits;
     * what came later and was delivered since it died, or is on its way, it cannot go before. With `onGroupFailure:
     * "block"` there is no such.
     */
    redrive(options?: Chosen): Promise<{ readonly redriven: number }>;
    /** Forgets it for good: those named, or all. */
    purge(options?: Chosen): Promise<{ readonly purged: number }>;
  };
  /** Of its queue: `ready`, `delayed` and `leased` are requests that wait or are on their way. */
  stats(): Promise<QueueStats>;
  /** As `queue.subscribeStats`: calls with the statistics now, and when they have changed. Returns what ends it. */
  subscribeStats(callback: (stats: QueueStats) => void, options?: SubscribeStatsOptions): () => void;
  /**
   * Bounded work, for events of a service worker: repeats what is due, and what comes due, until nothing waits or
   * `budgetMs` has passed; at once when the browser is offline.
   */
  replay(options?: { readonly budgetMs?: number }): Promise<{ readonly delivered: number; readonly remaining: number }>;
  /** See `OutboxEventMap` for what it tells. */
  addEventListener<Type extends keyof OutboxEventMap>(
    type: Type,
    listener: (event: OutboxEventMap[Type]) => void,
    options?: AddEventListenerOptions,
  ): void;
  /** Ends what `addEventListener` began, for the same listener. */
  removeEventListener<Type extends keyof OutboxEventMap>(
    type: Type,
    listener: (event: OutboxEventMap[Type]) => void,
  ): void;
  /** Ends its work here, `replay()` too; requests under way are finished first. What waits stays. */
  close(): Promise<void>;
}

export type Connect = (options: ConnectOptions) => Promise<Connection>;

const PAGE = 100;
/** Options make another request, as they do with `fetch`. */
const requestOf = (input: Request | string | URL, init: OutboxRequestInit): Request =>
  input instanceof Request && Object.keys(init).length === 0 ? input : new Request(input, init);
/** It is the application's to mend. */
const isAboutKey = (error: unknown): boolean =>
  error instanceof QueueError &&
  (["encrypted", "wrong-key", "invalid-argument"].includes(error.code) || error.detail?.name === "encryption");
const isWrite = ({ method }: Request): boolean => method !== "GET" && method !== "HEAD";

export function createOutboxOver(connect: Connect, options: OutboxOptions = {}): Outbox {
  const { database = "originmq", storage = "indexeddb", worker, encryption } = options;
  const settings = settingsOf(options, ({ url }) => groupOf(url, encryption !== undefined));
  const { name } = settings;
  const label = `originmq:outbox:${storage}:${database}:${name}`;
  const tag = `originmq-outbox:${database}:${name}`;
  const isBounded = isServiceWorker();
  const closing = new AbortController();
  let opened: Promise<Opened & { readonly connection: Connection }> | undefined;
  let closed: Promise<void> | undefined;
  let isReported = false;

  const assertOpen = () => {
    if (closed) throw new QueueError("closed", `outbox "${name}" was closed`);
  };
  const open = async () => {
    assertOpen();
    opened ??= start().catch((error) => {
      opened = undefined;
      // While the network works nobody would hear of it, and the first outage would lose a request.
      if (isAboutKey(error) && !isReported) {
        isReported = true;
        reportFailure(error);
      }
      throw error;
    });
    return opened;
  };

  const start = async () => {
    const own = { ...(worker && { worker }), ...(encryption !== undefined && { encryption }) };
    const connection = await connect({ database, storage, ...own });
    try {
      return { connection, ...(await openOver(connection)) };
    } catch (error) {
      await connection.close({ force: true });
      throw error;
    }
  };

  const openOver = async (connection: Connection): Promise<Opened> => {
    const queue = await connection.openQueue<StoredRequest>(name, {
      maxDeliveries: COUNTED_MAX,
      onGroupFailure: settings.onGroupFailure,
      // A key counts for as long as its request may wait.
      deduplicationWindowMs: Math.min(DURATION_MS_MAX, settings.maxRetentionMs + KEY_MS),
      // Hooks and the rate limit take their time, too.
      handlerTimeoutMs: Math.min(DURATION_MS_MAX, attemptMs(settings.maxBodyBytes, settings) + 60_000),
    });
    queue.addEventListener("dead", () => void events.lookForDead().catch(() => {}));
    queue.addEventListener("ended", ({ detail }) => {
      // The key of an origin is nobody's: the next one is made when it is needed.
      if (detail.reason.code !== "shredded" || typeof encryption !== "object" || !("generate" in encryption)) return;
      opened = undefined;
      void connection.close({ force: true }).catch(() => {});
    });
    const { concurrency, replay: isReplaying, keepDelivered } = settings;
    const history =
      keepDelivered > 0
        ? await connection.openQueue<Delivered>(historyName(name), historyOptions(keepDelivered))
        : undefined;
    const consumer =
      isReplaying && !isBounded ? queue.consume((delivery) => repeating.repeat(delivery), { concurrency }) : undefined;
    if (network.isOffline()) {
      consumer?.pause();
      repeating.pause();
    }
    void events.lookForDead().catch(() => {});
    return { queue, consumer, history };
  };
  const queueOf = async () => (await open()).queue;

  const events = createEvents({
    channel: label,
    queue: queueOf,
    onCleared(at) {
      const ids = sending.lately.flatMap(({ id, queuedAt }) => (queuedAt <= at ? [id] : []));
      void sending.abort(() => true);
      if (ids.length > 0)
        void queueOf()
          .then((queue) => queue.purge({ ids }))
          .catch(() => {});
    },
    onDead: (message) => void onceAmongContexts(`${label}:dead:${message.id}`, () => settings.onDead?.(message)),
  });
  const network = createNetwork();
  const attempt = createAttempt(settings);
  const gates = createGates({
    backoff: settings.backoff,
    maxRetryAfterMs: settings.maxRetryAfterMs,
    threshold: settings.breakerThreshold,
    rateLimit: settings.rateLimit ?? undefined,
    random: Math.random,
  });
  const { signal } = closing;
  const repeating = createRepeating({
    ...{ settings, gates, network, attempt, events, tag, isBounded, closing: signal, open },
    opened: () => opened,
  });
  const sending = createSending({
    ...{ settings, gates, network, attempt },
    answered: repeating.answered,
    wasDelivered: events.wasDelivered,
    queue: queueOf,
    stored(message, isNew) {
      repeating.mayWait = true;
      void registerSync(tag);
      if (isNew) events.queued(message);
    },
  });

  const stopListening = listen({
    online: repeating.wake,
    offline() {
      network.failed();
      repeating.pause();
    },
    focus: repeating.lookAround,
    visibilitychange: repeating.lookAround,
    pagehide() {
      sending.leave();
      events.suspend();
    },
    pageshow() {
      sending.stay();
      events.resume();
      repeating.lookAround();
      if (opened) void events.lookForDead().catch(() => {});
    },
    ...(isBounded &&
      settings.replay && {
        sync: (event: Event) => {
          const sync = event as SyncEvent;
          if (sync.tag === tag) sync.waitUntil(repeating.onSync(sync));
        },
      }),
  });

  const outbox: Outbox = {
    name,
    async fetch(input, given = {}) {
      const { options, init } = fetchOptionsOf(given);
      assertOpen();
      // A request that is given may have a body of its own, which Firefox does not tell.
      const isOwn = input instanceof Request && (init.body ?? undefined) === undefined;
      return sending.send(requestOf(input, init), options, isOwn ? undefined : bytesNow(init.body ?? ""));
    },
    handle(given, match = isWrite) {
      const event = given as FetchEvent;
      if (isMarked(event.request)) return false;
      const matched = match(event.request);
      if (matched === false) return false;
      const answered = outbox.fetch(event.request, matched === true ? {} : matched);
      event.respondWith(answered);
      // Without Background Sync these events are the only chances.
      const drained = async () => {
        if (repeating.mayWait && isBounded && settings.replay && !hasSync()) await repeating.replay(settings.budgetMs);
      };
      event.waitUntil(answered.then(drained).catch(() => {}));
      return true;
    },
    async waiting({ max = PAGE, after } = {}) {
      const views = await (await queueOf()).peek({ max, ...(after && { after }) });
      return views.map(waitingOf);
    },
    async cancel(id) {
      check(idField, id, "outbox.cancel(id)");
      return (await (await queueOf()).purge({ ids: [id] })).purged > 0;
    },
    async clear(options = {}) {
      checkOptions("outbox.clear()", options, { filter: aFunction });
      const { filter } = options;
      assertOpen();
      if (filter === undefined) events.cleared();
      const aborted = await sending.abort(filter ?? (() => true));
      const { queue, history } = await open();
      const cleared = aborted + (await (filter ? forgetSome(queue, filter) : forgetAll(queue)));
      if (history) await forgetDelivered(history, filter);
      return { cleared };
    },
    async replace(message, request, given = {}) {
      checkOptions("outbox.replace()", given, REPLACE_SPEC);
      check(idField, message.id, "outbox.replace(message).id");
      const { metadata = message.metadata } = given;
      const isDead = "reason" in message;
      // The server has answered to that key, and would say the same again.
      const known = isDead && message.status !== null ? randomUuid() : message.idempotencyKey;
      const idempotencyKey = given.idempotencyKey ?? carriedKeyOf(request) ?? known;
      const copied = { idempotencyKey, metadata: copyMetadata(metadata) };
      const kept = keepable(await storeRequest(request, copied), settings);
      const queue = await queueOf();
      const { replaced } = await (isDead ? queue.deadLetters : queue).replace(message.id, kept);
      if (replaced && isDead) void registerSync(tag);
      return replaced;
    },
    async delivered({ max = PAGE } = {}) {
      const { history } = await open();
      return history ? readHistory(history, settings.keepDelivered, max) : [];
    },
    dead: {
      async list({ max = PAGE, after } = {}) {
        const letters = await (await queueOf()).deadLetters.list({ max, ...(after && { after }) });
        return letters.map(deadOf);
      },
      async redrive(filter = {}) {
        const redriven = await (await queueOf()).deadLetters.redrive({ filter });
        void registerSync(tag);
        return redriven;
      },
      purge: async (filter = {}) => (await queueOf()).deadLetters.purge({ filter }),
    },
    stats: async () => (await queueOf()).stats(),
    subscribeStats(callback, options = {}) {
      aFunction(callback, "outbox.subscribeStats(callback)");
      let isOver = false;
      let unsubscribe: (() => void) | undefined;
      queueOf().then(
        (queue) => {
          if (!isOver) unsubscribe = queue.subscribeStats(callback, options);
        },
        (reason) => {
          if (!isOver) (options.onEnded ?? reportFailure)(reason);
        },
      );
      return () => {
        isOver = true;
        unsubscribe?.();
      };
    },
    replay: async ({ budgetMs = settings.budgetMs } = {}) => repeating.replay(budgetMs),
    addEventListener: (type, listener, how) => events.target.addEventListener(type, listener as EventListener, how),
    removeEventListener: (type, listener) => events.target.removeEventListener(type, listener as EventListener),
    close() {
      closed ??= (async () => {
        stopListening();
        closing.abort();
        const stop = async ({ connection, consumer }: Awaited<ReturnType<typeof start>>) => {
          await Promise.allSettled([repeating.ended(), consumer?.stop()]);
          await connection.close();
        };
        await opened?.then(stop).catch(() => {});
        events.suspend();
      })();
      return closed;
    },
  };

  if (isBounded) {
    if (settings.replay) repeating.wake();
  } else void open().catch(() => {});
  return outbox;
}

/** How long other contexts that see the same death are kept from calling, too. */
const ONCE_MS = 60_000;

async function onceAmongContexts(lock: string, call: () => unknown): Promise<void> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return callHook(call);
  await locks.request(lock, { ifAvailable: true }, async (held) => {
    if (held === null) return;
    await callHook(call);
    await sleep(ONCE_MS);
  });
}
