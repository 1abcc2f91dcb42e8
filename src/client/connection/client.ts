// One client of one database: the link to its host, and the way of its commands. What it is pushed and holds joins it when
// it is needed (receiver.ts). Many queues share it. Invariant: it survives its host; what it was told to do is done once.

import type { Held } from "../../core/commands/commands.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import type { Asking, Channel } from "../../link/finding/directory.js";
import type { Port } from "../../link/rpc/guard.js";
import type { Link } from "../../link/rpc/link.js";
import type { DataLoss } from "../../link/rpc/views.js";
import type { ClientRequest, HeldReply, HostKind, HostRequest, Welcome } from "../../link/rpc/wire.js";
import { createHostLink, type OpenPort } from "../link/host-link.js";
import { createLossReader } from "../link/losses.js";
import { abortable, whenAborted } from "../runtime/abortable.js";
import { HOST_MS_MAX, type Runtime } from "../runtime/runtime.js";
import type { Blame } from "../sending/blame.js";
import { createGathering, type Gathering } from "../sending/gathering.js";
import { createPipeline, type Pipeline } from "../sending/pipeline.js";
import { createHappenings, type Happenings } from "./happenings.js";
import type { createPatience } from "./patience.js";
import { holdPresence, NOTHING_HELD, type Presence } from "./presence.js";

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
  /** What it calls itself. */
  readonly label?: string | undefined;
  /** How to ask other contexts for the host; missing where there are none. */
  readonly asking?: Asking | undefined;
  /** How long calls wait for a database that cannot be opened. */
  readonly openTimeoutMs?: number | undefined;
  /** Loads what is needed when it does not go as it usually does. */
  rest(): Promise<ClientRest>;
  /** A channel on which the host announces; `undefined` where there is none. */
  openNotices(): Channel | undefined;
  /** Gives up what was opened, once the client has ended. */
  onClosed?(): Promise<void>;
}

/** A client, for those who stand on it. */
export interface Client extends Omit<Happenings, "tell"> {
  readonly runtime: Runtime;
  readonly pipeline: Pipeline;
  /** What it calls itself, for inspectors. */
  readonly label: string | undefined;
  /** What its host knows it by. */
  readonly name: string;
  readonly host: { readonly kind: HostKind; readonly epoch: number } | undefined;
  /** The minor wire version of the host; 0 while there is none. */
  readonly minor: number;
  /** The link to the host, while there is one. */
  readonly link: Link<HostRequest> | undefined;
  /** Aborts with the reason once there will be no host any more. */
  readonly over: AbortSignal;
  /** There is one member at most. */
  join(member: Member): void;
  /** Starts connecting, if nobody has. */
  wake(): void;
  /** Resolves once a host has accepted this client; rejects with why none will. */
  connected(signal?: AbortSignal): Promise<void>;
  /** Asks what may be asked twice; `request` is made anew for each host that is asked. */
  ask<T>(request: HostRequest | (() => HostRequest), signal?: AbortSignal): Promise<T>;
  /** The same, for who does not care for the answer. */
  tell(request: HostRequest): Promise<unknown>;
  /** A name for a call that waits at the host, so that it can be cancelled. */
  nextWaiter(): string;
  /**
   * Resolves with `force` once `work` has; with true once no host is there that would take what it waits for, `force`: at
   * once, else after a while.
   */
  unlessAlone(work: Promise<unknown>, force?: boolean): Promise<boolean>;
  /** Sends what is still to be sent, `force`: only where there is a host, and ends this client. */
  close(options?: { readonly force?: boolean }): Promise<void>;
}

const OUTDATED: ReadonlySet<QueueErrorCode> = new Set(["protocol-mismatch", "format-too-new"]);

/** What stands on a client and hears of its hosts: its consumers, and what they hold. */
export interface Member {
  /** What the host says. What this answers crosses the link: never what a callback of the application gives back. */
  serve(request: Exclude<ClientRequest, { op: "losses" }>): HeldReply | undefined;
  /** What is held, told to each host that is met. */
  held(): readonly Held[];
  onConnected(): void;
  /** The page is put to sleep: what is held goes back. */
  onSuspended(reason: QueueError): void;
  onHidden(isHidden: boolean): void;
}

/** What is loaded later. */
export interface ClientRest extends Blame {
  readonly createPatience: typeof createPatience;
}

/** What a client that goes on where another has begun takes over from it. */
export interface Begun {
  readonly client: string;
  readonly gathering: Gathering;
  readonly presence: Presence | undefined;
  readonly happenings: Happenings | undefined;
  /** Of the host that it was connected to last. */
  readonly welcome: Welcome | undefined;
  /** The port on which that host still is. */
  readonly port: Port | undefined;
}

