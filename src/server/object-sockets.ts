// The sockets of a Durable Object, which outlive it: what must be known of a client that the next life of the object finds
// connected is on its socket. Invariant: a socket is served by what is noted on it, or closed; its client then comes back by
// itself, as after any broken line.
//
//   found ──its client is to hear of something, or speaks──▶ told to begin again, served ──quiet──▶ noted ─ ─ ▶ found …

import type { Grant } from "../host/clients/access.js";
import type { Guest } from "../host/clients/clients.js";
import { type Frame, KIND } from "../link/socket/frames.js";
import type { Line, Socket } from "../link/socket/line.js";
import { type AdmissionOptions, type Readmitted, readmit } from "./admission.js";
import type { Database } from "./databases.js";

/** What is used of a WebSocket that the platform holds for the object. */
export interface AcceptedSocket {
  readonly bufferedAmount?: number;
  send(data: Frame | string): void;
  close(code?: number, reason?: string): void;
  serializeAttachment(noted: unknown): void;
  deserializeAttachment(): unknown;
}

/** On a socket. Without a grant its client was not let in, or with more than a socket holds (16,384 bytes). */
interface Noted {
  readonly database: string;
  readonly grant?: Grant;
  /** Deliveries, when the object came to rest. */
  readonly holds?: boolean;
  /** For something to hear of. */
  readonly waits?: boolean;
  /** To announcements. */
  readonly listens?: boolean;
}

interface Known {
  readonly line?: Line | undefined;
  /** Found, and not served yet. */
  found?: Readmitted | undefined;
  guest?: Guest | undefined;
  noted: Noted;
  dispatch(type: "message" | "close", event: SocketEvent): void;
}

interface SocketEvent {
  readonly data?: unknown;
  readonly code?: number | undefined;
}

type Admitted = Pick<AdmissionOptions, "onAdmitted" | "onEnded">;

export interface ObjectSockets {
  /** One that was accepted just now. `open` answers on it. */
  add(accepted: AcceptedSocket, database: string, open: (socket: Socket, events: Admitted) => Line | undefined): void;
  /** Whether somebody says something, and does not only answer that it is there. */
  isWord(data: unknown): boolean;
  /** True: it has to be served first. */
  hear(accepted: AcceptedSocket, data: unknown): boolean;
  serve(accepted: AcceptedSocket, database: Database): void;
  /** It cannot be served now: its client comes again. */
  lose(accepted: AcceptedSocket): void;
  /** The host is there: those that were found hear of it, and are served if they wait for it. */
  opened(database: Database): void;
  /** It was closed by its client. */
  end(accepted: AcceptedSocket, code?: number): { readonly wasServed: boolean; readonly holds: boolean };
  /** False: one of them owes a sign of life. */
  readonly areHeard: boolean;
  rest(): void;
  wake(): void;
}

export interface ObjectSocketsParts {
  /** For the heartbeats, which end when the object rests. */
  readonly lineTimer: AdmissionOptions["setTimer"];
  /** For what has its time. */
  readonly setTimer: AdmissionOptions["setTimer"];
  readonly limits: AdmissionOptions["limits"];
  /** Those that outlived the object. */
  readonly known: readonly AcceptedSocket[];
}

