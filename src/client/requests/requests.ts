// Requests that wait for their answers:
//
//   request ──send, naming the reply queue──▶ queue ──handler──▶ reply queue ──▶ here
//
// The answers come as messages of a queue that is this client's own, so that a host which ends between loses none. It
// goes with this client. Invariant: each request ends: answered, given up, out of time, or aborted.

import { QueueError } from "../../core/spec/errors.js";
import { REPLIES_MAX } from "../../core/spec/limits.js";
import { replyQueueOf } from "../../link/rpc/names.js";
import type { MessageFate } from "../../link/rpc/views.js";
import type { HandOut, HostRequest } from "../../link/rpc/wire.js";
import type { ClientEvent } from "../link/client-event.js";
import type { NoticeListener } from "../link/notices.js";
import type { Holding } from "../receiving/holding.js";
import { type Answer, REPLY_TO, REQUEST } from "../receiving/replies.js";
import type { Source } from "../receiving/source.js";
import { abortable } from "../runtime/abortable.js";
import { callListener, complain } from "../runtime/complain.js";
import type { Receipt } from "../sending/item.js";
import type { Pipeline } from "../sending/pipeline.js";

export interface Requests {
  /** Sends a message that asks for an answer; `send` gets the headers that do so. */
  ask(asked: Asked): Promise<unknown>;
}

/** What requests need of their client. */
export interface RequestsClient extends Source {
  readonly pipeline: Pipeline;
  readonly notices: NoticeListener;
  /** Resolves once there is a host. */
  connected(): Promise<void>;
  /** Asks what may be asked twice; `request` is made anew for each host that is asked. */
  ask<T>(request: HostRequest | (() => HostRequest), signal?: AbortSignal): Promise<T>;
  /** Calls with what happens to this client's host; returns what ends that. */
  listen(callback: (event: ClientEvent) => void): () => void;
}

export interface Asked {
  readonly queue: string;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Aborts when the queue is closed here. */
  readonly closing: AbortSignal;
  onProgress?(value: unknown): void;
  /** Present where the queue is encrypted. */
  readonly sealing?: RequestSealing | undefined;
  send(headers: Readonly<Record<string, string>>): Promise<Receipt>;
}

/** Opens what is hidden from the host in answers, and in what became of a request. */
export interface RequestSealing {
  answer(value: unknown, request: string, replyTo: string): Promise<unknown>;
  fate(id: string, fate: MessageFate): Promise<MessageFate>;
}

