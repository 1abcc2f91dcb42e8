// The first attempt: a request goes to the network, or, when it cannot, into the queue.
// Invariants: what is answered as stored is durable, and what is rejected is not; within a group nothing overtakes what
// waits, here or in the queue, however long it takes to find out.

import { check } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { groupId as groupIdField } from "../../core/spec/fields.js";
import type { Queue } from "../../index.js";
import { type Attempt, keepWith, untilAborted } from "./attempts.js";
import { reportFailure } from "./context.js";
import type { Gates } from "./gates.js";
import { isInLine, sendOnce } from "./keys.js";
import { firstMessage, storedMessage } from "./message.js";
import type { Network } from "./network.js";
import { answerStored, type OutboxFetchOptions, type OutboxMessage, type Settings } from "./options.js";
import {
  bytesOf,
  carriedKeyOf,
  copyMetadata,
  originOf,
  redact,
  type StoredRequest,
  storeRequest,
} from "./stored-request.js";
import { discard, judge } from "./verdict.js";

export interface SendingParts {
  readonly settings: Settings;
  readonly gates: Gates;
  readonly network: Network;
  readonly attempt: Attempt;
  queue(): Promise<Queue<StoredRequest>>;
  /** One is in the queue now; `isNew`: and was not before. */
  stored(message: OutboxMessage, isNew: boolean): void;
  /** Somebody has answered. */
  answered(): void;
  /** Whether a stored request was delivered a short while ago, as far as this context has heard. */
  wasDelivered(id: string): boolean;
}

interface Placed {
  readonly groupId: string;
  readonly priority: number;
  readonly deduplicationId: string | undefined;
}

export interface Sending {
  /** Resolves with the server's answer, or with that of `respond`. */
  send(request: Request, options: OutboxFetchOptions): Promise<Response>;
  /**
   * Aborts the first attempts that are under way, all or those picked: their callers get an `AbortError`. Resolves with
   * how many there were, once nothing of them can be stored any more.
   */
  abort(picks: (message: OutboxMessage) => boolean): Promise<number>;
  /** What was stored here lately, in case its clearing was heard of too late. */
  readonly lately: readonly OutboxMessage[];
}

/** So many of what was stored are known by name for a while. */
const LATELY = 100;

interface UnderWay {
  readonly message: OutboxMessage;
  readonly ending: AbortController;
  readonly ended: Promise<unknown>;
}

