// Requests that arrive: what cannot be sent now is stored, and repeated until the server has it.
// Invariants: a request that was answered with 202 is durable; within a group nothing overtakes what waits.
//
//   fetch ──network──▶ answer
//     └──fails──▶ queue ──replay──▶ 2xx, 3xx: delivered      tab: consumes all the time, paused while offline
//                   ▲        │      4xx: dead letter         service worker: on `sync`, `online`, start and after a fetch
//                   └─backoff┘      5xx, nothing: again

import { QueueError } from "../../core/spec/errors.js";
import type { Connection, ConnectOptions, Consumer, Queue, QueueStats } from "../../index.js";
import {
  type FetchEvent,
  hasSync,
  isOffline,
  isServiceWorker,
  listen,
  registerSync,
  type SyncEvent,
} from "./context.js";
import { createEvents, type OutboxEventMap } from "./events.js";
import { createGates } from "./gates.js";
import { deadOf, storedMessage, type WaitingOutboxMessage, waitingOf } from "./message.js";
import {
  checkFetchOptions,
  type DeadOutboxMessage,
  type OutboxFetchOptions,
  type OutboxOptions,
  settingsOf,
} from "./options.js";
import { COUNTED_MAX, callHook, createReplay, discard, sendsKey, withTimeout } from "./replay.js";
import {
  groupOf,
  isMarked,
  makeRequest,
  originOf,
  redact,
  type StoredRequest,
  storeRequest,
} from "./stored-request.js";
import { judge } from "./verdict.js";

type Page = { readonly max?: number; readonly after?: string };
type Chosen = { readonly ids?: readonly string[] };

