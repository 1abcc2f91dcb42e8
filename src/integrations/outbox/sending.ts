// The first attempt: a request goes to the network, or, when it cannot, into the queue.
// Invariants: what is answered as stored is durable, and what is rejected is not; within a group nothing overtakes what
// waits, here or in the queue, however long it takes to find out.

import { randomUuid } from "../../client/runtime/uuid.js";
import { check } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { groupId as groupIdField } from "../../core/spec/fields.js";
import type { Queue } from "../../index.js";
import { deferred } from "../../link/rpc/deferred.js";
import { type Attempt, keepWith, preparedBy, untilAborted } from "./attempts.js";
import { reportFailure } from "./context.js";
import type { Gates } from "./gates.js";
import { isInLine, sendOnce } from "./keys.js";
import { firstMessage, storedMessage } from "./message.js";
import type { Network } from "./network.js";
import { answerStored, type OutboxFetchOptions, type OutboxMessage, type Settings } from "./options.js";
import { carriedKeyOf, copyMetadata, keepable, originOf, type StoredRequest, storeRequest } from "./stored-request.js";
import { discard, judge, statusLineOf } from "./verdict.js";

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

/** Why a request is stored. */
interface Reason {
  /** How long it waits. */
  readonly delayMs: number;
  /** What the server said to it. */
  readonly refusal?: string;
}

interface Storing extends Reason {
  /** To be called once it is on its way to the queue. */
  handed(): void;
}

interface Placed {
  readonly groupId: string;
  readonly priority: number;
  readonly deduplicationId: string | undefined;
}

export interface Sending {
  /**
   * Resolves with the server's answer, or with that of `respond`. `body`: that of the request, where it is known already.
   * With it, or without any, one that is to be stored is handed to the queue before any other task runs.
   */
  send(request: Request, options: OutboxFetchOptions, body?: ArrayBuffer): Promise<Response>;
  /**
   * Aborts the first attempts that are under way, all or those picked: their callers get an `AbortError`. Resolves with
   * how many there were, once nothing of them can be stored any more.
   */
  abort(picks: (message: OutboxMessage) => boolean): Promise<number>;
  /** The page goes, or is back: what is only stored waits for nothing before it in between. */
  leave(): void;
  stay(): void;
  /** What was stored here lately, in case its clearing was heard of too late. */
  readonly lately: readonly OutboxMessage[];
}

/** So many of what was stored are known by name for a while. */
const LATELY = 100;

interface Turn {
  /** It is answered, or on its way to the queue. */
  readonly handed: Promise<void>;
  /** It and all before it are answered or stored. */
  readonly done: Promise<unknown>;
}

interface Begun {
  readonly signal: AbortSignal;
  readonly reading: Promise<StoredRequest>;
}

interface UnderWay {
  readonly message: OutboxMessage;
  readonly ending: AbortController;
  readonly ended: Promise<unknown>;
}

