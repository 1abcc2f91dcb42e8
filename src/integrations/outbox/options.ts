// What an outbox can be told, checked before anything is done.

import {
  aFunction,
  anything,
  arrayOf,
  boolean,
  type Check,
  check,
  checkOptions,
  duration,
  integer,
  invalid,
  oneOf,
  record,
  type Spec,
  string,
} from "../../core/spec/check.js";
import { groupId, priority } from "../../core/spec/fields.js";
import type { ConnectOptions } from "../../index.js";

/** A request that waits, was delivered or died. */
export interface OutboxMessage {
  /**
   * Names the request for ever, as the header `originmq-message-id` of its answer does; empty while nothing of it is
   * stored.
   */
  readonly id: string;
  /** Whole, with the query. Of one that is not what was encrypted, empty, as the method and the key. */
  readonly url: string;
  /** As the request has it. */
  readonly method: string;
  /** Requests of one group arrive in order. */
  readonly groupId: string;
  /** 0 to 9, high first. */
  readonly priority: number;
  /** The same on every attempt: what the server knows a repeat by. */
  readonly idempotencyKey: string;
  /** As it was given; `undefined` without. */
  readonly metadata: unknown;
  /**
   * Attempts so far that the server answered, and the one under way: 1 on the first, and on the next if that reached
   * nobody. For one that was stored without being sent 0.
   */
  readonly attempt: number;
  /** Epoch milliseconds at which it was stored. */
  readonly queuedAt: number;
}

/** A request that was given up, and why. */
export interface DeadOutboxMessage extends OutboxMessage {
  /** `expired`, or `HTTP`, the status and the beginning of the answer. */
  readonly reason: string;
  /** Of the answer that it died of; `null` when it expired. */
  readonly status: number | null;
  /** The first kilobyte of that answer. */
  readonly answer: string | null;
}

/** A stored request that has arrived. */
export interface DeliveredOutboxMessage extends OutboxMessage {
  /** Of the answer; 0 where it is opaque. */
  readonly status: number;
  /** Epoch milliseconds at which its answer was there. */
  readonly deliveredAt: number;
}

/** What `replace` takes beside the request. */
export interface OutboxReplaceOptions {
  /** As of `fetch`. Default: that of the message. */
  readonly metadata?: unknown;
  /**
   * As of `fetch`. Default: that of the request's own `Idempotency-Key` header, or that of the message; a new one where the
   * server has refused the message for good.
   */
  readonly idempotencyKey?: string;
}

/** The fetch of the application: the network first, or the queue at once. */
export type OutboxMode = "network-first" | "queue-first";

/** What an answer means: arrived, not now, or never. */
export type OutboxVerdict = "delivered" | "retry" | "dead";

/** How one request is sent, besides what `fetch` takes. */
export interface OutboxFetchOptions {
  /** Requests of one group arrive one after the other, in order. Default: what `groupBy` says of the request. */
  readonly groupId?: string;
  /** 0 to 9, high first. Default 4. */
  readonly priority?: number;
  /**
   * 1 to 255 printable ASCII characters without `"` and `\`. While a request under it waits or is on its way, and for
   * 5 min after it was delivered in contexts that were open then, another one is not stored. Default: that of the request's own `Idempotency-Key` header, or a random one.
   */
  readonly idempotencyKey?: string;
  /** What hooks and events shall know of the request: anything that can be cloned. */
  readonly metadata?: unknown;
  /** Default: that of the outbox. */
  readonly mode?: OutboxMode;
}

/** What `fetch` takes beside the address, but for what means something else here. */
export type OutboxRequestInit = Omit<RequestInit, "mode" | "priority">;

