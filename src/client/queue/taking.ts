// How deliveries are taken from a queue: by handlers, in a loop, as a stream, or some at a time.
// Invariant: what came for somebody who has gone meanwhile goes back, uncounted.

import { aFunction, checkOptions } from "../../core/spec/check.js";
import type { QueueStats } from "../../core/view/view.js";
import type { HandOut, HostRequest } from "../../link/rpc/wire.js";
import type { Admit } from "../receiving/admission.js";
import { createConsumer } from "../receiving/consumer.js";
import { openDeliveries } from "../receiving/deliveries.js";
import { startDrain } from "../receiving/drain.js";
import type { Hiding, Holding } from "../receiving/holding.js";
import { DRAIN_SPEC, RECEIVE_SPEC } from "../receiving/options.js";
import type { Stoppable } from "../receiving/source.js";
import { readableFrom } from "../receiving/streams.js";
import { abortable, whenAborted } from "../runtime/abortable.js";
import { CONSUME_SPEC, DELIVERIES_SPEC } from "../sending/options.js";
import type { Queue } from "./queue.js";
import type { QueueClient } from "./queue-client.js";

export interface TakingParts {
  readonly queue: string;
  readonly client: QueueClient;
  /** Keeps away what nobody may see. */
  readonly admit: Admit | undefined;
  readonly hiding: Hiding | undefined;
  /** What the queue stops when it is closed. */
  readonly stoppables: Set<Stoppable>;
  /** Aborts with the reason when the queue is closed here. */
  readonly closing: AbortSignal;
}

type Taking<Output> = Pick<
  Queue<unknown, Output>,
  "consume" | "receive" | "deliveries" | "readable" | "consumeUntilEmpty"
>;

/**
 * Consumers of this page by their key. Of the page, not of a queue or a connection: who is evaluated again opens those again,
 * too.
 */
const consumersByKey = new Map<string, Stoppable>();

export function createTaking<Output>({
  queue,
  client,
  admit,
  hiding,
  stoppables,
  closing,
}: TakingParts): Taking<Output> {
  const assertOpen = () => closing.throwIfAborted();

  const take = async (
    asked: Pick<Extract<HostRequest, { op: "receive" }>, "max" | "waitMs" | "mode" | "leaseMs">,
    signal: AbortSignal | undefined,
  ): Promise<Holding<Output>[]> => {
    signal?.throwIfAborted();
    const waiter = client.nextWaiter();
    const { leaseMs, ...rest } = asked;
    const endsAt = client.runtime.now() + rest.waitMs;
    const leftMs = () => Math.max(0, Math.ceil(endsAt - client.runtime.now()));
    // Of a host after the first it asks what is left of its time.
    const request = (): HostRequest => ({
      op: "receive",
      waiter,
      queue,
      ...rest,
      waitMs: leftMs(),
      ...(leaseMs !== undefined && { leaseMs }),
    });
    assertOpen();
    const received = client.ask<HandOut | null>(request);
    let handOut: HandOut | null;
    try {
      handOut = await abortable(abortable(received, signal), closing);
    } catch (error) {
      client.cancelWaiter(waiter);
      // What was on its way to a caller that has gone goes back.
      received.then(
        (handOut) => {
          for (const holding of handOut ? client.holdings.take<Output>(handOut) : []) void holding.giveBack();
        },
        () => {},
      );
      throw error;
    }
    if (handOut === null) return [];
    const taken = client.holdings.take<Output>(handOut);
    // Of none the body could be read, and the host has sorted them out: what is behind them is what was asked for.
    return taken.length > 0 ? taken : take({ ...asked, waitMs: leftMs() }, signal);
  };

  const openLoop = (options: { readonly prefetch?: number; readonly signal?: AbortSignal }) => {
    assertOpen();
    const onStopped = () => stoppables.delete(opened);
    const opened = openDeliveries<Output>({ client, queue, ...options, admit, onStopped });
    stoppables.add(opened);
    return opened;
  };

  return {
    consume(handler, options = {}) {
      assertOpen();
      aFunction(handler, "consume(handler)");
      checkOptions("consume()", options, CONSUME_SPEC);
      const { concurrency = 1, prefetch = concurrency, signal, key, singleActive = false } = options;
      client.over.throwIfAborted();
      signal?.throwIfAborted();
      const known = key && JSON.stringify([client.pipeline.database, queue, key]);
      const onStopped = () => {
        stoppables.delete(consumer);
        if (known && consumersByKey.get(known) === consumer) consumersByKey.delete(known);
        forget();
      };
      if (known) void consumersByKey.get(known)?.stop();
      const atLeast = Math.max(prefetch, concurrency);
      const consumer = createConsumer<Output>({
        client,
        queue,
        handler,
        admit,
        hiding,
        concurrency,
        prefetch: atLeast,
        singleActive,
        onStopped,
      });
      stoppables.add(consumer);
      if (known) consumersByKey.set(known, consumer);
      const forget = whenAborted(signal, () => void consumer.stop());
      return consumer;
    },
    async receive(options = {}) {
      checkOptions("receive()", options, RECEIVE_SPEC);
      const { max = 1, waitMs = 0, leaseMs, signal } = options;
      const endsAt = client.runtime.now() + waitMs;
      for (;;) {
        const leftMs = Math.max(0, endsAt - client.runtime.now());
        const taken = await take({ max, waitMs: leftMs, mode: "receive", leaseMs }, signal);
        const fitting: Holding<Output>[] = [];
        for (const holding of taken) if (!admit || (await admit(holding))) fitting.push(holding);
        const admitted = fitting.filter(({ isSettled }) => !isSettled).map(({ delivery }) => delivery);
        // None of them fitted, or all were lost while they were looked at: then the next may.
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
    async consumeUntilEmpty(handler, options = {}) {
      assertOpen();
      aFunction(handler, "consumeUntilEmpty(handler)");
      checkOptions("consumeUntilEmpty()", options, DRAIN_SPEC);
      const takeReady = (max: number) => take({ max, waitMs: 0, mode: "consume", leaseMs: undefined }, undefined);
      // Asked of the host also while the queue is being closed.
      const ready = async () => (await client.ask<QueueStats>({ op: "stats", queue })).ready;
      const drain = startDrain({ handler, admit, now: client.runtime.now, take: takeReady, ready }, options);
      stoppables.add(drain);
      return drain.result.finally(() => stoppables.delete(drain));
    },
  };
}