export function createSending(parts: SendingParts): Sending {
  const { settings, gates, network, attempt, queue: queueOf, stored: onStored, answered, wasDelivered } = parts;
  const turns = new Map<string, Turn>();
  const underWay = new Set<UnderWay>();
  const lately: OutboxMessage[] = [];
  /** Those who wait for what came before, but no longer than the page stays. */
  const staying = new Set<() => void>();
  let isLeft = false;
  const whileHere = (handed: Promise<void>): Promise<void> => {
    if (isLeft) return Promise.resolve();
    return new Promise((resolve) => {
      staying.add(resolve);
      void handed.then(resolve).finally(() => staying.delete(resolve));
    });
  };

  /**
   * One after the other within a group, so that what fails is stored before what came later is sent. The queue keeps the
   * order of what it is handed: what is only stored need not wait until what came before is. Nor does it wait for an answer
   * that the page which is left would not live to see.
   */
  const inTurn = <T>(groupId: string, isOnlyStored: boolean, task: (handed: () => void) => Promise<T>): Promise<T> => {
    const before = turns.get(groupId);
    const handed = deferred();
    const ready = isOnlyStored ? before && whileHere(before.handed) : before?.done;
    const result = Promise.resolve(ready).then(() => task(handed.resolve));
    const settled = result.catch(() => {}).finally(handed.resolve);
    const turn: Turn = { handed: handed.promise, done: Promise.all([before?.done, settled]) };
    turns.set(groupId, turn);
    void turn.done.then(() => turns.get(groupId) === turn && turns.delete(groupId));
    return result;
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

  const store = async (stored: StoredRequest, at: Placed, signal: AbortSignal, how: Storing): Promise<Response> => {
    const begunAt = Date.now();
    signal.throwIfAborted();
    const { groupId, priority, deduplicationId } = at;
    const { delayMs, refusal, handed } = how;
    const kept = { ...keepable(stored, settings), ...(refusal !== undefined && { refusal }) };
    const queue = await queueOf();
    const options = { groupId, priority, ttlMs: settings.maxRetentionMs, ...(delayMs > 0 && { delayMs }) };
    const sent = sendOnce(
      (name) => queue.send(kept, { ...options, ...(name && { deduplicationId: name }) }),
      deduplicationId,
      async (id) => wasDelivered(id) || isInLine(queue, id),
    );
    handed();
    const { id, duplicate } = await sent;
    if (signal.aborted) {
      // Whoever has aborted is told so, and that has to be true.
      if (!duplicate) await queue.purge({ ids: [id] });
      throw signal.reason;
    }
    const message = storedMessage(kept, { id, groupId, priority });
    if (!duplicate) lately.push({ ...message, queuedAt: begunAt });
    if (lately.length > LATELY) lately.shift();
    onStored(message, !duplicate);
    return respond(message);
  };

  /** Asks the network; resolves with the answer, or with why the request is to be stored. */
  const ask = async (
    stored: StoredRequest,
    message: OutboxMessage,
    signal: AbortSignal,
  ): Promise<Response | Reason> => {
    const origin = originOf(stored.url);
    const pass = gates.enter(origin, Date.now());
    if (pass.type === "wait") return { delayMs: pass.ms };
    let response: Response;
    try {
      response = await attempt(stored, { signal, prepare: preparedBy(settings, message) });
    } catch (error) {
      if (!signal.aborted && !(error instanceof QueueError)) network.failed();
      if (signal.aborted || network.isOffline() || error instanceof QueueError) gates.left(origin);
      if (signal.aborted) throw signal.reason;
      if (error instanceof QueueError) throw error;
      if (network.isOffline()) return { delayMs: 0 };
      return { delayMs: gates.failed(origin, Date.now(), { attempt: 0, maxMs: settings.unreachableMaxMs }) };
    }
    const verdict = await judge(response, message, settings, Date.now());
    // Whoever refuses while the browser is offline is not the server.
    const isServers = verdict.type === "delivered" || !network.isOffline();
    if (isServers) answered();
    if (verdict.type === "retry") {
      discard(response);
      const delayMs = gates.failed(origin, Date.now(), { afterMs: verdict.afterMs, attempt: 1 });
      return { delayMs, ...(isServers && { refusal: statusLineOf(response) }) };
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

  const begin = (request: Request, given: OutboxFetchOptions, message: OutboxMessage, { signal, reading }: Begun) => {
    const { groupId, priority, idempotencyKey } = message;
    const { mode = settings.mode } = given;
    const isNamed = given.idempotencyKey !== undefined || carriedKeyOf(request) !== undefined;
    const at: Placed = { groupId, priority, deduplicationId: isNamed ? idempotencyKey : undefined };
    reading.catch(() => {});
    // In the order of the calls: a large body takes longer to read than a small one.
    const isOnlyStored = mode === "queue-first";
    return inTurn(groupId, isOnlyStored, async (handed) => {
      const stored = await reading;
      signal.throwIfAborted();
      if (isOnlyStored) return store(stored, at, signal, { delayMs: 0, handed });
      const isBehind = await untilAborted(hasWaiting(groupId), signal);
      const outcome = isBehind ? { delayMs: 0 } : await ask(stored, message, signal);
      return "delayMs" in outcome ? store(stored, at, signal, { ...outcome, handed }) : outcome;
    });
  };

  return {
    lately,
    leave() {
      isLeft = true;
      for (const go of staying) go();
    },
    stay() {
      isLeft = false;
    },
    async send(request, given, body) {
      request.signal.throwIfAborted();
      const { groupId = settings.groupBy(request), priority = 4 } = given;
      check(groupIdField, groupId, given.groupId === undefined ? "createOutbox().groupBy()" : "outbox.fetch().groupId");
      const idempotencyKey = given.idempotencyKey ?? carriedKeyOf(request) ?? randomUuid();
      // As it is now, and before anything is done: what cannot be told of afterwards must not be stored.
      const metadata = copyMetadata(given.metadata);
      const message = firstMessage(request, { groupId, priority, idempotencyKey, metadata });
      const ending = new AbortController();
      const signal = AbortSignal.any([request.signal, ending.signal]);
      const reading = storeRequest(request, { idempotencyKey, metadata, body });
      const ended = begin(request, given, message, { signal, reading });
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