interface Pending extends Asked {
  id?: string;
  /** Times in a row that the queue did not know the message any more. */
  missed: number;
  /** The answers before this one are still being opened. */
  opening?: Promise<void>;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Deliveries of answers at once. */
const PREFETCH = 256;
/** Notices of deaths may be missed: who waits looks this often itself. */
const LOOK_MS = 5_000;

/** `undefined` where it is none: any client may send to a reply queue, and text that is no JSON throws. */
function answerOf(holding: Holding<Answer>): Answer | undefined {
  try {
    const body: unknown = holding.body;
    return typeof body === "object" && body !== null && "request" in body ? (body as Answer) : undefined;
  } catch {
    return undefined;
  }
}

/** `name`: what the host knows this client by, once there is one. */
export function createRequests(client: RequestsClient, name: () => string): Requests {
  const { pipeline, runtime } = client;
  let replyQueue = "";
  const pending = new Map<string, Pending>();
  let lastRequest = 0;
  let opened: Promise<unknown> | undefined;
  let cancelLook: (() => void) | undefined;
  /** Ends listening to deaths, by queue. */
  const listening = new Map<string, () => void>();

  const configure = () =>
    pipeline.command({
      type: "configure",
      queue: replyQueue,
      settings: { durability: "relaxed", maxMessages: REPLIES_MAX },
    });

  const open = async () => {
    opened ??= (async () => {
      await client.connected();
      replyQueue = replyQueueOf(name());
      await configure();
      // Of what is its own nobody refuses it anything.
      client.registerConsumer(replyQueue, { prefetch: PREFETCH }, onReplies, () => {});
      client.listen((event) => {
        // A host that began while this page slept has deleted the reply queue.
        if (event.type === "connected" && pending.size > 0) void configure().then(look, () => {});
      });
    })();
    try {
      await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  };

  const onReplies = (handOut: HandOut) => {
    for (const holding of client.holdings.take<Answer>(handOut)) {
      take(holding);
      holding.settleThen({ type: "ack" }, () => {});
    }
  };

  const take = (holding: Holding<Answer>) => {
    const body = answerOf(holding);
    const waiting = pending.get(body?.request ?? "");
    if (body === undefined || waiting === undefined) return;
    const { sealing } = waiting;
    if (!sealing) return tell(waiting, body);
    const name = "progress" in body ? "progress" : "value";
    const sealed = "progress" in body ? body.progress : body.value;
    const opened = sealing.answer(sealed, body.request, replyQueue);
    waiting.opening = Promise.allSettled([opened, waiting.opening]).then(async () => {
      // Any client may send to a reply queue: what was not sealed for this request is no answer to it.
      try {
        tell(waiting, { request: body.request, [name]: await opened } as Answer);
      } catch (error) {
        complain("an answer to a request does not open", error);
      }
    });
  };

  const tell = (waiting: Pending, body: Answer) => {
    if ("progress" in body) callListener(() => waiting.onProgress?.(body.progress));
    else waiting.resolve(body.value);
  };

  /** Asks what became of the messages whose answers are missing. */
  const look = async () => {
    const byQueue = new Map<string, Pending[]>();
    for (const waiting of pending.values()) {
      if (waiting.id !== undefined) byQueue.set(waiting.queue, [...(byQueue.get(waiting.queue) ?? []), waiting]);
    }
    for (const [queue, all] of byQueue) {
      const ids = all.map(({ id }) => id as string);
      const fates = await client.ask<MessageFate[]>({ op: "fates", queue, ids });
      for (const [i, waiting] of all.entries()) {
        const fate = fates[i] as MessageFate;
        judge(waiting, waiting.sealing ? await waiting.sealing.fate(ids[i] as string, fate) : fate);
      }
    }
  };

  const judge = (waiting: Pending, fate: MessageFate) => {
    const { id } = waiting;
    waiting.missed = fate.state === "gone" ? waiting.missed + 1 : 0;
    if (fate.state === "dead") {
      const { reason, error } = fate;
      const why = error ? `${reason}: ${error.message}` : reason;
      waiting.reject(new QueueError("dead", `the request was given up (${why})`, { detail: { id, reason, error } }));
    }
    // Once, its answer may be on its way.
    if (waiting.missed > 1) {
      const message = "the request was purged, or settled by hand, without an answer";
      waiting.reject(new QueueError("dead", message, { detail: { id, reason: "gone" } }));
    }
  };

  const watch = (queue: string) => {
    if (!listening.has(queue)) {
      listening.set(
        queue,
        client.notices.listen(queue, ({ dead }) => {
          if (dead) void look().catch(() => {});
        }),
      );
    }
    cancelLook ??= runtime.setTimer(lookAgain, LOOK_MS);
  };

  const lookAgain = () => {
    cancelLook = pending.size > 0 ? runtime.setTimer(lookAgain, LOOK_MS) : undefined;
    void look().catch(() => {});
  };

  const unwatch = (queue: string) => {
    if ([...pending.values()].some((waiting) => waiting.queue === queue)) return;
    listening.get(queue)?.();
    listening.delete(queue);
    if (pending.size > 0) return;
    cancelLook?.();
    cancelLook = undefined;
  };

  return {
    async ask(asked) {
      const { queue, signal, timeoutMs } = asked;
      signal?.throwIfAborted();
      await abortable(open(), signal);
      const request = String(++lastRequest);
      let cancelTimer = () => {};
      const answered = new Promise((resolve, reject) => {
        const waiting: Pending = { ...asked, missed: 0, resolve, reject };
        pending.set(request, waiting);
        watch(queue);
        const onTimeout = () => reject(new QueueError("timeout", `no answer came within ${timeoutMs} ms`));
        if (timeoutMs !== undefined) cancelTimer = runtime.setTimer(onTimeout, timeoutMs);
        asked.send({ [REPLY_TO]: replyQueue, [REQUEST]: request }).then(({ id }) => {
          waiting.id = id;
        }, reject);
      });
      try {
        return await abortable(abortable(abortable(answered, signal), asked.closing), client.over);
      } finally {
        pending.delete(request);
        cancelTimer();
        unwatch(queue);
      }
    },
  };
}
