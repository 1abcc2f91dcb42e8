// What a queue does while its key is waited for: it takes what is sent without a name that would have to be hidden, and answers
// what takes no key; whatever else waits. Invariant: the host hands nothing to who could not open it.

import type { QueueClient } from "../client/queue/queue-client.js";
import type { QueueSealing, Sealing } from "../client/queue/sealing.js";
import { abortable } from "../client/runtime/abortable.js";
import type { Seal } from "../client/sending/sealed.js";
import type { HostRequest } from "../link/rpc/wire.js";
import type { Lock } from "./lock.js";
import { isNamed } from "./sealer.js";

/** What is answered without a key: numbers. */
const OPEN: ReadonlySet<HostRequest["op"]> = new Set(["stats", "idle"]);

export const whileLocked = (sealing: Sealing, lock: Lock): Sealing => ({
  ...sealing,
  queue: (name) => queueWhileLocked(sealing.queue(name), lock),
  topic(name) {
    const { key, seal } = sealing.topic(name);
    return { key, seal: sealWhileLocked(seal, lock, () => undefined) };
  },
});

function queueWhileLocked(sealing: QueueSealing, lock: Lock): QueueSealing {
  let closing: AbortSignal | undefined;
  const sealAs = (seal: Seal) => sealWhileLocked(seal, lock, () => closing);
  const first =
    <Args extends readonly unknown[], T>(then: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      if (lock.isLocked) await lock.unlocked(closing);
      return then(...args);
    };
  return {
    ...sealing,
    seal: sealAs(sealing.seal),
    alone: sealAs(sealing.alone),
    sealReplacement: first(sealing.sealReplacement),
    group: first(sealing.group),
    filter: first(sealing.filter),
    client(client, signal) {
      closing = signal;
      return clientWhileLocked(sealing.client(client, signal), lock, signal);
    },
  };
}

const sealWhileLocked =
  (seal: Seal, lock: Lock, closing: () => AbortSignal | undefined): Seal =>
  (items) =>
    lock.isLocked && items.some(isNamed) ? lock.unlocked(closing()).then(() => seal(items)) : seal(items);

function clientWhileLocked(client: QueueClient, lock: Lock, closing: AbortSignal): QueueClient {
  const opOf = (request: HostRequest | (() => HostRequest)) => (typeof request === "function" ? request() : request).op;
  const own: Pick<QueueClient, "ask" | "registerConsumer" | "requests"> = {
    async ask(request, signal) {
      if (lock.isLocked && !OPEN.has(opOf(request))) await abortable(lock.unlocked(closing), signal);
      return client.ask(request, signal);
    },
    registerConsumer(queue, limits, onHandOut, onRefused) {
      if (!lock.isLocked) return client.registerConsumer(queue, limits, onHandOut, onRefused);
      let { prefetch } = limits;
      let isOver = false;
      let registered: ReturnType<QueueClient["registerConsumer"]> | undefined;
      const register = () => {
        if (!isOver) registered = client.registerConsumer(queue, { ...limits, prefetch }, onHandOut, onRefused);
      };
      lock
        .unlocked(closing)
        .then(register)
        .catch((reason) => {
          if (!isOver) onRefused(reason, lock.wasTold(reason));
        });
      return {
        setPrefetch(changed) {
          prefetch = changed;
          registered?.setPrefetch(changed);
        },
        async cancel() {
          isOver = true;
          await registered?.cancel();
        },
      };
    },
    requests: {
      async ask(asked) {
        if (lock.isLocked) await abortable(lock.unlocked(closing), asked.signal);
        return client.requests.ask(asked);
      },
    },
  };
  return Object.create(client, Object.getOwnPropertyDescriptors(own));
}
