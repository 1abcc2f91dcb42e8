// What an outbox needs of the context that it runs in: page, worker, service worker or Node.

interface SyncManager {
  register(tag: string): Promise<void>;
}

export interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

/** The event of Background Sync. */
export interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
  readonly lastChance: boolean;
}

export interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): void;
}

interface Registration {
  readonly sync?: SyncManager;
}

const own = globalThis as unknown as {
  readonly ServiceWorkerGlobalScope?: unknown;
  readonly registration?: Registration;
};

export const isServiceWorker = (): boolean =>
  own.ServiceWorkerGlobalScope !== undefined && own.registration !== undefined;

/** Resolves after so long, or once the signal aborts. */
export const sleep = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end);
  });

/** As the platform reports what nobody caught. */
export const reportFailure = (error: unknown): void => globalThis.reportError?.(error);

async function syncManager(): Promise<SyncManager | undefined> {
  if (isServiceWorker()) return own.registration?.sync;
  const registration = await globalThis.navigator?.serviceWorker?.getRegistration();
  return registration?.active ? (registration as Registration).sync : undefined;
}

export const hasSync = (): boolean => isServiceWorker() && own.registration?.sync !== undefined;

/** Asks for a `sync` event. Without Background Sync, or where the user forbids it, it only answers `false`. */
export async function registerSync(tag: string): Promise<boolean> {
  try {
    const sync = await syncManager();
    await sync?.register(tag);
    return sync !== undefined;
  } catch {
    return false;
  }
}

/** Listens where there is something to listen to; returns what ends it. */
export function listen(types: Readonly<Record<string, (event: Event) => void>>): () => void {
  if (typeof addEventListener === "undefined") return () => {};
  for (const [type, listener] of Object.entries(types)) addEventListener(type, listener);
  return () => {
    for (const [type, listener] of Object.entries(types)) removeEventListener(type, listener);
  };
}
