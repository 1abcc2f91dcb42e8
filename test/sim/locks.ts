// Web Locks of one origin, as the specification has them: first come, first served, shared and exclusive, steal,
// ifAvailable, signal. A dead context's locks are free a moment later; one that stands still keeps its own.

import type { Random } from "./random.js";
import type { Context, Scheduler } from "./scheduler.js";

interface Request {
  readonly name: string;
  readonly mode: LockMode;
  readonly context: Context;
  grant(): void;
  /** It was stolen from. */
  rob(): void;
}

export interface Locks {
  /** The lock manager that code in this context sees. */
  of(context: Context): LockManager;
}

const stolen = () => new DOMException("the lock was stolen", "AbortError");

export function createLocks({ scheduler, random }: { scheduler: Scheduler; random: Random }): Locks {
  const held = new Map<string, Request[]>();
  const queued = new Map<string, Request[]>();
  /** The browser's own process, which frees what the dead held. */
  const browser = scheduler.context("browser");

  const listOf = (map: Map<string, Request[]>, name: string): Request[] => {
    const list = map.get(name) ?? [];
    map.set(name, list);
    return list;
  };
  const remove = (list: Request[], request: Request): boolean => {
    const at = list.indexOf(request);
    if (at >= 0) list.splice(at, 1);
    return at >= 0;
  };

  const isGrantable = ({ name, mode }: Request): boolean => {
    const holders = listOf(held, name);
    return holders.length === 0 || (mode === "shared" && holders.every((holder) => holder.mode === "shared"));
  };

  const serve = (name: string) => {
    const queue = listOf(queued, name);
    while (queue[0] && isGrantable(queue[0])) hold(queue.shift() as Request);
  };

  const hold = (request: Request) => {
    listOf(held, request.name).push(request);
    request.context.plan(request.grant, random.between(0, 2));
  };

  const release = (request: Request) => {
    if (remove(listOf(held, request.name), request)) serve(request.name);
  };

  const of = (context: Context): LockManager => {
    const own = new Set<Request>();
    context.onDeath(() => {
      for (const request of own) remove(listOf(queued, request.name), request);
      for (const { name } of own) serve(name);
      browser.plan(
        () => {
          for (const request of own) release(request);
        },
        random.between(20, 80),
      );
    });

    const request = <T>(name: string, options: LockOptions, callback: LockGrantedCallback<T>): Promise<T> => {
      const { mode = "exclusive", signal, steal = false, ifAvailable = false } = options;
      return new Promise<T>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const asked: Request = {
          name,
          mode,
          context,
          grant() {
            signal?.removeEventListener("abort", onAbort);
            const over = () => {
              own.delete(asked);
              release(asked);
            };
            // Stolen before its turn came.
            if (!listOf(held, name).includes(asked)) return;
            Promise.resolve()
              .then(() => callback({ name, mode }))
              .then(resolve, reject)
              .finally(over);
          },
          rob() {
            own.delete(asked);
            context.plan(() => reject(stolen()), 0);
          },
        };
        const onAbort = () => {
          if (!remove(listOf(queued, name), asked)) return;
          own.delete(asked);
          reject(signal?.reason);
          serve(name);
        };
        if (ifAvailable && (!isGrantable(asked) || listOf(queued, name).length > 0)) {
          context.plan(() => void Promise.resolve(callback(null)).then(resolve as never, reject), 0);
          return;
        }
        own.add(asked);
        signal?.addEventListener("abort", onAbort, { once: true });
        if (steal) {
          for (const robbed of listOf(held, name).splice(0)) robbed.rob();
          hold(asked);
          return;
        }
        listOf(queued, name).push(asked);
        serve(name);
      });
    };

    const manager = {
      request: (name: string, ...rest: [LockOptions, LockGrantedCallback<unknown>] | [LockGrantedCallback<unknown>]) =>
        rest.length === 1 ? request(name, {}, rest[0]) : request(name, rest[0], rest[1]),
      async query(): Promise<LockManagerSnapshot> {
        const infos = (map: Map<string, Request[]>) =>
          [...map.values()].flat().map(({ name, mode, context: { name: clientId } }) => ({ name, mode, clientId }));
        return { held: infos(held), pending: infos(queued) };
      },
    };
    return manager as unknown as LockManager;
  };

  return { of };
}
