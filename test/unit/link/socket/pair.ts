// Two sockets that are each other's ends, and a clock that is turned by hand.

import type { Frame } from "../../../../src/link/socket/frames.js";
import { type Line, type LineOptions, openLine, type Socket } from "../../../../src/link/socket/line.js";

export interface FakeSocket extends Socket {
  bufferedAmount: number;
  /** The other end, as who stands between them sees it. */
  deliver(data: unknown): void;
  readonly sent: Frame[];
  readonly texts: string[];
  readonly closedWith: (number | undefined)[];
  /** Nothing arrives any more, and nobody says so. */
  isDeaf: boolean;
  /** Its end is not told: the other side does not answer. */
  isSilent: boolean;
  /** Nobody listens any more, as if whoever did had never been. */
  forget(): void;
}

function createSocket(other: () => FakeSocket): FakeSocket {
  const listeners: [type: string, listener: (event: { readonly data?: unknown }) => void][] = [];
  let isClosed = false;
  const tell = (type: string, event: { readonly data?: unknown }) => {
    for (const [heard, listener] of listeners) if (heard === type) listener(event);
  };
  const socket: FakeSocket = {
    binaryType: "blob",
    bufferedAmount: 0,
    sent: [],
    texts: [],
    closedWith: [],
    isDeaf: false,
    isSilent: false,
    forget: () => void listeners.splice(0),
    deliver(data) {
      if (!socket.isDeaf && !isClosed) tell("message", { data });
    },
    send(data) {
      if (isClosed) throw new Error("closed");
      if (typeof data === "string") socket.texts.push(data);
      else socket.sent.push(data);
      queueMicrotask(() => other().deliver(typeof data === "string" ? data : data.slice().buffer));
    },
    close(code) {
      if (isClosed) return;
      isClosed = true;
      socket.closedWith.push(code);
      queueMicrotask(() => {
        if (!socket.isSilent) tell("close", {});
        if (!other().isDeaf) other().close();
      });
    },
    addEventListener: (type, listener) => void listeners.push([type, listener]),
  };
  return socket;
}

export function socketPair(): readonly [FakeSocket, FakeSocket] {
  const one: FakeSocket = createSocket(() => another);
  const another: FakeSocket = createSocket(() => one);
  return [one, another];
}

export function createClock() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    setTimer(callback: () => void, ms: number) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    /** In steps, between which messages arrive. */
    async pass(ms: number) {
      for (const end = now + ms; now < end; ) {
        now += 100;
        for (const timer of [...timers]) {
          if (timer.at > now) continue;
          timers.delete(timer);
          timer.callback();
        }
        await settle();
      }
    },
    get now() {
      return now;
    },
    get count() {
      return timers.size;
    },
  };
}

export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

export interface Linked {
  readonly server: Line;
  readonly client: Line;
  readonly sockets: { readonly server: FakeSocket; readonly client: FakeSocket };
  readonly clock: ReturnType<typeof createClock>;
  /** What has arrived at the server's port: messages, or "messageerror". */
  readonly atServer: unknown[];
  readonly atClient: unknown[];
}

export function openLines(options: Partial<LineOptions> = {}): Linked {
  const [server, client] = socketPair();
  const clock = createClock();
  const listen = (line: Line) => {
    const arrived: unknown[] = [];
    line.port.addEventListener("message", ({ data }) => arrived.push(data));
    line.port.addEventListener("messageerror", () => arrived.push("messageerror"));
    return arrived;
  };
  const serverLine = openLine(server, { setTimer: clock.setTimer, pings: true, ...options });
  const clientLine = openLine(client, { setTimer: clock.setTimer, pings: false, ...options });
  return {
    server: serverLine,
    client: clientLine,
    sockets: { server, client },
    clock,
    atServer: listen(serverLine),
    atClient: listen(clientLine),
  };
}
