// Deliveries as an async iterable, to be settled by hand.
// Invariant: what the loop has not seen when it ends goes back uncounted.

import { QueueError } from "../../core/spec/errors.js";
import { type Deferred, deferred } from "../../link/rpc/deferred.js";
import type { HandOut } from "../../link/rpc/wire.js";
import { whenAborted } from "../runtime/abortable.js";
import type { Admit } from "./admission.js";
import type { Delivery } from "./delivery.js";
import type { Holding } from "./holding.js";
import type { Source, Stoppable } from "./source.js";

export interface DeliveriesParts {
  readonly client: Source;
  readonly queue: string;
  /** Deliveries held at once, those in the loop's hands included. Default 1. */
  readonly prefetch?: number;
  readonly signal?: AbortSignal;
  /** Keeps away what no loop may see. */
  readonly admit?: Admit | undefined;
  onStopped(): void;
}

export interface OpenedDeliveries<Body> extends Stoppable {
  readonly iterator: AsyncIterableIterator<Delivery<Body>>;
  /** Gives back one that the iterator gave, and nobody has seen. */
  giveBack(delivery: Delivery<Body>): Promise<void>;
}

export function openDeliveries<Body>({
  client,
  queue,
  prefetch = 1,
  signal,
  admit,
  onStopped,
}: DeliveriesParts): OpenedDeliveries<Body> {
  const buffer: Holding<Body>[] = [];
  const given = new Set<Holding<Body>>();
  const waiting: Deferred<IteratorResult<Delivery<Body>>>[] = [];
  let ended: Promise<void> | undefined;
  const done = { done: true, value: undefined } as const;

  /** One after the other, so that looking at one cannot let the next overtake it. */
  let last: Promise<void> | undefined;

  const refused = new AbortController();
  const endings = [signal, client.over, refused.signal];
  const take = (handOut: HandOut) => {
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
  };
  const registration = client.registerConsumer(queue, { prefetch }, take, (reason) => refused.abort(reason));

  const takeIn = (holdings: readonly Holding<Body>[]) => {
    for (const holding of holdings) if (!holding.isSettled) buffer.push(holding);
    while (waiting.length > 0 && buffer.length > 0) waiting.shift()?.resolve({ done: false, value: give() });
  };

  const give = (): Delivery<Body> => {
    for (const holding of given) if (holding.isSettled) given.delete(holding);
    const holding = buffer.shift() as Holding<Body>;
    holding.start();
    given.add(holding);
    return holding.delivery;
  };

  /** Why there is nothing more, where that is no end like any other. */
  const failed = () => endings.find((one) => one?.aborted);

  const end = (): Promise<void> => {
    ended ??= (async () => {
      for (const forget of forgets) forget();
      const failure = failed();
      for (const next of waiting.splice(0)) failure ? next.reject(failure.reason) : next.resolve(done);
      await registration.cancel();
      await last;
      await Promise.all(buffer.splice(0).map((holding) => holding.giveBack()));
      onStopped();
    })();
    return ended;
  };

  const onAbort = () => void end();
  const forgets = endings.map((one) => whenAborted(one, onAbort));
  if (failed()) onAbort();

  return {
    iterator: {
      next() {
        const next = deferred<IteratorResult<Delivery<Body>>>();
        const failure = failed();
        if (failure) next.reject(failure.reason);
        else if (ended) next.resolve(done);
        else if (buffer.length > 0) next.resolve({ done: false, value: give() });
        else waiting.push(next);
        return next.promise;
      },
      async return() {
        await end();
        return done;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    async giveBack(delivery) {
      for (const holding of given) if (holding.delivery === delivery) await holding.giveBack();
    },
    /** Whatever is in the loop's hands goes back too: nobody will settle it once the queue is closed. */
    async stop() {
      await end();
      const reason = new QueueError("closed", `queue "${queue}" was closed`);
      await Promise.all(
        [...given].filter((holding) => !holding.isSettled).map((holding) => holding.withdraw(reason).catch(() => {})),
      );
    },
  };
}