export function createClient(parts: ClientParts, begun?: Begun): Client {
  const { runtime } = parts;
  const client = begun?.client ?? runtime.uuid();
  let member: Member | undefined;
  let isHidden = false;
  let lastHost = begun?.welcome?.instance;
  const happenings = begun?.happenings ?? createHappenings(parts.openNotices);
  const { notices, tell: tellAll } = happenings;
  const losses = createLossReader();
  if (begun?.welcome) losses.news(begun.welcome);
  const over = new AbortController();
  let presence = begun?.presence;
  let lastId = 0;
  const gathering = begun?.gathering ?? createGathering(runtime);
  /** Questions that wait for a host, or for an answer. */
  const questions = new Set<AbortController>();

  const noteLosses = (news: readonly DataLoss[]): undefined => {
    for (const loss of news) tellAll({ type: "datalost", loss });
  };

  const tell = (request: HostRequest) =>
    hostLink.ask(request).catch(() => {
      // Closed meanwhile: whoever waits for the effect hears of that on their own call.
    });

  const hostLink = createHostLink({
    client,
    runtime,
    ...(begun?.port && begun.welcome && { begun: { port: begun.port, welcome: begun.welcome } }),
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
    patience: async () => (await parts.rest()).createPatience({ ...parts, ...gathering, questions }),
    serve(request) {
      if (request.op === "losses") return noteLosses(losses.found(request));
      return member ? member.serve(request) : request.op === "held" ? NOTHING_HELD : undefined;
    },
    held: () => member?.held() ?? [],
    onConnected(welcome) {
      member?.onConnected();
      pipeline.reconnected(welcome);
      const isAnother = lastHost !== undefined && lastHost !== welcome.instance;
      lastHost = welcome.instance;
      if (welcome !== begun?.welcome) tellAll({ type: "connected", isAnother });
      noteLosses(losses.news(welcome));
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
  const pipeline = createPipeline(hostLink, runtime, parts.presenceLock(""), gathering, parts.rest);

  /**
   * Deliveries, locks and the channel go; what was called and not answered stays, and is sent again after. What is called
   * from now on is posted at once, and not heard of before the page wakes.
   */
  const suspend = () => {
    pipeline.flushAll();
    hostLink.suspend();
    member?.onSuspended(
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
  const setHidden = (hidden: boolean) => {
    if (hidden === isHidden) return;
    isHidden = hidden;
    // Where pages are closed without a word, this is the last that they hear.
    if (hidden) pipeline.hurry();
    else hostLink.hurry();
    member?.onHidden(hidden);
  };
  const stopListening = parts.lifecycle?.listen({ suspend, resume, setHidden });

  /** Sends what is still to be sent, to the next host if need be, but does not wait for one for ever. */
  const takeLeave = async (reason: QueueError) => {
    const late = new AbortController();
    const cancelTimer = runtime.setTimer(() => late.abort(reason), HOST_MS_MAX);
    try {
      await abortable(abortable(pipeline.drained(), late.signal), over.signal);
      if (hostLink.welcome) await abortable(tell({ op: "goodbye" }), late.signal);
    } catch {
      // No host in time, or none any more: what was not sent hears of it.
    } finally {
      cancelTimer();
    }
  };

  /** Ends the call with the signal, or where it waits for too long. */
  const inTime = async <T>(signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    const question = new AbortController();
    const forget = whenAborted(signal, () => question.abort(signal?.reason));
    questions.add(question);
    try {
      return await call(question.signal);
    } finally {
      forget();
      questions.delete(question);
    }
  };

  return {
    runtime,
    pipeline,
    notices,
    losses: happenings.losses,
    listen: happenings.listen,
    label: parts.label,
    get name() {
      return hostLink.welcome?.client ?? client;
    },
    get host() {
      const { welcome } = hostLink;
      return welcome && { kind: welcome.kind, epoch: welcome.epoch };
    },
    get minor() {
      return hostLink.welcome?.minor ?? 0;
    },
    get link() {
      return hostLink.link;
    },
    over: over.signal,
    join(joining) {
      member = joining;
      member.onHidden(isHidden);
    },
    wake: hostLink.wake,
    async connected(signal) {
      await inTime(signal, hostLink.connected);
    },
    ask: (request, signal) => inTime(signal, (ended) => hostLink.ask(request, ended)),
    tell,
    nextWaiter: () => `${client}/${++lastId}`,
    unlessAlone(work, force = false) {
      let cancelTimer = () => {};
      const alone = new Promise<boolean>((resolve) => {
        const look = (wasAlone: boolean) => {
          if (wasAlone && !hostLink.welcome) return resolve(true);
          cancelTimer = runtime.setTimer(look.bind(null, !hostLink.welcome), HOST_MS_MAX);
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
      await parts.onClosed?.();
    },
  };
}
