// Waiting that can be given up. Invariants: what has ended leaves nothing on the signal, and however many calls wait on
// one signal, it has one listener of theirs: many calls on one are normal, and Node warns of many listeners.

interface Waiting {
  readonly callbacks: Set<() => void>;
  onAbort(): void;
}

const waitingBySignal = new WeakMap<AbortSignal, Waiting>();

function listen(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const onAbort = () => {
    waitingBySignal.delete(signal);
    for (const callback of callbacks) callback();
  };
  const waiting = { callbacks, onAbort };
  waitingBySignal.set(signal, waiting);
  signal.addEventListener("abort", onAbort, { once: true });
  return waiting;
}

/** Calls once when the signal aborts, never for one that has aborted; returns what ends the waiting. */
export function whenAborted(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {};
  const { callbacks, onAbort } = waitingBySignal.get(signal) ?? listen(signal);
  const own = () => callback();
  callbacks.add(own);
  return () => {
    if (!callbacks.delete(own) || callbacks.size > 0) return;
    signal.removeEventListener("abort", onAbort);
    waitingBySignal.delete(signal);
  };
}

/** Settles as `work` does, or rejects with the signal's reason, whichever comes first. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) {
      // The work is given up, so nobody is left to hear of its failure.
      work.catch(() => {});
      return onAbort();
    }
    void work.then(resolve, reject).finally(whenAborted(signal, onAbort));
  });
}
