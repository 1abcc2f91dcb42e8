// Keeps this client connected to the host, whoever that is now.
//
//   connecting ──hello accepted──▶ connected ──host's lock free, port failed──▶ connecting ─ ─ ▶ …
//       └──────────────────── refused for good, or closed ────────────────────▶ closed
//
// Invariants: a request under way when the host is lost is asked again of the next one, or ends; nothing hangs.

import type { Held } from "../../core/commands/commands.js";
import { isPassing, QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { MINOR_LAST_WORDS, WIRE_MAJOR, WIRE_MINOR } from "../../core/spec/version.js";
import type { Asking, OpenedPort } from "../../link/finding/directory.js";
import { onGone } from "../../link/finding/gone.js";
import { type Deferred, deferred } from "../../link/rpc/deferred.js";
import type { Port } from "../../link/rpc/guard.js";
import { type Link, type OneWay, openLink } from "../../link/rpc/link.js";
import type { ClientRequest, HeldReply, HostRequest, Welcome } from "../../link/rpc/wire.js";
import { abortable } from "../runtime/abortable.js";
import { HOST_MS_MAX, type Runtime } from "../runtime/runtime.js";
import { type Watchdog, watchHost } from "./watchdog.js";

/**
 * Opens a port to the host, wherever it is, once it listens there. `onPort` is called with a port on which a host may listen
 * later: what is said there reaches it then, if what this resolves with is that port and says so.
 */
export type OpenPort = (onPort: (port: Port) => void) => Promise<OpenedPort>;

export interface HostLinkParts {
  readonly client: string;
  readonly runtime: Runtime;
  /** A host that has accepted this client already, and where it is. */
  readonly begun?: { readonly port: Port; readonly welcome: Welcome };
  readonly openPort: OpenPort;
  /** Resolves when a port may be had at all; missing where that is always. */
  reachable?(): Promise<void>;
  readonly locks: LockManager | undefined;
  /** How to ask other contexts for the host; missing where there are none. */
  readonly asking: Asking | undefined;
  serve(request: ClientRequest): HeldReply | undefined;
  /** What this client holds, told to each host it meets. */
  held(): readonly Held[];
  onConnected(welcome: Welcome): void;
  /** The hello is said on this link, and not answered: whether anybody hears it is not known. */
  onGreeted?(link: Link<HostRequest>): void;
  /** The host is gone, or was left: the next one is looked for, or none while this page sleeps. */
  onDisconnected(): void;
  /** What to do while the database cannot be opened. */
  patience(): Promise<Patience>;
  /** There will be no host any more. */
  onEnded(reason: QueueError): void;
  /** The host could not read something that was posted to it. */
  onPeerUnreadable(): void;
}

export interface HostLink {
  /** Starts connecting, if nobody has. */
  wake(): void;
  /** Somebody looks: what it is waited for is tried at once. */
  hurry(): void;
  readonly welcome: Welcome | undefined;
  /** The link to the host, while there is one. */
  readonly link: Link<HostRequest> | undefined;
  /** The link to the host, once there is one. Rejects with why there will never be one, or the signal's reason. */
  connected(signal?: AbortSignal): Promise<Link<HostRequest>>;
  /** Asks a question that may be asked twice: again, made anew, when the host is lost before it answers. */
  ask<T>(request: HostRequest | (() => HostRequest), signal?: AbortSignal): Promise<T>;
  /** Lets the host go, and tells it so: what this client holds goes back. Nothing reconnects until `resume`. */
  suspend(): void;
  /** What still reaches the host of a client that is put to sleep: nothing is answered before it wakes. */
  readonly lastWords: LastWords | undefined;
  resume(): void;
  /** Ends the link. What is under way rejects with `reason`. */
  close(reason: QueueError): void;
}

export interface LastWords extends Pick<OneWay<HostRequest>, "post"> {
  /** The minor wire version of who hears them. */
  readonly minor: number;
}

/** What a client does while the database cannot be opened. */
export interface Patience {
  /** It cannot be opened. Resolves when it is to be tried again. */
  rest(trouble: QueueError): Promise<void>;
  /** A call was made: another try comes while it waits. */
  note(): void;
  /** Somebody looks, or nobody waits any more: it is tried at once. */
  hurry(): void;
  /** There is a host again. */
  end(): void;
}

/** No other host could decide differently. */
export const FINAL: ReadonlySet<QueueErrorCode> = new Set([
  "protocol-mismatch",
  "format-too-new",
  "unsupported",
  "invalid-argument",
  "storage-failed",
  "storage-lost",
  "denied",
]);
const RETRY_MS_MAX = 5_000;
const unheard = new QueueError("host-lost", "nobody heard what was said on this port");
/** How long to wait for a link to close whose host has said that it ends. */
const ENDING_MS = 100;

type Connected = { readonly link: Link<HostRequest>; readonly welcome: Welcome };

/** A hello that was said. */
interface Greeting {
  readonly port: Port;
  readonly link: Link<HostRequest>;
  readonly welcome: Promise<Welcome>;
}

export function createHostLink(parts: HostLinkParts): HostLink {
  let { begun } = parts;
  let current: Connected | undefined;
  let watchdog: Watchdog | undefined;
  let ended: QueueError | undefined;
  let connecting: Promise<Connected> | undefined;
  let hasConnected = false;
  /** Why the last attempt to connect has failed. */
  let trouble: unknown;
  /** Of a page that is put to sleep: what is left of its link. */
  let oneWay: (LastWords & OneWay<HostRequest>) | undefined;
  /** Resolved when the page wakes. */
  let suspension: Deferred<void> | undefined;
  /** Gives up the port that is being opened. */
  let interrupt = () => {};
  /** Tries again at once, in place of a little later. */
  let hurry = () => {};
  let patience: Patience | undefined;
  /** Aborted when an answer could not be read: any of the questions under way may be the one. */
  let unread = new AbortController();

  const lose = (link: Link<HostRequest>) => {
    if (current?.link !== link || ended) return;
    current = undefined;
    connecting = undefined;
    link.close(new QueueError("host-lost", "the host went away"));
    parts.onDisconnected();
    void wake();
  };

  const wake = (): Promise<Connected> => {
    if (connecting === undefined) {
      connecting = connect();
      // Whoever asks hears of it; nobody has to.
      connecting.catch(() => {});
    }
    patience?.note();
    return connecting;
  };

  const onUnreadable = () => {
    unread.abort(new QueueError("not-cloneable", "the answer holds a body that cannot be read in this context"));
    unread = new AbortController();
  };

  const open = async (): Promise<Connected> => {
    if (begun) {
      const { port, welcome } = begun;
      begun = undefined;
      return { link: linkOn(port), welcome };
    }
    const inTime = new AbortController();
    const giveUp = () => inTime.abort(new QueueError("host-lost", "the host did not answer"));
    const cancelTimer = parts.runtime.setTimer(giveUp, HOST_MS_MAX);
    const over = new AbortController();
    interrupt = giveUp;
    let early: Greeting | undefined;
    const opening = parts.openPort((port) => {
      early?.link.close(unheard);
      early = inTime.signal.aborted ? undefined : greet(port);
    });
    try {
      const { port, lock, isHeard } = await abortable(opening, inTime.signal);
      if (lock !== undefined && parts.locks) onGone(parts.locks, lock, over.signal, giveUp);
      const isHere = early?.port === port;
      if (!isHere) early?.link.close(unheard);
      else if (!isHeard) early?.link.retire(unheard);
      const { link, welcome } = (isHere && isHeard && early) || greet(port);
      try {
        return { link, welcome: await abortable(welcome, inTime.signal) };
      } catch (error) {
        link.close(new QueueError("host-lost", "the host did not accept this client"));
        throw error;
      }
    } catch (error) {
      early?.link.close(unheard);
      // It may still come, for nobody.
      opening.then(({ port }) => port.close?.()).catch(() => {});
      throw error;
    } finally {
      cancelTimer();
      over.abort();
    }
  };

  const linkOn = (port: Port) =>
    openLink<HostRequest, ClientRequest>(port, {
      serve: parts.serve,
      onPeerUnreadable: parts.onPeerUnreadable,
      onUnreadable,
    });

  const greet = (port: Port): Greeting => {
    const link = linkOn(port);
    const welcome = link.call<Welcome>(hello());
    welcome.catch(() => {});
    parts.onGreeted?.(link);
    return { port, link, welcome };
  };

  const hello = (): HostRequest => ({
    op: "hello",
    wire: [WIRE_MAJOR, WIRE_MINOR],
    client: parts.client,
    held: parts.held(),
  });

  const connect = async (): Promise<Connected> => {
    for (let attempt = 0; ; attempt++) {
      if (suspension) await suspension.promise;
      if (ended) throw ended;
      try {
        if (parts.reachable) {
          const { promise, resolve } = deferred();
          hurry = resolve;
          await Promise.race([parts.reachable(), promise]);
          if (ended) throw ended;
        }
        const connected = await open();
        if (suspension) {
          // Put to sleep meanwhile: the host must not push to a page that cannot take it.
          leave(connected);
          continue;
        }
        if (ended) {
          connected.link.close(ended);
          throw ended;
        }
        current = connected;
        hasConnected = true;
        patience?.end();
        watch(connected);
        parts.onConnected(connected.welcome);
        return connected;
      } catch (error) {
        if (ended) throw ended;
        trouble = error;
        if (!(error instanceof QueueError) || isFinal(error)) {
          const reason =
            error instanceof QueueError ? error : new QueueError("internal", String(error), { cause: error });
          ended = reason;
          parts.onEnded(reason);
          throw ended;
        }
        if (isPassing(error)) patience ??= await parts.patience().catch(() => undefined);
        if (ended) throw ended;
        await (isPassing(error) && patience ? patience.rest(error) : rest(attempt));
      }
    }
  };

  const rest = async (attempt: number) => {
    const { promise, resolve } = deferred();
    const cancelTimer = parts.runtime.setTimer(resolve, Math.min(RETRY_MS_MAX, 10 * 2 ** attempt));
    hurry = resolve;
    await promise;
    cancelTimer();
  };

  // What is final for a first connection may be a passing trouble for a later one: offline, a script does not load.
  const isFinal = (error: QueueError) =>
    FINAL.has(error.code) && !(hasConnected && error.code === "unsupported") && !isPassing(error);

  /** Nothing is posted to a page that sleeps: it would wake or be evicted. A host that says more than that gets no port. */
  const leave = ({ link, welcome: { minor = 0 } }: Connected) => {
    const reason = new QueueError("host-lost", "this page was put to sleep");
    link.call({ op: "suspend" }).catch(() => {});
    if (minor < MINOR_LAST_WORDS) return link.close(reason);
    oneWay = { ...link.retire(reason), minor };
  };
  const endLastWords = () => {
    oneWay?.close();
    oneWay = undefined;
  };

  /** The host holds its lock as long as it lives: getting it means that the host is gone. */
  const watch = ({ link, welcome }: Connected) => {
    link.closed.addEventListener("abort", () => lose(link), { once: true });
    const { asking, runtime } = parts;
    watchdog = asking && watchHost({ link, epoch: welcome.epoch, asking, runtime }, () => lose(link));
    if (welcome.lock === undefined || parts.locks === undefined) return;
    onGone(parts.locks, welcome.lock, link.closed, () => lose(link));
  };

  const endOf = async (link: Link<HostRequest>) => {
    const { promise, resolve } = deferred();
    const cancelTimer = parts.runtime.setTimer(resolve, ENDING_MS);
    await abortable(promise, link.closed).catch(() => {});
    cancelTimer();
  };

  const connected = async (signal?: AbortSignal): Promise<Link<HostRequest>> => {
    signal?.throwIfAborted();
    if (current) {
      watchdog?.note();
      return current.link;
    }
    if (ended) throw ended;
    try {
      return (await abortable(wake(), signal)).link;
    } catch (error) {
      // Who gives up is told of more than that.
      if (signal?.aborted && error instanceof Error && Object.isExtensible(error)) error.cause ??= trouble;
      throw error;
    }
  };

  return {
    wake: () => void wake(),
    hurry: () => patience?.hurry(),
    get welcome() {
      return current?.welcome;
    },
    get link() {
      if (current) watchdog?.note();
      return current?.link;
    },
    connected,
    async ask<T>(request: HostRequest | (() => HostRequest), signal?: AbortSignal): Promise<T> {
      for (;;) {
        const link = await connected(signal);
        const asked = typeof request === "function" ? request() : request;
        try {
          return await abortable(abortable(link.call<T>(asked), signal), unread.signal);
        } catch (error) {
          const isLost = error instanceof QueueError && error.code === "host-lost";
          if (!isLost || ended) throw ended ?? error;
          // A host that is ending says so on a link that is still open: the link's end, or a little time, comes first.
          if (!link.closed.aborted) await abortable(endOf(link), signal);
        }
      }
    },
    suspend() {
      if (suspension || ended) return;
      suspension = deferred();
      interrupt();
      const connected = current;
      if (connected === undefined) return;
      current = undefined;
      connecting = undefined;
      leave(connected);
      parts.onDisconnected();
    },
    get lastWords() {
      return oneWay;
    },
    resume() {
      endLastWords();
      const ending = suspension;
      suspension = undefined;
      ending?.resolve();
      patience?.hurry();
      if (hasConnected && !ended) void wake();
    },
    close(reason) {
      ended ??= reason;
      endLastWords();
      suspension?.resolve();
      interrupt();
      hurry();
      patience?.hurry();
      current?.link.close(ended);
      current = undefined;
    },
  };
}
