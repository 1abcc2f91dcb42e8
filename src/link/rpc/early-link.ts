// The path from a client that begins to its host: what Comlink writes (docs/wire.md), as far as a client goes that asks, and
// is asked at most what it holds. Whoever needs more, or meets anything else, opens a link (link.ts), on another port.

import { QueueError } from "../../core/spec/errors.js";
import { errorOf } from "./error-of.js";
import { CLOSED, UNREADABLE } from "./frames.js";
import type { Port } from "./guard.js";
import type { HeldReply, HostRequest, Reply } from "./wire.js";

export interface EarlyLink {
  /** Rejects with the error the host answered, and with `host-lost` once the link has ended. */
  call<T>(request: HostRequest): Promise<T>;
  /** Posts at once, and hears of nothing. */
  post(request: HostRequest): void;
  /** Nothing is heard any more; what is posted still arrives. */
  retire(): void;
  /** Ends the link, and tells the host so. */
  close(): void;
  /** Aborts when the link has ended, or was retired. */
  readonly closed: AbortSignal;
  /** Stands for the call that has waited longest for its answer; `undefined` when none waits. */
  oldestCall(): object | undefined;
}

interface Call {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * `held`: what this client holds. `onLost`: it was closed from the other side, or something could not be read there or here, or was
 * said that is not for one who only asks.
 */
export function openEarlyLink(port: Port, held: HeldReply, onLost: () => void): EarlyLink {
  const calls = new Map<string, Call>();
  const closed = new AbortController();
  let lastId = 0;

  const post = (id: string, value: HostRequest) =>
    port.postMessage({ id, type: "APPLY", path: [], argumentList: [{ type: "RAW", value }] });

  const onMessage = ({ data }: MessageEvent) => {
    const { id, type, value, argumentList } = data ?? {};
    const isAskedForHeld = type === "APPLY" && argumentList?.[0]?.value?.op === "held";
    if (isAskedForHeld) port.postMessage({ id, type: "RAW", value: { ok: true, value: held } satisfies Reply });
    else if (["APPLY", CLOSED, UNREADABLE, "HANDLER"].includes(type)) onLost();
    const call = type === "RAW" && calls.get(id);
    if (!call) return;
    calls.delete(id);
    const reply = value as Reply;
    if (reply.ok) call.resolve(reply.value);
    else call.reject(errorOf(reply));
  };

  const retire = () => {
    const reason = new QueueError("host-lost", "the link has ended");
    closed.abort(reason);
    port.removeEventListener("message", onMessage);
    port.removeEventListener("messageerror", onLost);
    for (const { reject } of calls.values()) reject(reason);
    calls.clear();
  };

  port.addEventListener("message", onMessage);
  port.addEventListener("messageerror", onLost);
  return {
    call: <T>(request: HostRequest) =>
      new Promise<T>((resolve, reject) => {
        const id = `${++lastId}`;
        calls.set(id, { resolve: resolve as Call["resolve"], reject });
        post(id, request);
      }),
    post: (request) => post("", request),
    retire,
    close() {
      if (!closed.signal.aborted) retire();
      port.postMessage({ type: CLOSED });
      port.close?.();
    },
    closed: closed.signal,
    oldestCall: () => calls.values().next().value,
  };
}
