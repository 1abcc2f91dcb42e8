// Time that goes on at its own pace while the tab is in the background: the demo is about tabs, most of them hidden.

export type ClockRequest =
  | { readonly type: "after" | "every"; readonly id: number; readonly ms: number }
  | { readonly type: "cancel"; readonly id: number };

export interface Clock {
  /** Resolves after `ms`; rejects with the signal's reason when that aborts first. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs again and again until the returned function is called. */
  every(ms: number, run: () => void): () => void;
}

export function createClock(): Clock {
  const worker = new Worker(new URL("./clock-worker.ts", import.meta.url), { type: "module" });
  const ringing = new Map<number, () => void>();
  let ids = 0;

  const ask = (request: ClockRequest) => worker.postMessage(request);
  const cancel = (id: number) => {
    ringing.delete(id);
    ask({ type: "cancel", id });
  };
  worker.addEventListener("message", ({ data }: MessageEvent<number>) => ringing.get(data)?.());

  return {
    wait(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const id = ++ids;
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          cancel(id);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        ringing.set(id, () => {
          ringing.delete(id);
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        ask({ type: "after", id, ms });
      });
    },
    every(ms, run) {
      const id = ++ids;
      ringing.set(id, run);
      ask({ type: "every", id, ms });
      return () => cancel(id);
    },
  };
}