export function createSending(parts: SendingParts): Sending {
  const { settings, gates, network, attempt, queue: queueOf, stored: onStored, answered, wasDelivered } = parts;
  const turns = new Map<string, Promise<unknown>>();
  const underWay = new Set<UnderWay>();
  const lately: OutboxMessage[] = [];

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

  const respond = (message: OutboxMessage): Response => {
    try {
      return settings.respond(message);
    } catch (error) {
      // It is stored: whoever were told otherwise would send it again.
      reportFailure(error);
      return answerStored(message);
    }
  };

  const store = async (stored: StoredRequest, at: Placed, signal: AbortSignal, delayMs = 0): Promise<Response> => {
    const begunAt = Date.now();
    signal.throwIfAborted();
    const bytes = bytesOf(stored);
    const { maxBodyBytes, maxRetentionMs, redactHeaders } = settings;
    if (bytes > maxBodyBytes) {
      const what = `${stored.method} ${stored.url} has a body of ${bytes} bytes`;
      throw new QueueError("invalid-argument", `${what}; the outbox stores at most maxBodyBytes = ${maxBodyBytes}`, {
        detail: { bytes, maxBodyBytes },
      });
    }
    const queue = await queueOf();
    const { groupId, priority, deduplicationId } = at;
    const options = { groupId, priority, ttlMs: maxRetentionMs, ...(delayMs > 0 && { delayMs }) };
    const { id, duplicate } = await sendOnce(
      (name) => queue.send(redact(stored, redactHeaders), { ...options, ...(name && { deduplicationId: name }) }),
      deduplicationId,
      async (id) => wasDelivered(id) || isInLine(queue, id),
    );
    if (signal.aborted) {
      // Whoever has aborted is told so, and that has to be true.
      if (!duplicate) await queue.purge({ ids: [id] });
      throw signal.reason;
    }
    const message = storedMessage(stored, { id, groupId, priority });
    if (!duplicate) lately.push({ ...message, queuedAt: begunAt });
    if (lately.length > LATELY) lately.shift();
    onStored(message, !duplicate);
    return respond(message);
  };

  /** Asks the network; resolves with the answer, or with how long the request is to wait. */
  const ask = async (
    stored: StoredRequest,
    message: OutboxMessage,
    signal: AbortSignal,
  ): Promise<Response | number> => {
    const origin = originOf(stored.url);
    const pass = gates.enter(origin, Date.now());
    if (pass.type === "wait") return pass.ms;
    let response: Response;
    try {
      response = await attempt(stored, { signal });
    } catch (error) {
      if (!signal.aborted && !(error instanceof QueueError)) network.failed();
      if (signal.aborted || network.isOffline() || error instanceof QueueError) gates.left(origin);
      if (signal.aborted) throw signal.reason;
      if (error instanceof QueueError) throw error;
      return network.isOffline()
        ? 0
        : Math.min(gates.failed(origin, Date.now(), { attempt: 0 }), settings.unreachableMaxMs);
    }
    const verdict = await judge(response, message, settings, Date.now());
    // Whoever refuses while the browser is offline is not the server.
    if (verdict.type === "delivered" || !network.isOffline()) answered();
    if (verdict.type === "retry") {
      discard(response);
      return gates.failed(origin, Date.now(), { afterMs: verdict.afterMs, attempt: 1 });
    }
    gates.succeeded(origin);
    return response;
  };

  /** Without a queue nothing waits in it, and nothing can be stored: the network is all there is. */
  const hasWaiting = async (groupId: string): Promise<boolean> => {
    const queue = await queueOf().catch((error) => {
      if (error instanceof QueueError && error.code === "closed") throw error;
      return undefined;
    });
    return queue ? queue.isGroupWaiting(groupId) : false;
  };

  const begin = (request: Request, given: OutboxFetchOptions, message: OutboxMessage, signal: AbortSignal) => {
    const { groupId, priority, idempotencyKey, metadata } = message;
    const { mode = settings.mode } = given;
    const isNamed = given.idempotencyKey !== undefined || carriedKeyOf(request) !== undefined;
    const at: Placed = { groupId, priority, deduplicationId: isNamed ? idempotencyKey : undefined };
    const reading = storeRequest(request, { idempotencyKey, metadata });
    reading.catch(() => {});
    // In the order of the calls: a large body takes longer to read than a small one.
    return inTurn(groupId, async () => {
      const stored = await reading;
      signal.throwIfAborted();
      if (mode === "queue-first") return store(stored, at, signal);
      const outcome = (await untilAborted(hasWaiting(groupId), signal)) ? 0 : await ask(stored, message, signal);
      return typeof outcome === "number" ? store(stored, at, signal, outcome) : outcome;
    });
  };

  return {
    lately,
    async send(request, given) {
      request.signal.throwIfAborted();
      const { groupId = settings.groupBy(request), priority = 4 } = given;
      check(groupIdField, groupId, given.groupId === undefined ? "createOutbox().groupBy()" : "outbox.fetch().groupId");
      const idempotencyKey = given.idempotencyKey ?? carriedKeyOf(request) ?? crypto.randomUUID();
      // As it is now, and before anything is done: what cannot be told of afterwards must not be stored.
      const metadata = copyMetadata(given.metadata);
      const message = firstMessage(request, { groupId, priority, idempotencyKey, metadata });
      const ending = new AbortController();
      const signal = AbortSignal.any([request.signal, ending.signal]);
      const ended = begin(request, given, message, signal);
      const entry: UnderWay = { message, ending, ended: ended.catch(() => {}) };
      underWay.add(entry);
      void entry.ended.then(() => underWay.delete(entry));
      const response = await untilAborted(ended, signal);
      keepWith(response, [request, signal]);
      return response;
    },
    async abort(picks) {
      const picked = [...underWay].filter(({ message }) => picks(message));
      for (const { ending } of picked) ending.abort(new DOMException("the outbox was told to forget it", "AbortError"));
      await Promise.all(picked.map(({ ended }) => ended));
      return picked.length;
    },
  };
}
