// Deliveries as an async iterable, to be settled by hand.
// Invariant: what the loop has not seen when it ends goes back uncounted.

import { QueueError } from "../../core/spec/errors.js";
import type { Client } from "../connection/client.js";
import type { Admit } from "../sending/schema.js";
import type { Consumer } from "./consumer.js";
import type { Delivery, Holding } from "./delivery.js";

export interface DeliveriesParts {
  readonly client: Client;
  readonly queue: string;
  /** Deliveries held at once, those in the loop's hands included. Default 1. */
  readonly prefetch?: number;
  readonly signal?: AbortSignal;
  /** Keeps away what no loop may see. */
  readonly admit?: Admit | undefined;
  onStopped(): void;
}

interface Next<Body> {
  resolve(result: IteratorResult<Delivery<Body>>): void;
  reject(reason: unknown): void;
}

export function openDeliveries<Body>({ client, queue, prefetch = 1, signal, admit, onStopped }: DeliveriesParts): {
  readonly iterator: AsyncIterableIterator<Delivery<Body>>;
  readonly consumer: Pick<Consumer, "stop">;
} {
  const buffer: Holding<Body>[] = [];
  const given = new Set<Holding<Body>>();
  const waiting: Next<Body>[] = [];
  let ended: Promise<void> | undefined;
  const done = { done: true, value: undefined } as const;

  /** One after the other, so that looking at one cannot let the next overtake it. */
  let last: Promise<void> | undefined;

  const registration = client.registerConsumer(queue, { prefetch }, (handOut) => {
    const taken = client.holdings.take<Body>(handOut);
    for (const holding of taken) {
      holding.onLost(() => {
        const index = buffer.indexOf(holding);
        if (index >= 0) buffer.splice(index, 1);
        given.delete(holding);
      });
    }
    if (admit === undefined) return takeIn(taken);
    last = (last ?? Promise.resolve()).then(async () => {
      for (const holding of taken) if (!holding.isSettled && (await admit(holding))) takeIn([holding]);
    });
  });

  const takeIn = (holdings: readonly Holding<Body>[]) => {
    for (const holding of holdings) {
      if (ended) void giveBack(holding);
      else if (!holding.isSettled) buffer.push(holding);
    }
    while (waiting.length > 0 && buffer.length > 0) waiting.shift()?.resolve({ done: false, value: give() });
  };

  const give = (): Delivery<Body> => {
    for (const holding of given) if (holding.isSettled) given.delete(holding);
    const holding = buffer.shift() as Holding<Body>;
    holding.start();
    given.add(holding);
    return holding.delivery;
  };

  // Lost meanwhile: then it is in the queue already.
  const giveBack = (holding: Holding<Body>) => holding.settle({ type: "release" }).catch(() => {});

  const end = (): Promise<void> => {
    ended ??= (async () => {
      signal?.removeEventListener("abort", onAbort);
      for (const next of waiting.splice(0)) signal?.aborted ? next.reject(signal.reason) : next.resolve(done);
      await registration.cancel();
      await last;
      await Promise.all(buffer.splice(0).map(giveBack));
      onStopped();
    })();
    return ended;
  };

  const onAbort = () => void end();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();

  return {
    iterator: {
      next: () =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) reject(signal.reason);
          else if (ended) resolve(done);
          else if (buffer.length > 0) resolve({ done: false, value: give() });
          else waiting.push({ resolve, reject });
        }),
      async return() {
        await end();
        return done;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    consumer: {
      /** Whatever is in the loop's hands goes back too: nobody will settle it once the queue is closed. */
      async stop() {
        await end();
        const reason = new QueueError("closed", `queue "${queue}" was closed`);
        await Promise.all(
          [...given].filter((holding) => !holding.isSettled).map((holding) => holding.withdraw(reason).catch(() => {})),
        );
      },
    },
  };
}
