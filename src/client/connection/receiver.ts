// What a client holds and is pushed: its consumers, its subscriptions to statistics, its requests. Joins the client when
// somebody asks for it, since a page that only sends needs none of it.
// Invariant: each host is told of every consumer and subscription that there is, and of what is held.

import { listOf } from "../../core/log/bodies.js";
import { seqsOf } from "../../core/log/ranges.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { ASKERS_PER_CLIENT_MAX, HOLDINGS_MESSAGES_MAX, WATCHERS_PER_CLIENT_MAX } from "../../core/spec/limits.js";
import { MINOR_HOLDERS, MINOR_INSPECT, MINOR_MEASURES, MINOR_SINGLE_ACTIVE } from "../../core/spec/version.js";
import type { QueueStats } from "../../core/view/view.js";
import type { HandOut, HostRequest } from "../../link/rpc/wire.js";
import type { QueueClient } from "../queue/queue-client.js";
import { createHoldings, GIVE_BACK } from "../receiving/holding.js";
import { createRequests, type Requests } from "../requests/requests.js";
import type { Client } from "./client.js";

/** After so long a host that has refused a consumer is told of it again. */
const AGAIN_MS = 1_000;

/** It is refused for good; with `internal` where the host cannot hand out anything of the queue. */
const FINAL: ReadonlySet<QueueErrorCode> = new Set(["denied", "encrypted", "shredded", "internal"]);

/** Only a host of an earlier build hands out so much. */
const TOO_MUCH_HELD = new QueueError("lease-lost", "more deliveries are held than the next host can be told of");

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
  readonly sealed?: string;
  prefetch: number;
  onHandOut(handOut: HandOut): void;
}

const receivers = new WeakMap<Client, QueueClient>();

/** What queues stand on: one for a client. */
export function receiverOf(client: Client): QueueClient {
  const receiver = receivers.get(client) ?? createReceiver(client);
  receivers.set(client, receiver);
  return receiver;
}

function createReceiver(client: Client): QueueClient {
  const { runtime, pipeline } = client;
  const consumers = new Map<string, Registered>();
  const watches = new Map<string, Watch>();
  const holdings = createHoldings(pipeline, runtime);
  let requests: Requests | undefined;
  let isHidden = false;

  const deliver = (consumer: string, handOut: HandOut) => {
    const registered = consumers.get(consumer);
    if (registered) {
      registered.onHandOut(handOut);
      return holdings.assign(handOut.grant, consumer);
    }
    // It stopped while this was on its way.
    const { grant: grantId, seqs, bodies } = handOut;
    for (const seq of seqsOf(seqs, listOf(bodies).entries.length))
      pipeline.settle({ grantId, seq, verdict: GIVE_BACK, onOver: () => {} });
  };

  /**
   * Says it to the host that is there, and to no other: the next one is told how things are then. Resolves when it has
   * heard, or is gone.
   */
  const say = async (request: HostRequest): Promise<void> => {
    await client.link?.call(request).catch(() => {});
  };

  /** Says it to the host that is there, and `again` a little later to one that has no room at the moment. */
  const insist = (request: HostRequest, { onRefused }: Ending, again: () => void) => {
    const { link } = client;
    link?.call(request).catch((error) => {
      if (error instanceof QueueError && FINAL.has(error.code)) return onRefused(error);
      runtime.setTimer(() => {
        if (client.link === link) again();
      }, AGAIN_MS);
    });
  };

  /** Tells the host, if there is one, of a consumer, with no more than it understands. */
  const announce = (consumer: string, registered: Registered, grants: readonly string[] | undefined) => {
    if (!client.host) return;
    introduce();
    const { queue, prefetch, concurrency, singleActive, sealed } = registered;
    const { minor } = client;
    const known = {
      ...(minor >= MINOR_MEASURES && concurrency !== undefined && { concurrency }),
      ...(minor >= MINOR_HOLDERS && grants && { grants }),
      ...(minor >= MINOR_SINGLE_ACTIVE && singleActive && { singleActive }),
      ...(sealed !== undefined && { sealed }),
    };
    insist({ op: "consume", consumer, queue, prefetch, ...known }, registered, () => {
      if (consumers.get(consumer) === registered) announce(consumer, registered, grants);
    });
  };

  const startWatch = (waiter: string, watch: Watch) => {
    if (isHidden || client.minor < MINOR_MEASURES) return;
    const { queue, everyMs } = watch;
    insist({ op: "watch", waiter, queue, everyMs }, watch, () => {
      if (watches.get(waiter) === watch) startWatch(waiter, watch);
    });
  };
  const stopWatch = (waiter: string) => void say({ op: "cancel", waiter });

  /** So that an inspector can say who takes messages, once to each host. */
  let introducedTo: unknown;
  let { label } = client;
  const introduce = () => {
    const { link } = client;
    if (link === introducedTo || client.minor < MINOR_INSPECT) return;
    introducedTo = link;
    const context = globalThis.constructor?.name ?? "";
    void say({ op: "introduce", context, ...(label !== undefined && { label }) });
  };

  if (label !== undefined) introduce();
  client.join({
    serve(request) {
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
    },
    held: () => holdings.claim(HOLDINGS_MESSAGES_MAX, TOO_MUCH_HELD),
    onConnected() {
      if (label !== undefined) introduce();
      const holders = holdings.byConsumer();
      for (const [consumer, registered] of consumers) announce(consumer, registered, holders.get(consumer));
      for (const [waiter, watch] of watches) startWatch(waiter, watch);
    },
    onSuspended: (reason) => holdings.loseAll(reason),
    /** What nobody can see is not computed. */
    onHidden(hidden) {
      isHidden = hidden;
      for (const [waiter, watch] of watches) hidden ? stopWatch(waiter) : startWatch(waiter, watch);
    },
  });

  const self: QueueClient = {
    runtime,
    pipeline,
    holdings,
    notices: client.notices,
    get requests() {
      requests ??= createRequests(self, () => client.name);
      return requests;
    },
    get minor() {
      return client.minor;
    },
    over: client.over,
    losses: client.losses,
    connected: client.connected,
    ask: client.ask,
    listen: client.listen,
    registerConsumer(queue, limits, onHandOut, onRefused) {
      if (consumers.size >= ASKERS_PER_CLIENT_MAX) {
        throw new QueueError("full", `a connection has ${ASKERS_PER_CLIENT_MAX} consumers at most`);
      }
      const consumer = client.nextWaiter();
      const registered: Registered = { queue, ...limits, onHandOut, onRefused };
      consumers.set(consumer, registered);
      if (client.host) announce(consumer, registered, undefined);
      else client.wake();
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
      const waiter = client.nextWaiter();
      const watch: Watch = { queue, everyMs, onStats, onRefused };
      watches.set(waiter, watch);
      if (client.host) startWatch(waiter, watch);
      else client.wake();
      return () => {
        if (watches.delete(waiter)) stopWatch(waiter);
      };
    },
    setLabel(now) {
      label = now;
      introducedTo = undefined;
      if (client.host) introduce();
    },
    nextWaiter: client.nextWaiter,
    /** Of a call, which is asked again of the next host: so is this, behind it. */
    cancelWaiter: (waiter) => void client.tell({ op: "cancel", waiter }),
  };
  return self;
}
