// Web Locks for a process that has none: exclusive and shared, first come first served.

interface Request {
  readonly mode: LockMode;
  grant(): void;
}

export function createLocks(): LockManager {
  const heldByName = new Map<string, Request[]>();
  const queuedByName = new Map<string, Request[]>();
  const listOf = (map: Map<string, Request[]>, name: string) => {
    const list = map.get(name) ?? [];
    map.set(name, list);
    return list;
  };
  const serve = (name: string) => {
    const [held, queued] = [listOf(heldByName, name), listOf(queuedByName, name)];
    const [next] = queued;
    if (!next || held.some(({ mode }) => mode === "exclusive" || next.mode === "exclusive")) return;
    queued.shift();
    held.push(next);
    next.grant();
    serve(name);
  };
  const request = (name: string, { mode = "exclusive", signal }: LockOptions, callback: LockGrantedCallback<unknown>) =>
    new Promise((resolve, reject) => {
      const asked: Request = {
        mode,
        grant() {
          const over = () => {
            heldByName.set(
              name,
              listOf(heldByName, name).filter((one) => one !== asked),
            );
            serve(name);
          };
          Promise.resolve()
            .then(() => callback({ name, mode }))
            .then(resolve, reject)
            .finally(over);
        },
      };
      signal?.throwIfAborted();
      signal?.addEventListener("abort", () => {
        const queued = listOf(queuedByName, name);
        if (queued.includes(asked)) queued.splice(queued.indexOf(asked), 1);
        reject(signal.reason);
      });
      listOf(queuedByName, name).push(asked);
      serve(name);
    });
  return {
    request: (name: string, ...rest: [LockGrantedCallback<unknown>] | [LockOptions, LockGrantedCallback<unknown>]) =>
      rest.length === 1 ? request(name, {}, rest[0]) : request(name, ...rest),
  } as unknown as LockManager;
}