export function createObjectSockets({
  lineTimer,
  setTimer,
  limits,
  known: survivors,
}: ObjectSocketsParts): ObjectSockets {
  const known = new Map<AcceptedSocket, Known>();

  const note = (accepted: AcceptedSocket, noted: Noted) => {
    try {
      accepted.serializeAttachment(noted);
    } catch {
      // More than a socket holds: the next life of the object asks for it again.
      accepted.serializeAttachment({ database: noted.database });
    }
  };

  const find = (accepted: AcceptedSocket) => {
    const noted = (accepted.deserializeAttachment() ?? { database: "" }) as Noted;
    const { socket, dispatch } = asSocket(accepted);
    let cancelTimer = () => {};
    const onEnded = () => {
      cancelTimer();
      known.delete(accepted);
    };
    const { grant, database, listens: hasListener = false } = noted;
    const found = grant && readmit(socket, grant, { setTimer: lineTimer, limits, database, hasListener, onEnded });
    if (grant && found === undefined) return;
    if (found && grant?.expiresAt !== undefined) cancelTimer = setTimer(found.line.close, grant.expiresAt - Date.now());
    known.set(accepted, { line: found?.line, found, noted, dispatch });
  };
  for (const accepted of survivors) find(accepted);

  const serve = (one: Known, database: Database) => {
    one.guest = one.found?.serve(database);
    one.found = undefined;
  };

  return {
    add(accepted, database, open) {
      const { socket, dispatch } = asSocket(accepted);
      const one: Known = { noted: { database }, dispatch };
      note(accepted, one.noted);
      const line = open(socket, {
        onAdmitted(grant, guest) {
          Object.assign(one, { guest, noted: { database, grant } });
          note(accepted, one.noted);
        },
        onEnded: () => known.delete(accepted),
      });
      known.set(accepted, Object.assign(one, { line }));
    },
    isWord,
    hear(accepted, data) {
      const one = known.get(accepted);
      // Nobody knows what it may do: its client asks to be let in again.
      if (one && one.line === undefined && isWord(data)) {
        known.delete(accepted);
        closeLost(accepted);
        return false;
      }
      one?.dispatch("message", { data });
      return one?.found !== undefined && isWord(data);
    },
    serve(accepted, database) {
      const one = known.get(accepted);
      if (one?.found) serve(one, database);
    },
    lose: (accepted) => known.get(accepted)?.line?.close("the database cannot be opened now"),
    opened(database) {
      for (const [accepted, one] of known) {
        const { found, noted } = one;
        if (found === undefined) {
          if (one.line === undefined) closeLost(accepted);
          continue;
        }
        found.hear(database);
        if ((noted.holds || noted.waits) && known.has(accepted)) serve(one, database);
      }
    },
    end(accepted, code) {
      const one = known.get(accepted);
      one?.dispatch("close", { code });
      known.delete(accepted);
      const wasServed = one !== undefined && one.found === undefined;
      return { wasServed, holds: one?.found !== undefined && one.noted.holds === true };
    },
    get areHeard() {
      return [...known.values()].every(({ line, found }) => found !== undefined || line?.isHeard() !== false);
    },
    rest() {
      for (const [accepted, one] of known) {
        one.line?.rest();
        const { noted, line, guest } = one;
        // One that was told to begin again, and has not yet, is as it was.
        const isKnown = guest?.hasSpoken() === true;
        const holds = isKnown ? guest.holds() : noted.holds === true;
        const waits = isKnown ? guest.waits() : noted.waits === true;
        const listens = line?.hasListener() ?? false;
        const isNoted = holds === !!noted.holds && waits === !!noted.waits && listens === !!noted.listens;
        if (isNoted) continue;
        one.noted = { ...noted, holds, waits, listens };
        note(accepted, one.noted);
      }
    },
    wake() {
      for (const { line, found } of known.values()) if (found === undefined) line?.wake();
    },
  };
}

const isWord = (data: unknown): boolean => !(data instanceof ArrayBuffer && BEATS.has(new Uint8Array(data)[0] ?? -1));
const BEATS: ReadonlySet<number> = new Set([KIND.ping, KIND.pong]);

/** RFC 6455 has this for a server that starts again. */
const closeLost = (accepted: AcceptedSocket) => {
  try {
    accepted.close(1012, "the server has started again");
  } catch {
    // It is closed.
  }
};

/** What the platform tells the object of, as events of the socket. */
function asSocket(accepted: AcceptedSocket): Pick<Known, "dispatch"> & { readonly socket: Socket } {
  const listeners = new Map<string, Parameters<Socket["addEventListener"]>[1][]>();
  return {
    dispatch(type, event) {
      for (const listener of listeners.get(type) ?? []) listener(event);
    },
    socket: {
      binaryType: "arraybuffer",
      get bufferedAmount() {
        return accepted.bufferedAmount ?? 0;
      },
      send: (data) => accepted.send(data),
      close: (code, reason) => accepted.close(code, reason),
      addEventListener(type, listener) {
        listeners.set(type, [...(listeners.get(type) ?? []), listener]);
      },
    },
  };
}
