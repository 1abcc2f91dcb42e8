// One client of one database: the link to its host, the way of its commands, what it holds, and its consumers.
// Many queues share it. Invariant: it survives its host; what it was told to do is done once.

import { forEachSeq } from "../../core/log/ranges.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { ASKERS_PER_CLIENT_MAX, HOLDINGS_MESSAGES_MAX, WATCHERS_PER_CLIENT_MAX } from "../../core/spec/limits.js";
import { MINOR_HOLDERS, MINOR_MEASURES, MINOR_SINGLE_ACTIVE } from "../../core/spec/version.js";
import type { QueueStats } from "../../core/view/view.js";
import type { Asking, Channel } from "../../link/finding/directory.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { DataLoss, Diagnostics } from "../../link/rpc/views.js";
import type { ClientRequest, HandOut, HeldReply, HostKind, HostRequest } from "../../link/rpc/wire.js";
import type { ClientEvent } from "../link/client-event.js";
import { createHostLink, type OpenPort } from "../link/host-link.js";
import { createLossReader } from "../link/losses.js";
import { createNoticeListener } from "../link/notices.js";
import type { QueueClient } from "../queue/queue-client.js";
import { createHoldings, GIVE_BACK } from "../receiving/holding.js";
import { createRequests, type Requests } from "../requests/requests.js";
import { abortable } from "../runtime/abortable.js";
import type { Runtime } from "../runtime/runtime.js";
import { createPipeline } from "../sending/pipeline.js";

/** When the page of this client is put to sleep and woken. */
export interface Lifecycle {
  /** Returns what stops the listening. */
  listen(events: { suspend(): void; resume(): void; setHidden(hidden: boolean): void }): () => void;
}

export interface ClientParts {
  /** Missing where nothing is put to sleep. */
  readonly lifecycle?: Lifecycle | undefined;
  readonly openPort: OpenPort;
  /** Resolves when a port may be had at all; missing where that is always. */
  reachable?(): Promise<void>;
  readonly runtime: Runtime;
  /** Web Locks, where the runtime shares the host with other contexts. */
  readonly locks: LockManager | undefined;
  presenceLock(client: string): string;
  /** How to ask other contexts for the host; missing where there are none. */
  readonly asking?: Asking | undefined;
  /** A channel on which the host announces; `undefined` where there is none. */
  openNotices(): Channel | undefined;
}

/** A client, for those who stand on it. */
export interface Client extends QueueClient {
  readonly host: { readonly kind: HostKind; readonly epoch: number } | undefined;
  diagnostics(): Promise<Diagnostics>;
  /**
   * Resolves with `force` once `work` has; with true once no host is there that would take what it waits for, `force`: at
   * once, else after a while.
   */
  unlessAlone(work: Promise<unknown>, force?: boolean): Promise<boolean>;
  /** Sends what is still to be sent, `force`: only where there is a host, and ends this client. */
  close(options?: { readonly force?: boolean }): Promise<void>;
}

/** So long a client that is closed waits for a host that takes what it still has to send. */
const LEAVE_MS = 10_000;

/** After so long a host that has refused a consumer is told of it again. */
const AGAIN_MS = 1_000;

/** Only a host of an earlier build hands out so much. */
const TOO_MUCH_HELD = new QueueError("lease-lost", "more deliveries are held than the next host can be told of");

const OUTDATED: ReadonlySet<QueueErrorCode> = new Set(["protocol-mismatch", "format-too-new"]);

/** Of what the host is told to do until it is told otherwise. */
interface Ending {
  /** The host does not let this client do so. */
  onRefused(reason: QueueError): void;
}

interface Watch extends Ending {
  readonly queue: string;
  readonly everyMs: number;
  onStats(stats: QueueStats): void;
}

interface Registered extends Ending {
  readonly queue: string;
  readonly concurrency?: number;
  readonly singleActive?: boolean;
  prefetch: number;
  onHandOut(handOut: HandOut): void;
}