export interface Outbox {
  readonly name: string;
  /**
   * Like `fetch`. Where the network fails, or the server answers 408, 425, 429 or 5xx, or a request of the same group
   * waits already, the request is stored and answered with 202 (`respond`). Rejects with the signal's reason when the
   * request is aborted; with `invalid-argument` (its body has more than `maxBodyBytes`) or what `queue.send` rejects with when
   * it could neither be sent nor stored.
   */
  fetch(input: Request | string | URL, options?: OutboxFetchOptions): Promise<Response>;
  /**
   * For a service worker's `fetch` event: answers it as `fetch` would and returns true, if `match` says so; it may
   * return options. Requests of an outbox are left alone. Default: everything but GET and HEAD.
   */
  handle(event: Event, match?: (request: Request) => boolean | OutboxFetchOptions): boolean;
  /** What waits, in the order it was stored: `max` (default 100) from after the one with id `after`. */
  waiting(options?: Page): Promise<WaitingOutboxMessage[]>;
  readonly dead: {
    /** What was given up, `max` (default 100) from after the one with id `after`. */
    list(options?: Page): Promise<DeadOutboxMessage[]>;
    /** Sends it again: those named, or all. */
    redrive(options?: Chosen): Promise<{ readonly redriven: number }>;
    /** Forgets it for good: those named, or all. */
    purge(options?: Chosen): Promise<{ readonly purged: number }>;
  };
  stats(): Promise<QueueStats>;
  /**
   * Bounded work, for events of a service worker: repeats what is due, and what comes due, until nothing waits or
   * `budgetMs` has passed; at once when the browser is offline.
   */
  replay(options?: { readonly budgetMs?: number }): Promise<{ readonly delivered: number; readonly remaining: number }>;
  addEventListener<Type extends keyof OutboxEventMap>(
    type: Type,
    listener: (event: OutboxEventMap[Type]) => void,
    options?: AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof OutboxEventMap>(
    type: Type,
    listener: (event: OutboxEventMap[Type]) => void,
  ): void;
  /** Ends its work here, `replay()` too; requests under way are finished first. What waits stays. */
  close(): Promise<void>;
}

export type Connect = (options: ConnectOptions) => Promise<Connection>;

interface Opened {
  readonly connection: Connection;
  readonly queue: Queue<StoredRequest>;
  readonly consumer: Consumer | undefined;
}

/** A stuck host must not hold a request up that the network could take. */
const LOOK_MS = 2_000;
const PAGE = 100;
/** How often a service worker looks whether what tabs have in work is done. */
const OTHERS_MS = 250;
const sleep = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
const isWrite = ({ method }: Request): boolean => method !== "GET" && method !== "HEAD";
const waitsIn = ({ ready, delayed, leased, blocked }: QueueStats): number => ready + delayed + leased + blocked;

export function createOutboxOver(connect: Connect, options: OutboxOptions = {}): Outbox {
  const settings = settingsOf(options, ({ url }) => groupOf(url));
  const { name } = settings;
  const { database = "originmq", storage = "indexeddb", worker } = options;
  const label = `originmq:outbox:${storage}:${database}:${name}`;
  const tag = `originmq-outbox:${database}:${name}`;
  const isBounded = isServiceWorker();
  const gates = createGates({
    backoff: settings.backoff,
    threshold: settings.breakerThreshold,
    rateLimit: settings.rateLimit ?? undefined,
    random: Math.random,
  });
  const turns = new Map<string, Promise<unknown>>();
  let opened: Promise<Opened> | undefined;
  let closed: Promise<void> | undefined;
  const closing = new AbortController();
  let deliveredHere = 0;
  let draining: Promise<number> | undefined;
  let resuming: ReturnType<typeof setTimeout> | undefined;
  /** Whether there may be something to repeat: unknown at the start. */
  let mayWait = true;

  const open = (): Promise<Opened> => {
    if (closed) return Promise.reject(new QueueError("closed", `outbox "${name}" was closed`));
    opened ??= start().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  const start = async (): Promise<Opened> => {
    const connection = await connect({ database, storage, ...(worker && { worker }) });
    const queue = await connection.openQueue<StoredRequest>(name, {
      maxDeliveries: COUNTED_MAX,
      onGroupFailure: settings.onGroupFailure,
      // Hooks and the rate limit take their time, too.
      handlerTimeoutMs: settings.timeoutMs + 60_000,
    });
    queue.addEventListener("dead", () => void events.lookForDead().catch(() => {}));
    const { concurrency, replay: isReplaying } = settings;
    const consumer =
      isReplaying && !isBounded ? queue.consume((delivery) => repeat(delivery), { concurrency }) : undefined;
    if (isOffline()) consumer?.pause();
    void events.lookForDead().catch(() => {});
    return { connection, queue, consumer };
  };
  const queueOf = async () => (await open()).queue;

  const events = createEvents({
    channel: label,
    queue: queueOf,
    onDead: (message) => void onceAmongContexts(`${label}:dead:${message.id}`, () => settings.onDead?.(message)),
  });

  const pause = () => {
    clearTimeout(resuming);
    void opened?.then(({ consumer }) => consumer?.pause()).catch(() => {});
  };
  const repeat = createReplay({
    settings,
    gates,
    onOffline: pause,
    delivered(message, status) {
      deliveredHere++;
      events.delivered(message, status);
    },
  });

  /** The network is back, or may be. */
  const wake = () => {
    clearTimeout(resuming);
    if (!settings.replay) return;
    gates.reset();
    // Thousands of clients may have come back with this one.
    resuming = setTimeout(() => {
      if (isOffline()) return;
      if (isBounded) return void drain(settings.budgetMs).catch(() => {});
      void open().then(
        ({ consumer }) => consumer?.resume(),
        () => {},
      );
    }, Math.random() * settings.reconnectSpreadMs);
  };

  /** Repeats until nothing waits, the time is over or the browser is offline; resolves with what still waits. */
  const drain = (budgetMs: number): Promise<number> => {
    draining ??= drainOnce(budgetMs).finally(() => {
      draining = undefined;
    });
    return draining;
  };
  const drainOnce = async (budgetMs: number): Promise<number> => {
    const endsAt = Date.now() + budgetMs;
    const queue = await queueOf();
    const { concurrency } = settings;
    const { signal } = closing;
    for (;;) {
      const leftMs = endsAt - Date.now();
      if (leftMs > 0 && !isOffline() && !signal.aborted) {
        const how = { budgetMs: leftMs, concurrency, signal };
        await queue.consumeUntilEmpty((delivery) => repeat(delivery, endsAt), how);
      }
      const stats = await queue.stats();
      const remaining = waitsIn(stats);
      mayWait = remaining > 0;
      if (signal.aborted) return remaining;
      const { ready, leased, nextDueAt, paused } = stats;
      const nextMs = ready > 0 ? 0 : leased > 0 ? OTHERS_MS : (nextDueAt ?? Number.POSITIVE_INFINITY) - Date.now();
      if (remaining === 0 || paused || isOffline() || Date.now() + nextMs >= endsAt) {
        if (stats.dead > 0) await events.lookForDead();
        return remaining;
      }
      await sleep(Math.max(1, nextMs), signal);
    }
  };

  const onSync = async ({ lastChance }: SyncEvent) => {
    const remaining = await drain(settings.budgetMs);
    if (remaining === 0) return;
    // The browser tries a failed event again, a few times; after the last one only a new registration helps.
    if (lastChance) await registerSync(tag);
    else throw new QueueError("timeout", `${remaining} requests of outbox "${name}" still wait`);
  };

  const stopListening = listen({
    online: wake,
    offline: pause,
    pagehide: () => events.suspend(),
    pageshow: () => {
      events.resume();
      if (opened) void events.lookForDead().catch(() => {});
    },
    ...(isBounded &&
      settings.replay && {
        sync: (event: Event) => {
          const sync = event as SyncEvent;
          if (sync.tag === tag) sync.waitUntil(onSync(sync));
        },
      }),
  });

  /** One after the other within a group, so that what fails is stored before what came later is sent. */
  const inTurn = <T>(groupId: string, task: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(groupId) ?? Promise.resolve()).then(task, task);
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (turns.get(groupId) === settled) turns.delete(groupId);
      });
    turns.set(groupId, settled);
    return turn;
  };

  const waitsInGroup = async (groupId: string): Promise<boolean> => (await queueOf()).isGroupWaiting(groupId);

  const store = async (stored: StoredRequest, at: Placed, delayMs = 0): Promise<Response> => {
    const bytes = stored.body?.byteLength ?? 0;
    const { maxBodyBytes, maxRetentionMs, redactHeaders } = settings;
    if (bytes > maxBodyBytes) {
      const what = `${stored.method} ${stored.url} has a body of ${bytes} bytes`;
      throw new QueueError("invalid-argument", `${what}; the outbox stores at most maxBodyBytes = ${maxBodyBytes}`, {
        detail: { bytes, maxBodyBytes },
      });
    }
    const queue = await queueOf();
    const { groupId, priority, deduplicationId } = at;
    const { id, duplicate } = await queue.send(redact(stored, redactHeaders), {
      groupId,
      priority,
      ttlMs: maxRetentionMs,
      ...(delayMs > 0 && { delayMs }),
      ...(deduplicationId !== undefined && { deduplicationId }),
    });
    mayWait = true;
    void registerSync(tag);
    const message = storedMessage(stored, { id, groupId, priority });
    if (!duplicate) events.queued(message);
    return settings.respond(message);
  };

  /** Asks the network; resolves with the answer, or with how long the request is to wait. */
  const ask = async (stored: StoredRequest, signal: AbortSignal): Promise<Response | number> => {
    const origin = originOf(stored.url);
    const pass = gates.enter(origin, Date.now());
    if (pass.type === "wait") return pass.ms;
    let response: Response;
    try {
      response = await withTimeout(settings.timeoutMs, signal, (ends) =>
        fetch(makeRequest(stored, { sendsKey: sendsKey(stored, settings), signal: ends })),
      );
    } catch (error) {
      if (signal.aborted || isOffline() || error instanceof QueueError) gates.left(origin);
      if (signal.aborted) throw signal.reason;
      if (error instanceof QueueError) throw error;
      return isOffline() ? 0 : gates.failed(origin, Date.now(), { attempt: 0 });
    }
    const verdict = judge(response, Date.now());
    if (verdict.type === "retry") {
      discard(response);
      return gates.failed(origin, Date.now(), { afterMs: verdict.afterMs, attempt: 1 });
    }
    gates.succeeded(origin);
    return response;
  };

  const outbox: Outbox = {
    name,
    async fetch(input, given = {}) {
      checkFetchOptions(given);
      if (closed) throw new QueueError("closed", `outbox "${name}" was closed`);
      const request = input instanceof Request ? input : new Request(input);
      const { signal } = request;
      signal.throwIfAborted();
      const {
        groupId = settings.groupBy(request),
        priority = 4,
        mode = settings.mode,
        idempotencyKey,
        metadata,
      } = given;
      const stored = await storeRequest(request, { idempotencyKey, metadata });
      const at: Placed = { groupId, priority, deduplicationId: idempotencyKey };
      return inTurn(groupId, async () => {
        signal.throwIfAborted();
        if (mode === "queue-first") return store(stored, at);
        const waits = await Promise.race([waitsInGroup(groupId), sleep(LOOK_MS).then(() => false)]).catch(() => false);
        const outcome = waits ? 0 : await ask(stored, signal);
        return typeof outcome === "number" ? store(stored, at, outcome) : outcome;
      });
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
        if (mayWait && isBounded && settings.replay && !hasSync()) await drain(settings.budgetMs);
      };
      event.waitUntil(answered.then(drained).catch(() => {}));
      return true;
    },
    async waiting({ max = PAGE, after } = {}) {
      const views = await (await queueOf()).peek({ max, ...(after && { after }) });
      return views.map(waitingOf);
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
    async replay({ budgetMs = settings.budgetMs } = {}) {
      const before = deliveredHere;
      const remaining = await drain(budgetMs);
      return { delivered: deliveredHere - before, remaining };
    },
    addEventListener: (type, listener, how) => events.target.addEventListener(type, listener as EventListener, how),
    removeEventListener: (type, listener) => events.target.removeEventListener(type, listener as EventListener),
    close() {
      closed ??= (async () => {
        clearTimeout(resuming);
        stopListening();
        closing.abort();
        const stop = async ({ connection, consumer }: Opened) => {
          await Promise.allSettled([draining, consumer?.stop()]);
          await connection.close();
        };
        await opened?.then(stop).catch(() => {});
        events.suspend();
      })();
      return closed;
    },
  };

  if (isBounded) {
    if (settings.replay) wake();
  } else void open().catch(() => {});
  return outbox;
}

interface Placed {
  readonly groupId: string;
  readonly priority: number;
  readonly deduplicationId: string | undefined;
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
