// `Queue` and `BackgroundSyncPlugin` with the public surface and the semantics of workbox-background-sync 7. What differs
// is underneath: an entry that was taken is only forgotten once it was sent, or its worker has had the time to do so.

import { type Connection, connect } from "../../service-worker.js";
import { type Entries, openEntries, type StoredEntry, type Taken } from "./entries.js";
import { type RequestData, StorableRequest } from "./storable-request.js";

/** A request with its time and metadata, as Workbox has it. */
export interface QueueEntry {
  /** What is to be sent. */
  request: Request;
  /** Epoch milliseconds. Default: now. */
  timestamp?: number;
  /** Kept with the request: anything that can be cloned. */
  metadata?: object;
}

/** As Workbox's, by the same names. */
export interface QueueOptions {
  /** Replays when the worker starts, also where there is Background Sync. */
  forceSyncFallback?: boolean;
  /** Minutes for which an entry is kept. Default 7 days. */
  maxRetentionTime?: number;
  /** Called for each `sync` event of this queue; what it throws makes the browser try again. Default: `replayRequests`. */
  onSync?: (options: { queue: Queue }) => void | Promise<void>;
}

/** As Workbox's errors are: told apart by `name`. */
export class WorkboxError extends Error {
  readonly details: { readonly name: string };
  constructor(name: string, message: string, details: { readonly name: string }) {
    super(message);
    this.name = name;
    this.details = details;
  }
}

interface Scope {
  readonly registration: { readonly sync?: { register(tag: string): unknown } };
}
type SyncEvent = Event & {
  readonly tag: string;
  readonly lastChance: boolean;
  waitUntil(work: Promise<unknown>): void;
};

const scope = globalThis as unknown as Scope;
const RETENTION_MINUTES = 7 * 24 * 60;
export const tagOf = (name: string): string => `workbox-background-sync:${name}`;
const names = new Set<string>();

/**
 * What was shifted outside of a sync and not put back counts as sent after so long: less than the time after which a
 * browser ends an idle worker.
 */
const CONFIRM_MS = 20_000;

interface Shifted {
  readonly taken: Taken;
  /** Whether somebody has begun to send it: its body is used, or it was copied. */
  isTouched(): boolean;
}

/** Opened once for all queues. */
let opening: Promise<Connection> | undefined;
export const connection = (): Promise<Connection> => {
  opening ??= connect().catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
};

/** What stands in for Background Sync, in tests and as a polyfill, may return nothing, or throw at once. */
export async function askForSync(name: string): Promise<void> {
  try {
    await scope.registration?.sync?.register(tagOf(name));
  } catch {
    // A refusal is no failure: what is stored waits.
  }
}

/** The surface of Workbox's `Queue`, over a durable queue: an entry that was taken is forgotten only once it was sent. */
export class Queue {
  readonly #name: string;
  readonly #onSync: (options: { queue: Queue }) => void | Promise<void>;
  readonly #retentionMs: number;
  readonly #isForced: boolean;
  #opened: Promise<Entries> | undefined;
  readonly #held = new Map<Request, Shifted>();
  #confirming: ReturnType<typeof setTimeout> | undefined;
  #isSyncing = false;
  #hasAddedDuringSync = false;

  /** Throws an error named `duplicate-queue-name` when this worker has a queue of that name. */
  constructor(name: string, { forceSyncFallback, onSync, maxRetentionTime }: QueueOptions = {}) {
    if (names.has(name)) {
      const message = `The Queue name '${name}' is already being used. All instances of backgroundSync.Queue must be given unique names.`;
      throw new WorkboxError("duplicate-queue-name", message, { name });
    }
    names.add(name);
    this.#name = name;
    this.#onSync = onSync ?? this.replayRequests;
    this.#retentionMs = (maxRetentionTime || RETENTION_MINUTES) * 60_000;
    this.#isForced = Boolean(forceSyncFallback);
    this.#listen();
  }

  /** As it was made; the tag of its `sync` events ends in it. */
  get name(): string {
    return this.#name;
  }

