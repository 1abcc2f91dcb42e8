// One page: a real client, what it sends, and its consumers, whose handlers take virtual time and sometimes fail.
// Everything that a user could see is written into the history.

import { createClient, type Lifecycle } from "../../src/client/connection/client.js";
import { type Connection, createPublicConnection } from "../../src/client/connection/connection.js";
import { whole } from "../../src/client/connection/whole.js";
import type { Queue } from "../../src/client/queue/queue.js";
import type { Delivery } from "../../src/client/receiving/delivery.js";
import type { QueueOptions, SendOptions } from "../../src/client/sending/options.js";
import { QueueError } from "../../src/core/spec/errors.js";
import type { HistoryEvent, Verdict } from "../checker/history.js";
import type { Random } from "./random.js";
import type { Context, Scheduler } from "./scheduler.js";
import type { Site } from "./site.js";

export interface TabParts {
  readonly name: string;
  readonly url: string;
  readonly scheduler: Scheduler;
  readonly site: Site;
  readonly random: Random;
  readonly settings: QueueOptions & { readonly handlerTimeoutMs: number };
  /** What its sends ask for beside priorities and delays. */
  readonly sends: Sends;
  readonly record: (event: Unstamped) => void;
  /** A store that refuses commits refuses acknowledgements: then handlers acknowledge by a call, and hear of it. */
  readonly mustSettleByHand: boolean;
  readonly isHealed: () => boolean;
  readonly note: (text: string) => void;
  /** It was told that its database was deleted. */
  readonly onWiped: () => void;
}

export interface Sends {
  /** Groups that messages are spread over; 0: none. */
  readonly groups: number;
  /** Some carry an id for deduplication, and are sent a second time. */
  readonly areUnique: boolean;
  /** Some are worth nothing after a while. */
  readonly ttl: boolean;
}

/** An event whose time is now. */
export type Unstamped = HistoryEvent extends infer Event
  ? Event extends HistoryEvent
    ? Omit<Event, "at">
    : never
  : never;

export interface Tab {
  readonly name: string;
  readonly url: string;
  readonly context: Context;
  readonly isAsleep: boolean;
  /** Sends called here and not yet settled. */
  readonly pending: number;
  readonly hasConsumer: boolean;
  readonly connection: Connection;
  readonly queue: Queue<string> | undefined;
  send(count: number, isBatch: boolean): void;
  consume(options: { concurrency: number; prefetch: number }): void;
  /** Takes a few by `receive`, and settles them by hand. */
  receive(max: number): void;
  sleep(): void;
  wake(): void;
  standStill(): void;
  /** Its worker stands still: for a while no host reaches it. */
  cutOff(): void;
  crash(): void;
}

/** In the names of consumers whose leases nobody renews. */
export const BY_HAND = "r";

/** Shorter than the storage may be gone. */
const OPEN_TIMEOUT_MS = 4_000;
/** Who waits for a notice looks at least this often: a notice is a hint. */
const NOTICE_MS_MAX = 1_000;

/** Codes that say: it was not accepted. */
const REFUSED: ReadonlySet<string> = new Set([
  "full",
  "quota-exceeded",
  "not-cloneable",
  "invalid-argument",
  "storage-failed",
]);

export const isRefusal = (error: unknown): boolean => REFUSED.has(codeOf(error));

const codeOf = (error: unknown): string => (error instanceof QueueError ? error.code : String(error));