/** How an outbox sends, stores and repeats. Nothing need be given. */
export interface OutboxOptions {
  /** Name of its queue: outboxes of one name and database share their requests. Default "outbox". */
  readonly name?: string;
  /** As of `connect`. Default "originmq". */
  readonly database?: ConnectOptions["database"];
  /** As of `connect`: `memory` for tests. Default "indexeddb". */
  readonly storage?: ConnectOptions["storage"];
  /** As of `connect`: makes the worker that hosts, where the bundler must see it. */
  readonly worker?: ConnectOptions["worker"];
  /**
   * As of `connect`: requests, answers and reasons are stored encrypted. A service worker imports "originmq/encryption", too,
   * and needs a key that it can find by itself. Give the same in every context. Without `whileLocked`: a request waits for its key.
   */
  readonly encryption?: ConnectOptions["encryption"];
  /** `network-first` asks the network and stores what fails; `queue-first` stores at once. Default network-first. */
  readonly mode?: OutboxMode;
  /** Whether this context repeats what waits; `false` only stores and listens. Default true. */
  readonly replay?: boolean;
  /** Requests under way at once in this context. Default 4. */
  readonly concurrency?: number;
  /** Group of a request that is given none. Default: its URL's origin and path. */
  readonly groupBy?: (request: Request) => string;
  /** What becomes of a group when a request of it dies: `skip` goes on with the next, `block` waits. Default skip. */
  readonly onGroupFailure?: "skip" | "block";
  /** Time after which a request that still waits becomes a dead letter with reason `expired`. Default 7 days. */
  readonly maxRetentionMs?: number;
  /** Wait after the n-th failure: random(0, min(maxMs, baseMs · 2^(n − 1))). Default 1,000 ms and 300,000 ms. */
  readonly backoff?: { readonly baseMs?: number; readonly maxMs?: number };
  /**
   * The longest wait after a failure to reach the server at all, in place of `backoff.maxMs` when that is longer.
   * Default 60,000 ms.
   */
  readonly unreachableMaxMs?: number;
  /** Once the network is back, a random time up to this passes first. Default 3,000 ms. */
  readonly reconnectSpreadMs?: number;
  /**
   * The longest that a server's `Retry-After` is obeyed for; the request's own backoff is the shortest. Default
   * 3,600,000 ms.
   */
  readonly maxRetryAfterMs?: number;
  /**
   * Time that one attempt may take until the answer's headers are there, besides that for its body. Default 120,000 ms.
   */
  readonly timeoutMs?: number;
  /**
   * The slowest upload that is not taken for a connection that is dead, in bytes a second: an attempt may take longer
   * than `timeoutMs` by as long as its body takes at this rate. Default 8,192.
   */
  readonly minUploadBytesPerS?: number;
  /** Time that a service worker repeats requests for one event. Default 120,000 ms. */
  readonly budgetMs?: number;
  /** Requests to one origin, at most, from this context; `null`: no limit. Default 50 in 1,000 ms. */
  readonly rateLimit?: { readonly limit: number; readonly intervalMs: number } | null;
  /** Failures in a row after which an origin is asked by one request at a time, with backoff; 0: never. Default 5. */
  readonly breakerThreshold?: number;
  /** Bytes of a body that is stored, at most. Default 10 MiB. */
  readonly maxBodyBytes?: number;
  /**
   * So many of the stored requests that have arrived are kept for `delivered()`, without their bodies, 1,000 at most. Default
   * 0. Give the same in every context.
   */
  readonly keepDelivered?: number;
  /** Names of headers that are not stored; `beforeSend` can set them again. Default none. */
  readonly redactHeaders?: readonly string[];
  /** Sends `Idempotency-Key` to other origins too, which costs a preflight. Default false: only within the origin. */
  readonly crossOriginKeys?: boolean;
  /**
   * What an answer means, where the application knows better: a result page that a write is redirected to ("delivered"),
   * a login page or a portal answered with 200 ("retry"). It gets a copy of the answer, which it may read; `message.id` is
   * empty on the first attempt, of which nothing is stored. What it returns `undefined` for, and when it throws, is judged
   * as without it. On the first attempt `delivered` and `dead` both give the answer to the caller.
   */
  readonly judge?: (
    response: Response,
    message: OutboxMessage,
  ) => OutboxVerdict | undefined | Promise<OutboxVerdict | undefined>;
  /** What a caller gets for a request that was stored. Default: 202 with the id as JSON. */
  readonly respond?: (stored: OutboxMessage) => Response;
  /**
   * Called before each attempt: changes the request's headers (a fresh token), or returns another request. What it throws
   * counts as a failure to reach the server. `message.id` is empty on the first attempt, of which nothing is stored.
   */
  readonly beforeSend?: (request: Request, message: OutboxMessage) => unknown;
  /** Called in the context that delivered, before the request is forgotten: at least once each. */
  readonly onDelivered?: (response: Response, message: OutboxMessage) => unknown;
  /** Called for each request that dies, in one of the contexts that are open. */
  readonly onDead?: (message: DeadOutboxMessage) => unknown;
}

export type Settings = Required<
  Omit<
    OutboxOptions,
    "database" | "storage" | "worker" | "encryption" | "judge" | "beforeSend" | "onDelivered" | "onDead" | "backoff"
  >
> &
  Pick<OutboxOptions, "judge" | "beforeSend" | "onDelivered" | "onDead"> & {
    readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  };

const HOUR_MS = 3_600_000;
const COUNT_MAX = 1_000_000;

const rateLimitMembers = record({ limit: integer(1, COUNT_MAX), intervalMs: duration(1) });

