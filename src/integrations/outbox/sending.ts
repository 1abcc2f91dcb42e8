// The first attempt: a request goes to the network, or, when it cannot, into the queue.
// Invariants: what is answered as stored is durable; within a group nothing overtakes what waits, here or in the queue.

import { QueueError } from "../../core/spec/errors.js";
import type { Queue } from "../../index.js";
import { isOffline, sleep } from "./context.js";
import type { Gates } from "./gates.js";
import { storedMessage } from "./message.js";
import type { OutboxFetchOptions, OutboxMessage, Settings } from "./options.js";
import { discard, sendsKey, withTimeout } from "./replay.js";
import { makeRequest, originOf, redact, type StoredRequest, storeRequest } from "./stored-request.js";
import { judge } from "./verdict.js";

export interface SendingParts {
  readonly settings: Settings;
  readonly gates: Gates;
  queue(): Promise<Queue<StoredRequest>>;
  /** One is in the queue now; `isNew`: and was not before. */
  stored(message: OutboxMessage, isNew: boolean): void;
}

/** A stuck host must not hold a request up that the network could take. */
const LOOK_MS = 2_000;

interface Placed {
  readonly groupId: string;
  readonly priority: number;
  readonly deduplicationId: string | undefined;
}

/** Resolves with the server's answer, or with that of `respond`. */
export type Send = (request: Request, options: OutboxFetchOptions) => Promise<Response>;

export function createSending({ settings, gates, queue: queueOf, stored: onStored }: SendingParts): Send {
  const turns = new Map<string, Promise<unknown>>();

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
    const message = storedMessage(stored, { id, groupId, priority });
    onStored(message, !duplicate);
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

  return async (request, given) => {
    const { signal } = request;
    signal.throwIfAborted();
    const { groupId = settings.groupBy(request), priority = 4, mode = settings.mode, idempotencyKey, metadata } = given;
    const stored = await storeRequest(request, { idempotencyKey, metadata });
    const at: Placed = { groupId, priority, deduplicationId: idempotencyKey };
    return inTurn(groupId, async () => {
      signal.throwIfAborted();
      if (mode === "queue-first") return store(stored, at);
      const looked = queueOf().then((queue) => queue.isGroupWaiting(groupId));
      const waits = await Promise.race([looked, sleep(LOOK_MS).then(() => false)]).catch(() => false);
      const outcome = waits ? 0 : await ask(stored, signal);
      return typeof outcome === "number" ? store(stored, at, outcome) : outcome;
    });
  };
}