export function openTab(parts: TabParts): Tab {
  const { name, url, scheduler, site, random, settings, record } = parts;
  const context = scheduler.context(`tab ${name}`);
  const consumers: string[] = [];
  const waiting: (() => void)[] = [];
  let lifecycle: Parameters<Lifecycle["listen"]>[0] | undefined;
  let queue: Queue<string> | undefined;
  let isAsleep = false;
  let pending = 0;
  let counter = 0;
  let deliveries = 0;

  const { clockMs, onAsleep, ...found } = site.clientParts(context, url);
  const client = createClient({
    ...found,
    rest: async () => whole,
    openTimeoutMs: OPEN_TIMEOUT_MS,
    lifecycle: {
      listen(events) {
        lifecycle = events;
        return () => {};
      },
    },
    runtime: {
      now: () => scheduler.now + clockMs,
      setTimer: (callback, ms) => context.plan(callback, ms),
      afterTurn: (callback) => void context.plan(callback, 0),
      uuid: site.uuid,
      random: random.next,
    },
  });
  const connection = createPublicConnection(client, { isLazy: false, persisted: undefined });
  client.listen((event) => {
    if (event.type === "datalost" && event.loss.reason === "wiped") parts.onWiped();
  });

  const open = async () => {
    for (;;) {
      try {
        queue = await connection.openQueue<string>("q", settings);
        for (const start of waiting.splice(0)) start();
        return;
      } catch (error) {
        // The store may refuse the settings, too.
        parts.note(`${context.name} cannot open the queue: ${error}`);
        if (codeOf(error) === "closed") return;
        await context.pass(50);
      }
    }
  };
  void open();

  const whenOpen = (start: () => void) => {
    if (queue) start();
    else waiting.push(start);
  };

  const newItem = (): { body: string } & SendOptions => {
    const body = `${name}-${counter++}`;
    const priority = random.chance(0.2) ? random.pick([0, 9]) : 4;
    const { groups, areUnique, ttl } = parts.sends;
    return {
      body,
      priority,
      ...(random.chance(0.1) && { delayMs: random.between(1, 2_000) }),
      ...(groups > 0 && random.chance(0.5) && { groupId: `g${random.between(1, groups)}` }),
      ...(areUnique && random.chance(0.5) && { deduplicationId: body }),
      ...(ttl && random.chance(0.1) && { ttlMs: random.between(100, 5_000) }),
    };
  };

  const recordSend = ({ body, priority, delayMs, groupId }: { body: string } & SendOptions) => {
    pending++;
    record({
      type: "send",
      producer: name,
      body,
      ...(priority !== undefined && { priority }),
      ...(delayMs !== undefined && { delayMs }),
      ...(groupId !== undefined && { groupId }),
    });
  };

  const recordFailure = (body: string, error: unknown) => {
    pending--;
    const code = codeOf(error);
    record({ type: REFUSED.has(code) ? "send-failed" : "send-unknown", producer: name, body, code } as Unstamped);
  };

  const recordSent = (body: string, id: string) => {
    pending--;
    record({ type: "sent", body, id });
  };

  const settle = async (
    of: { consumer: string; body: string; id: string; attempt: number; token: string },
    verdict: Verdict,
    call: () => Promise<void>,
    delayMs?: number,
  ) => {
    record({ ...of, type: "settle", verdict, ...(delayMs !== undefined && { delayMs }) });
    try {
      await call();
      record({ ...of, type: "settled", verdict });
    } catch (error) {
      record({ ...of, type: "settle-failed", verdict, code: codeOf(error) });
    }
  };

  const handle = async (consumer: string, delivery: Delivery<string>, isByHand: boolean) => {
    const { id, body, attempt, signal } = delivery;
    const of = { consumer, body, id, attempt, token: `${name}/${++deliveries}` };
    record({ ...of, type: "delivered", ...(isByHand && { leaseMs: settings.leaseMs }) });
    const onAbort = () => record({ ...of, type: "aborted", code: codeOf(signal.reason) });
    // Also when the handler has ended: that its settlement came too late is told nowhere else.
    signal.addEventListener("abort", onAbort);
    const isOverdue = !parts.isHealed() && random.chance(0.01);
    await context.pass(
      isOverdue ? settings.handlerTimeoutMs * 2 : random.chance(0.1) ? random.between(100, 900) : random.between(0, 30),
    );
    const fate = parts.isHealed() ? 1 : random.next();
    if (fate < 0.06) return await settle(of, "retry", () => delivery.retry());
    if (fate < 0.09) {
      const delayMs = random.between(0, 500);
      return await settle(of, "retry", () => delivery.retry({ delayMs }), delayMs);
    }
    if (fate < 0.12) return await settle(of, "release", () => delivery.release());
    if (fate < 0.13) return await settle(of, "dead-letter", () => delivery.deadLetter("the simulator says so"));
    if (fate < 0.4 && !isByHand && !parts.mustSettleByHand && !signal.aborted) {
      // By its end: nobody hears whether it was stored.
      const verdict = fate < 0.2 ? "retry" : "ack";
      record({ ...of, type: "settle", verdict });
      if (verdict === "retry") throw new Error("the simulator says so");
      return;
    }
    await settle(of, "ack", () => delivery.ack());
  };

  const noteStall = () => {
    for (const consumer of consumers) record({ type: "stall", consumer });
  };

  return {
    name,
    url,
    context,
    connection,
    get isAsleep() {
      return isAsleep;
    },
    get pending() {
      return pending;
    },
    get hasConsumer() {
      return consumers.length > 0;
    },
    get queue() {
      return queue;
    },
    send(count, isBatch) {
      const items = Array.from({ length: count }, newItem);
      whenOpen(() => {
        for (const item of items) recordSend(item);
        if (isBatch) {
          (queue as Queue<string>).sendBatch(items).then(
            (receipts) => {
              for (const [i, { body }] of items.entries()) recordSent(body, receipts[i]?.id ?? "");
            },
            (error) => {
              for (const { body } of items) recordFailure(body, error);
            },
          );
          return;
        }
        for (const { body, ...options } of items) {
          (queue as Queue<string>).send(body, options).then(
            ({ id }) => {
              recordSent(body, id);
              // As an application does that did not hear of the first: it must change nothing.
              if (options.deduplicationId && random.chance(0.3)) queue?.send(body, options).catch(() => {});
            },
            (error) => recordFailure(body, error),
          );
        }
      });
    },
    consume(options) {
      const consumer = `${name}/c${consumers.length}`;
      consumers.push(consumer);
      whenOpen(() => void queue?.consume((delivery) => handle(consumer, delivery, false), options));
    },
    receive(max) {
      const consumer = `${name}/${BY_HAND}${consumers.length}`;
      consumers.push(consumer);
      // Some wait in the host, some for a notice, which may never come.
      const isNotified = random.chance(0.5);
      let wake = () => {};
      const noticed = () =>
        new Promise<void>((resolve) => {
          wake = resolve;
          context.plan(resolve, NOTICE_MS_MAX);
        });
      const take = async () => {
        for (;;) {
          let taken: Delivery<string>[] = [];
          try {
            taken = (await queue?.receive({ max, waitMs: isNotified ? 0 : random.between(0, 500) })) ?? [];
            await Promise.all(taken.map((delivery) => handle(consumer, delivery, true)));
          } catch (error) {
            if (codeOf(error) === "closed") return;
          }
          await context.pass(random.between(1, 50));
          if (isNotified && taken.length === 0) await noticed();
        }
      };
      whenOpen(() => {
        if (isNotified) queue?.addEventListener("available", () => wake());
        void take();
      });
    },
    sleep() {
      isAsleep = true;
      for (const consumer of consumers) record({ type: "suspend", consumer });
      context.plan(() => {
        lifecycle?.suspend();
        onAsleep();
        context.plan(() => context.standStill(), 0);
      }, 0);
    },
    wake() {
      isAsleep = false;
      context.goOn();
      context.plan(() => lifecycle?.resume(), 0);
    },
    standStill() {
      noteStall();
      context.standStill();
    },
    cutOff: noteStall,
    crash() {
      for (const consumer of consumers) record({ type: "crash", consumer });
      context.die();
    },
  };
}