const rateLimit: Check = (value, name) => {
  if (value === null) return;
  check(rateLimitMembers, value, name);
  const { limit, intervalMs } = value as Record<string, unknown>;
  if (limit === undefined || intervalMs === undefined) invalid(name, value, "null, or { limit, intervalMs }");
};

const OPTIONS_SPEC: Spec = {
  name: string(1, 200),
  database: string(1, 256),
  storage: oneOf("indexeddb", "memory"),
  worker: aFunction,
  /** For the part that encrypts to say, but that requests have groups, which wait for the key. */
  encryption(value, name) {
    const { whileLocked } = (value ?? {}) as { readonly whileLocked?: unknown };
    if (whileLocked !== undefined) invalid(`${name}.whileLocked`, whileLocked, "left out of an outbox");
  },
  mode: oneOf("network-first", "queue-first"),
  replay: boolean,
  concurrency: integer(1, 100),
  groupBy: aFunction,
  onGroupFailure: oneOf("skip", "block"),
  maxRetentionMs: duration(1),
  backoff: record({ baseMs: duration(1), maxMs: duration(1) }),
  unreachableMaxMs: duration(1),
  reconnectSpreadMs: duration(),
  maxRetryAfterMs: duration(1),
  timeoutMs: duration(1),
  minUploadBytesPerS: integer(1),
  budgetMs: duration(1),
  rateLimit,
  breakerThreshold: integer(0, COUNT_MAX),
  maxBodyBytes: integer(0),
  keepDelivered: integer(0, 1_000),
  redactHeaders: arrayOf(string(1, 256), 1_000),
  crossOriginKeys: boolean,
  respond: aFunction,
  judge: aFunction,
  beforeSend: aFunction,
  onDelivered: aFunction,
  onDead: aFunction,
};

export const REPLACE_SPEC: Spec = {
  idempotencyKey: (value, name) => {
    if (typeof value !== "string" || !/^[ !#-[\]-~]{1,255}$/.test(value))
      invalid(name, value, '1 to 255 printable ASCII characters without " and \\');
  },
  metadata: anything,
};

const FETCH_SPEC: Spec = {
  groupId,
  priority,
  ...REPLACE_SPEC,
  mode: oneOf("network-first", "queue-first"),
};

/** Of `OutboxRequestInit`: `Request` checks them. */
const INIT_SPEC: Spec = {
  body: anything,
  cache: anything,
  credentials: anything,
  duplex: anything,
  headers: anything,
  integrity: anything,
  keepalive: anything,
  method: anything,
  redirect: anything,
  referrer: anything,
  referrerPolicy: anything,
  signal: anything,
  window: anything,
};
const FETCH_AND_INIT_SPEC: Spec = { ...FETCH_SPEC, ...INIT_SPEC };

export function settingsOf(options: OutboxOptions, groupBy: (request: Request) => string): Settings {
  checkOptions("createOutbox()", options, OPTIONS_SPEC);
  const { baseMs = 1_000, maxMs = 300_000 } = options.backoff ?? {};
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    name: "outbox",
    mode: "network-first",
    replay: true,
    concurrency: 4,
    groupBy,
    onGroupFailure: "skip",
    maxRetentionMs: 7 * 24 * HOUR_MS,
    unreachableMaxMs: 60_000,
    reconnectSpreadMs: 3_000,
    maxRetryAfterMs: HOUR_MS,
    timeoutMs: 120_000,
    minUploadBytesPerS: 8_192,
    budgetMs: 120_000,
    rateLimit: { limit: 50, intervalMs: 1_000 },
    breakerThreshold: 5,
    maxBodyBytes: 10 * 1024 * 1024,
    keepDelivered: 0,
    redactHeaders: [],
    crossOriginKeys: false,
    respond: answerStored,
    ...given,
    backoff: { baseMs, maxMs },
  };
}

/** Those of the outbox, and those of the request. */
export function fetchOptionsOf(given: OutboxFetchOptions & OutboxRequestInit): {
  readonly options: OutboxFetchOptions;
  readonly init: OutboxRequestInit;
} {
  checkOptions("outbox.fetch()", given, FETCH_AND_INIT_SPEC);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    options: Object.fromEntries(entries.filter(([name]) => Object.hasOwn(FETCH_SPEC, name))),
    init: Object.fromEntries(entries.filter(([name]) => Object.hasOwn(INIT_SPEC, name))),
  };
}

export const answerStored = ({ id }: OutboxMessage): Response =>
  new Response(JSON.stringify({ queued: true, id }), {
    status: 202,
    statusText: "Accepted",
    headers: { "content-type": "application/json", "originmq-message-id": id },
  });