export function createClient(parts: ClientParts): Client {
  const { runtime } = parts;
  const client = runtime.uuid();
  const consumers = new Map<string, Registered>();
  let requests: Requests | undefined;
  const watches = new Map<string, Watch>();
  let isHidden = false;
  let lastHost: string | undefined;
  const listeners = new Set<(event: ClientEvent) => void>();
  const allLosses: DataLoss[] = [];
  const losses = createLossReader();
  const over = new AbortController();
  let presence: Presence | undefined;
  let lastId = 0;
  const nextId = () => `${client}/${++lastId}`;

  /** What this answers crosses the link: never what a callback of the application gives back. */
  const serve = (request: ClientRequest): HeldReply | undefined => {
    switch (request.op) {
      case "deliver":
        deliver(request.consumer, request.handOut);
        return;
      case "stats":
        watches.get(request.waiter)?.onStats(request.stats);
        return;
      case "held":
        return holdings.report();
      case "lost": {
        const isTimeout = request.reason === "timeout";
        const what = isTimeout
          ? "the handler ran longer than it may"
          : "the lease ended before the delivery was settled";
        holdings.lose(request.lost, new QueueError(isTimeout ? "timeout" : "lease-lost", what));
        return;
      }
    }
  };

  const deliver = (consumer: string, handOut: HandOut) => {
    const registered = consumers.get(consumer);
    if (registered) {
      registered.onHandOut(handOut);
      return holdings.assign(handOut.grant, consumer);
    }
    // It stopped while this was on its way.
    const { grant: grantId } = handOut;
    forEachSeq(handOut.seqs, (seq) => pipeline.settle({ grantId, seq, verdict: GIVE_BACK, onOver: () => {} }));
  };

  const tellAll = (event: ClientEvent) => {
    for (const callback of [...listeners]) callback(event);
  };

  const tell = (request: HostRequest) =>
    hostLink.ask(request).catch(() => {
      // Closed meanwhile: whoever waits for the effect hears of that on their own call.
    });

  /**
   * Says it to the host that is there, and to no other: the next one is told how things are then. Resolves when it has
   * heard, or is gone.
   */
  const say = async (request: HostRequest): Promise<void> => {
    await hostLink.link?.call(request).catch(() => {});
  };

  /** Says it to the host that is there, and `again` a little later to one that has no room at the moment. */
  const insist = (request: HostRequest, { onRefused }: Ending, again: () => void) => {
    const { link } = hostLink;
    link?.call(request).catch((error) => {
      if (error instanceof QueueError && error.code === "denied") return onRefused(error);
      runtime.setTimer(() => {
        if (hostLink.link === link) again();
      }, AGAIN_MS);
    });
  };

  /** Tells the host, if there is one, of a consumer, with no more than it understands. */
  const announce = (consumer: string, registered: Registered, grants: readonly string[] | undefined) => {
    if (!hostLink.welcome) return;
    const { queue, prefetch, concurrency, singleActive } = registered;
    const { minor = 0 } = hostLink.welcome;
    const known = {
      ...(hasMeasures() && concurrency !== undefined && { concurrency }),
      ...(minor >= MINOR_HOLDERS && grants && { grants }),
      ...(minor >= MINOR_SINGLE_ACTIVE && singleActive && { singleActive }),
    };
    insist({ op: "consume", consumer, queue, prefetch, ...known }, registered, () => {
      if (consumers.get(consumer) === registered) announce(consumer, registered, grants);
    });
  };

  const hasMeasures = () => (hostLink.welcome?.minor ?? 0) >= MINOR_MEASURES;
  const startWatch = (waiter: string, watch: Watch) => {
    if (isHidden || !hasMeasures()) return;
    const { queue, everyMs } = watch;
    insist({ op: "watch", waiter, queue, everyMs }, watch, () => {
      if (watches.get(waiter) === watch) startWatch(waiter, watch);
    });
  };
  const stopWatch = (waiter: string) => void say({ op: "cancel", waiter });
  /** Of a call, which is asked again of the next host: so is this, behind it. */
  const cancel = (waiter: string) => void tell({ op: "cancel", waiter });

  const hostLink = createHostLink({
    client,
    runtime,
    openPort: async (onPort) => {
      // The lock comes before the first word: a host that knows a client can always tell whether it lives. It is asked for
      // while a worker starts.
      presence ??= holdPresence(parts.locks, parts.presenceLock(client));
      const { held } = presence;
      const opening = parts.openPort((port) => held.then(() => onPort(port)).catch(() => {}));
      opening.catch(() => {});
      try {
        await held;
      } catch (error) {
        opening.then(({ port }) => port.close?.()).catch(() => {});
        throw error;
      }
      return opening;
    },
    ...(parts.reachable && { reachable: parts.reachable }),
    locks: parts.locks,
    asking: parts.asking,
    serve,
    held: () => holdings.claim(HOLDINGS_MESSAGES_MAX, TOO_MUCH_HELD),
    onConnected(welcome) {
      const holders = holdings.byConsumer();
      for (const [consumer, registered] of consumers) announce(consumer, registered, holders.get(consumer));
      for (const [waiter, watch] of watches) startWatch(waiter, watch);
      pipeline.reconnected(welcome);
      const isAnother = lastHost !== undefined && lastHost !== welcome.instance;
      lastHost = welcome.instance;
      tellAll({ type: "connected", isAnother });
      for (const loss of losses.news(welcome)) {
        allLosses.push(loss);
        tellAll({ type: "datalost", loss });
      }
    },
    onDisconnected: () => tellAll({ type: "disconnected" }),
    onEnded(reason) {
      pipeline.close(reason);
      over.abort(reason);
      tellAll({ type: "ended", reason });
      if (OUTDATED.has(reason.code)) tellAll({ type: "outdated", reason });
    },
    onGreeted: (link) => pipeline.greeted(link),
    onPeerUnreadable: () => pipeline.unreadable(),
  });
  const pipeline = createPipeline(hostLink, runtime, parts.presenceLock(""));
  const holdings = createHoldings(pipeline, runtime);
  const notices = createNoticeListener(parts.openNotices);

  /**
   * Deliveries, locks and the channel go; what was called and not answered stays, and is sent again after. What is called
   * from now on is posted at once, and not heard of before the page wakes.
   */
  const suspend = () => {
    pipeline.flushAll();
    hostLink.suspend();
    holdings.loseAll(
      new QueueError("lease-lost", "the page was put to sleep, and its deliveries went back to the queue"),
    );
    notices.suspend();
    presence?.leave();
    presence = undefined;
  };
  const resume = () => {
    notices.resume();
    hostLink.resume();
  };
  /** What nobody can see is not computed. */
  const setHidden = (hidden: boolean) => {
    if (hidden === isHidden) return;
    isHidden = hidden;
    // Where pages are closed without a word, this is the last that they hear.
    if (hidden) pipeline.hurry();
    for (const [waiter, watch] of watches) hidden ? stopWatch(waiter) : startWatch(waiter, watch);
  };
  const stopListening = parts.lifecycle?.listen({ suspend, resume, setHidden });

  /** Sends what is still to be sent, to the next host if need be, but does not wait for one for ever. */
  const takeLeave = async (reason: QueueError) => {
    const late = new AbortController();
    const cancelTimer = runtime.setTimer(() => late.abort(reason), LEAVE_MS);
    try {
      await abortable(abortable(pipeline.drained(), late.signal), over.signal);
      if (hostLink.welcome) await abortable(tell({ op: "goodbye" }), late.signal);
    } catch {
      // No host in time, or none any more: what was not sent hears of it.
    } finally {
      cancelTimer();
    }
  };

  const self: Client = {
    runtime,
    pipeline,
    holdings,
    notices,
    get requests() {
      requests ??= createRequests(self, () => hostLink.welcome?.client ?? client);
      return requests;
    },
    get host() {
      const { welcome } = hostLink;
      return welcome && { kind: welcome.kind, epoch: welcome.epoch };
    },
    get minor() {
      return hostLink.welcome?.minor ?? 0;
    },
    over: over.signal,
    losses: allLosses,
    async connected(signal) {
      await hostLink.connected(signal);
    },
    ask: (request, signal) => hostLink.ask(request, signal),
    registerConsumer(queue, limits, onHandOut, onRefused) {
      if (consumers.size >= ASKERS_PER_CLIENT_MAX) {
        throw new QueueError("full", `a connection has ${ASKERS_PER_CLIENT_MAX} consumers at most`);
      }
      const consumer = nextId();
      const registered: Registered = { queue, ...limits, onHandOut, onRefused };
      consumers.set(consumer, registered);
      if (hostLink.welcome) announce(consumer, registered, undefined);
      else hostLink.wake();
      return {
        setPrefetch(changed) {
          registered.prefetch = changed;
          announce(consumer, registered, undefined);
        },
        async cancel() {
          consumers.delete(consumer);
          await say({ op: "cancel", waiter: consumer });
        },
      };
    },
    watch(queue, everyMs, onStats, onRefused) {
      if (watches.size >= WATCHERS_PER_CLIENT_MAX) {
        throw new QueueError("full", `a connection has ${WATCHERS_PER_CLIENT_MAX} subscriptions to statistics at most`);
      }
      const waiter = nextId();
      const watch: Watch = { queue, everyMs, onStats, onRefused };
      watches.set(waiter, watch);
      if (hostLink.welcome) startWatch(waiter, watch);
      else hostLink.wake();
      return () => {
        if (watches.delete(waiter)) stopWatch(waiter);
      };
    },
    nextWaiter: nextId,
    cancelWaiter: cancel,
    listen(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    diagnostics: () => hostLink.ask({ op: "diagnostics" }),
    unlessAlone(work, force = false) {
      let cancelTimer = () => {};
      const alone = new Promise<boolean>((resolve) => {
        const look = (wasAlone: boolean) => {
          if (wasAlone && !hostLink.welcome) return resolve(true);
          cancelTimer = runtime.setTimer(look.bind(null, !hostLink.welcome), LEAVE_MS);
        };
        look(force);
      });
      return Promise.race([work.then(() => force), alone]).finally(() => cancelTimer());
    },
    async close({ force = false } = {}) {
      const reason = new QueueError("closed", "the connection was closed");
      if (hostLink.welcome || !force) await takeLeave(reason);
      stopListening?.();
      over.abort(reason);
      pipeline.close(reason);
      hostLink.close(reason);
      notices.close();
      presence?.leave();
    },
  };
  return self;
}

interface Presence {
  readonly held: Promise<void>;
  leave(): void;
}

/** Holds the lock that says this client lives, until `leave` is called or its context dies. */
function holdPresence(locks: LockManager | undefined, name: string): Presence {
  if (locks === undefined) return { held: Promise.resolve(), leave: () => {} };
  const [held, left] = [deferred(), deferred()];
  const onHeld = () => {
    held.resolve();
    return left.promise;
  };
  locks.request(name, onHeld).catch((cause) => {
    held.reject(new QueueError("unsupported", "Web Locks are refused in this context", { cause }));
  });
  return { held: held.promise, leave: left.resolve };
}
