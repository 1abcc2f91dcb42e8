// One RPC path between a client and a host, the same on both sides. The only file that uses Comlink.
// Comlink alone never settles a call whose peer is dead, loses error classes, and keeps what it has wrapped: here every
// call ends, by its reply or by the link's closing, errors travel as data, and nothing of an ended link is left.

import { expose, type Remote, releaseProxy, wrap } from "comlink";
import { QueueError } from "../../core/spec/errors.js";
import { errorOf } from "./error-of.js";
import { failed } from "./failed.js";
import { CLOSED, UNREADABLE } from "./frames.js";
import { guardPort, type Port } from "./guard.js";
import type { Reply } from "./wire.js";

export interface LinkEvents<Incoming> {
  /** Answers the peer's requests. What it throws is answered as its error. */
  serve(request: Incoming): Promise<unknown> | unknown;
  /** A message was malformed or not allowed, and was refused. */
  onRefused?(): void;
  /** The peer could not read something that was posted here. */
  onPeerUnreadable?(): void;
  /** Something the peer posted could not be read here. */
  onUnreadable?(): void;
}

export interface Link<Outgoing> {
  /**
   * Asks the peer. Rejects with the error the peer answered, with the reason the link was closed with, or, when the
   * request cannot be cloned, with the `DataCloneError` itself; then the peer has seen nothing of it.
   */
  call<T>(request: Outgoing): Promise<T>;
  /** Ends the link; every call under way rejects with `reason`, and on the other side with `host-lost`. */
  close(reason: QueueError): void;
  /**
   * Ends the link on this side alone: every call under way rejects with `reason`, and nothing is heard any more. What is
   * posted by what is returned still arrives.
   */
  retire(reason: QueueError): OneWay<Outgoing>;
  /** Says nothing more, not even that the link is closed; what the peer still says is served, and not answered. */
  mute(): void;
  readonly closed: AbortSignal;
  /** It was closed because the page on the other side goes, and will hardly come back. */
  hasPeerLeft(): boolean;
  /** Stands for the call that has waited longest for its answer; `undefined` when none waits. */
  oldestCall(): object | undefined;
}

/** What is left of a link whose answers nobody hears. */
export interface OneWay<Outgoing> {
  /** Posts a request at once. Throws the `DataCloneError` when it cannot be cloned; then the peer has seen nothing of it. */
  post(request: Outgoing): void;
  close(): void;
}

export function openLink<Outgoing, Incoming>(port: Port, events: LinkEvents<Incoming>): Link<Outgoing> {
  const ended = new AbortController();
  /** Rejects each call under way. */
  const pending = new Set<(reason: unknown) => void>();
  let hasPeerLeft = false;
  const guarded = guardPort(port, {
    onRefused: () => events.onRefused?.(),
    onUnreadable() {
      guarded.post({ type: UNREADABLE });
      events.onUnreadable?.();
    },
    onFrame(frame, data) {
      if (frame === UNREADABLE) return events.onPeerUnreadable?.();
      hasPeerLeft = (data as { readonly isLeaving?: unknown }).isLeaving === true;
      end(new QueueError("host-lost", "the other side has closed the link"));
    },
  });

  const endHere = (reason: QueueError) => {
    ended.abort(reason);
    for (const reject of pending) reject(reason);
    pending.clear();
    guarded.release();
    // Comlink keeps the endpoint of each proxy for the proxy's finalizer, and the endpoint leads back to the proxy: neither
    // would ever be collected. What it posts on release is for an exposed object, and goes nowhere: the link is over.
    ask[releaseProxy]();
  };
  const end = (reason: QueueError) => {
    endHere(reason);
    port.close?.();
  };

  /** Settles as the peer's answer does, or rejects with the reason of the link's end, whichever is first. */
  const untilEnded = (request: Outgoing): Promise<Reply> =>
    new Promise((resolve, reject) => {
      if (ended.signal.aborted) return reject(ended.signal.reason);
      pending.add(reject);
      ask(request)
        .then(resolve, reject)
        .finally(() => pending.delete(reject));
    });

  const serve = async (request: Incoming): Promise<Reply> => {
    if (ended.signal.aborted) return failed(ended.signal.reason);
    try {
      return { ok: true, value: await events.serve(request) };
    } catch (error) {
      return failed(error);
    }
  };
  expose(serve, guarded.calls);
  const ask = wrap(guarded.answers) as Remote<unknown> & ((request: Outgoing) => Promise<Reply>);

  port.start?.();

  return {
    closed: ended.signal,
    hasPeerLeft: () => hasPeerLeft,
    oldestCall() {
      const [oldest] = pending;
      return oldest;
    },
    async call<T>(request: Outgoing): Promise<T> {
      const reply = await untilEnded(request);
      if (!reply.ok) throw errorOf(reply);
      return reply.value as T;
    },
    close(reason) {
      if (ended.signal.aborted) return;
      guarded.post({ type: CLOSED });
      end(reason);
    },
    retire(reason) {
      endHere(reason);
      return {
        // As Comlink writes a call.
        post: (value) => port.postMessage({ id: "", type: "APPLY", path: [], argumentList: [{ type: "RAW", value }] }),
        close() {
          port.postMessage({ type: CLOSED });
          port.close?.();
        },
      };
    },
    mute: guarded.mute,
  };
}