  /** Stores at the end; durable when it resolves. */
  async pushRequest(entry: QueueEntry): Promise<void> {
    await (await this.#entries()).push(await storedOf(entry));
    await this.#added();
  }

  /** Stores at the beginning. An entry that was taken before is put back: it is never gone in between. */
  async unshiftRequest(entry: QueueEntry): Promise<void> {
    const stored = await storedOf(entry);
    const held = this.#held.get(entry.request);
    this.#held.delete(entry.request);
    await (await this.#entries()).unshift(stored, held?.taken);
    await this.#added();
  }

  /** Takes the first one that has not expired. It comes back if this worker dies before it can have been sent. */
  async shiftRequest(): Promise<QueueEntry | undefined> {
    return this.#take("shift");
  }

  /** Takes the last one that has not expired. */
  async popRequest(): Promise<QueueEntry | undefined> {
    return this.#take("pop");
  }

  /** All that have not expired; those that have are removed. */
  async getAll(): Promise<QueueEntry[]> {
    const stored = await (await this.#entries()).all(this.#isExpired);
    return stored.map(entryOf);
  }

  /** How many there are, expired ones included. */
  async size(): Promise<number> {
    return (await this.#entries()).size();
  }

  /** Sends in order, one at a time over all contexts. The first that fails is put back, and `queue-replay-failed` thrown. */
  async replayRequests(): Promise<void> {
    await navigator.locks.request(`originmq:workbox:${this.#name}:replay`, async () => {
      for (let entry = await this.shiftRequest(); entry; entry = await this.shiftRequest()) {
        try {
          await fetch(entry.request.clone());
        } catch {
          await this.unshiftRequest(entry);
          const message = `Replaying the background sync queue '${this.#name}' failed.`;
          throw new WorkboxError("queue-replay-failed", message, { name: this.#name });
        }
        await this.#confirm(entry.request);
      }
    });
  }

  /** Asks for a `sync` event, where there are any. A refusal is no failure: what is stored waits. */
  async registerSync(): Promise<void> {
    if (this.#isForced) return;
    await askForSync(this.#name);
  }

  readonly #isExpired = ({ timestamp }: StoredEntry): boolean => Date.now() - timestamp > this.#retentionMs;

  #entries(): Promise<Entries> {
    this.#opened ??= connection()
      .then((opened) => openEntries(opened, this.#name))
      .catch((error) => {
        this.#opened = undefined;
        throw error;
      });
    return this.#opened;
  }

  async #added(): Promise<void> {
    if (this.#isSyncing) this.#hasAddedDuringSync = true;
    else await this.registerSync();
  }

  async #take(end: "shift" | "pop"): Promise<QueueEntry | undefined> {
    // Who takes the next one is done with what they have begun to send.
    for (const [request, { isTouched }] of this.#held) if (isTouched()) await this.#confirm(request);
    const entries = await this.#entries();
    const taken = await entries[end](this.#isExpired);
    if (taken === undefined) return undefined;
    const entry = entryOf(taken.body);
    this.#held.set(entry.request, { taken, isTouched: watchTouch(entry.request) });
    clearTimeout(this.#confirming);
    if (!this.#isSyncing) this.#confirming = setTimeout(() => void this.#confirmAll(), CONFIRM_MS);
    return entry;
  }

  async #confirm(request: Request): Promise<void> {
    const held = this.#held.get(request);
    this.#held.delete(request);
    await held?.taken.ack();
  }

  async #confirmAll(): Promise<void> {
    for (const request of [...this.#held.keys()]) await this.#confirm(request).catch(() => {});
  }

  #listen(): void {
    if (scope.registration.sync === undefined || this.#isForced) {
      // Nobody waits for it: what fails is tried again when the worker next starts.
      void (async () => this.#onSync({ queue: this }))().catch(() => {});
      return;
    }
    addEventListener("sync", (event) => {
      const sync = event as SyncEvent;
      if (sync.tag === tagOf(this.#name)) sync.waitUntil(this.#sync(sync.lastChance));
    });
  }

  async #sync(isLastChance: boolean): Promise<void> {
    this.#isSyncing = true;
    let hasFailed = false;
    try {
      await this.#onSync({ queue: this });
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      await this.#confirmAll();
      // After a failure the browser fires again by itself, unless it said that this was the last time.
      if (this.#hasAddedDuringSync && (!hasFailed || isLastChance)) await this.registerSync();
      this.#isSyncing = false;
      this.#hasAddedDuringSync = false;
    }
  }
}

async function storedOf({ request, metadata, timestamp = Date.now() }: QueueEntry): Promise<StoredEntry> {
  const requestData = (await StorableRequest.fromRequest(request.clone())).toObject();
  return { requestData, timestamp, ...(metadata && { metadata }) };
}

function entryOf({ requestData, timestamp, metadata }: StoredEntry): QueueEntry {
  const request = new StorableRequest({ ...requestData } as RequestData).toRequest();
  return { request, timestamp, ...(metadata && { metadata }) };
}

/** Tells whether the request was copied or its body used. */
function watchTouch(request: Request): () => boolean {
  let isCloned = false;
  const clone = request.clone.bind(request);
  Object.defineProperty(request, "clone", {
    value: () => {
      isCloned = true;
      return clone();
    },
  });
  return () => isCloned || request.bodyUsed;
}

/** For a Workbox strategy: stores each request that its handler could not fetch. */
export class BackgroundSyncPlugin {
  readonly #queue: Queue;

  constructor(name: string, options?: QueueOptions) {
    this.#queue = new Queue(name, options);
  }

  /** Stores the request; Workbox calls it when a request of its route has failed. */
  fetchDidFail = async ({ request }: { request: Request }): Promise<void> => {
    await this.#queue.pushRequest({ request });
  };
}
