// The workers that a page starts. Invariant: whatever keeps one from starting, thrown at once or told by an event, now or
// before anybody waits for it, is `unsupported`, with the address that was tried and what to do.

import type { ConnectOptions } from "../client/connection/connect-options.js";
import { QueueError } from "../core/spec/errors.js";
import type { Opening } from "../link/finding/opening.js";
import { STOP_HOSTING } from "../link/rpc/names.js";
import { addresses, NotStarted } from "./starting.js";

/** Start the workers that come with this package. */
export interface WorkerStarters {
  sharedWorker?(opening: Opening): SharedWorker;
  dedicatedWorker?(): Worker;
}

const BY_BUNDLER = ` (esbuild's entryPoints and Rollup's input want "shared-worker": "originmq/shared-worker", "dedicated-worker": "originmq/dedicated-worker"; Vite before 8 may want optimizeDeps: { exclude: ["originmq"] }; a page without a bundler the files of dist/standalone: see docs/bundlers.md)`;

/** `address`: of a worker that comes with this package. */
function notStarted(address: string | undefined, why: string | undefined, cause?: unknown): QueueError {
  const [which, howThere, policyName, otherwise] =
    address === undefined
      ? ["that the option worker gives could not be started", "", "", ""]
      : [`of OriginMQ could not be started from ${address}`, BY_BUNDLER, " originmq", ", or give the option worker"];
  return new QueueError(
    "unsupported",
    `the worker ${which}${why ? ` (${why})` : ""}: its file must be there${howThere}, of the page's own origin and allowed by its Content-Security-Policy (worker-src; trusted-types${policyName})${otherwise}`,
    { cause },
  );
}

/** Of what was thrown when one was to be started. */
export function whyNotStarted(thrown: unknown): QueueError {
  if (thrown instanceof QueueError) return thrown;
  if (!(thrown instanceof NotStarted)) return notStarted(undefined, String(thrown), thrown);
  return notStarted(thrown.address, (thrown.cause as Error).message, thrown.cause);
}

/** A worker, and the end of waiting for it. */
export interface Started<Made extends SharedWorker | Worker> {
  readonly worker: Made;
  /** Rejects when it cannot be started. */
  readonly failed: Promise<never>;
  /** It has given a sign of life: what it does not catch from now on is no reason to give it up. */
  hasStarted(): void;
}

function watch<Made extends SharedWorker | Worker>(worker: Made): Started<Made> {
  let onError: (event: Event) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    // Of a script that does not load the event says nothing.
    onError = (event) =>
      reject(notStarted(addresses.get(worker), "message" in event ? String(event.message) : undefined));
  });
  failed.catch(() => {});
  worker.addEventListener("error", onError);
  return { worker, failed, hasStarted: () => worker.removeEventListener("error", onError) };
}

export interface Workers {
  /** How long the first sign of life of the next worker may take. */
  signMs: number;
  /** A SharedWorker to connect to; `undefined` where there is none, or a dedicated one was asked for. */
  shared(opening: Opening): Started<SharedWorker> | undefined;
  /** Whether `dedicated` has one to start. */
  readonly hasDedicated: boolean;
  /** The page's own worker, started once and ended with its page. */
  dedicated(): Started<Worker> | undefined;
  /** Lets the page's own worker finish its commit and give its locks back. */
  stop(): void;
}

/** A worker that was told to stop needs this long at most to finish its commit. */
const STOP_MS = 5_000;

export function createWorkers(
  { sharedWorker, dedicatedWorker }: WorkerStarters,
  create: ConnectOptions["worker"],
  signMs: number,
): Workers {
  let own: Started<Worker> | undefined;
  /** What the application's own function makes, once it is known. */
  let makes: "shared" | "dedicated" | undefined;

  /** What the application's own function throws is why there is no worker. */
  const make = <Made>(start: (() => Made) | undefined): Made | undefined => {
    try {
      return start?.();
    } catch (cause) {
      throw whyNotStarted(cause);
    }
  };
  const keep = (worker: Worker): Started<Worker> => {
    const started = watch(worker);
    own = started;
    started.failed.catch(() => {
      if (own === started) own = undefined;
    });
    return started;
  };
  const makeGiven = (): { readonly shared?: SharedWorker; readonly dedicated?: Worker } => {
    const made = make(create);
    if (made === undefined) return {};
    const isDedicated = typeof Worker !== "undefined" && made instanceof Worker;
    makes = isDedicated ? "dedicated" : "shared";
    return isDedicated ? { dedicated: made } : { shared: made as SharedWorker };
  };

  return {
    signMs,
    hasDedicated: typeof Worker !== "undefined" && (create ?? dedicatedWorker) !== undefined,
    shared(opening) {
      if (typeof SharedWorker === "undefined" || makes === "dedicated") return undefined;
      const { shared, dedicated } = create ? makeGiven() : { shared: make(() => sharedWorker?.(opening)) };
      if (dedicated) keep(dedicated);
      return shared && watch(shared);
    },
    dedicated() {
      if (own || typeof Worker === "undefined") return own;
      const { dedicated = make(dedicatedWorker) } = makes === "shared" ? {} : makeGiven();
      return dedicated && keep(dedicated);
    },
    stop() {
      const stopped = own?.worker;
      own = undefined;
      stopped?.postMessage(STOP_HOSTING);
      if (stopped) setTimeout(() => stopped.terminate(), STOP_MS);
    },
  };
}
