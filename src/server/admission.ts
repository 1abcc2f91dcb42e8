// Who comes in over the network, and with what rights. The same for every runtime: what is asked is the server's part.
// Invariant: nobody is served before `authorize` has answered; whoever is refused hears why, and nothing of what there is.

import { QueueError } from "../core/spec/errors.js";
import { SOCKET_MESSAGE_BYTES_MAX } from "../core/spec/limits.js";
import { type Access, accessOf, createGuard, type Grant } from "../host/clients/access.js";
import type { Guest } from "../host/clients/clients.js";
import { answerGreeting } from "../link/socket/greeting.js";
import { type Line, type LineOptions, openLine, type Socket } from "../link/socket/line.js";
import type { Database } from "./databases.js";

/** Who asks to be let in. */
export interface AuthorizeRequest {
  readonly database: string;
  /** What the client's `token` gave; missing where it has none. */
  readonly token: string | undefined;
  /** Of the page that asks, as its browser says; missing from what is no browser. */
  readonly origin: string | undefined;
  /** Of the HTTP request that opened the socket, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when whoever asks is gone. */
  readonly signal: AbortSignal;
}

/** What the client may do; `undefined` or `null` lets nobody in. What it throws does neither, and is reported. */
export type Authorize = (request: AuthorizeRequest) => Grant | null | undefined | Promise<Grant | null | undefined>;

export interface AdmissionOptions extends Pick<LineOptions, "setTimer" | "messageBytesMax" | "bufferedBytesMax"> {
  readonly authorize: Authorize;
  openDatabase(name: string): Promise<Database>;
  /** Of an error that is nobody's answer. */
  report(error: unknown): void;
  /** What this server does not say it is asked for: it may sleep. */
  readonly sleeps?: boolean | undefined;
  /** The client was let in with this. */
  onAdmitted?(grant: Grant, guest: Guest): void;
  onEnded?(): void;
}

export type Asker = Omit<AuthorizeRequest, "token" | "signal">;

/** A socket that says nothing, or whose `authorize` takes longer, is closed. */
const GREETING_MS_MAX = 10_000;

/** Serves a client on a socket that is open. */
export function admit(socket: Socket, asker: Asker, options: AdmissionOptions): Line {
  const { setTimer, authorize, openDatabase, report, sleeps, messageBytesMax = SOCKET_MESSAGE_BYTES_MAX } = options;
  const gone = new AbortController();
  let stopHearing = () => {};
  const line = openLine(socket, {
    pings: true,
    setTimer,
    messageBytesMax,
    bufferedBytesMax: options.bufferedBytesMax,
    onEnded() {
      gone.abort();
      cancelTimer();
      stopHearing();
      options.onEnded?.();
    },
  });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);

  const accessFor = async (token: string | undefined): Promise<{ readonly grant: Grant; readonly access: Access }> => {
    let admitted: { readonly grant: Grant; readonly access: Access } | undefined;
    try {
      const grant = await authorize({ ...asker, token, signal: gone.signal });
      admitted = grant ? { grant, access: accessOf(grant) } : undefined;
    } catch (error) {
      report(error);
      throw new QueueError("internal", "the server could not find out what this client may do");
    }
    // One that has expired already would be let in and put out without end.
    if (admitted && !isExpired(admitted.access)) return admitted;
    throw new QueueError("denied", "the server lets nobody in with this token");
  };
  /** Where it lies, and who else has it open, is not for everybody. */
  const databaseFor = async (name: string): Promise<Database> => {
    try {
      return await openDatabase(name);
    } catch (error) {
      if (error instanceof QueueError && error.code === "invalid-argument") throw error;
      report(error);
      throw new QueueError("host-lost", "the server cannot open this database now");
    }
  };
  answerGreeting(line.port, { messageBytesMax, ...(sleeps && { sleeps }) }, async (token) => {
    const { grant, access } = await accessFor(token);
    const database = await databaseFor(asker.database);
    if (gone.signal.aborted) return;
    cancelTimer();
    stopHearing = database.hear({ access, announce: line.announce });
    options.onAdmitted?.(grant, database.host.connect(line.port, createGuard(access)));
  });
  return line;
}

const isExpired = ({ expiresAt = Number.POSITIVE_INFINITY }: Pick<Access, "expiresAt">): boolean =>
  expiresAt <= Date.now();

/** A client that was let in on its socket before anybody here can remember. It hears announcements, and rests. */
export interface Readmitted {
  readonly line: Line;
  hear(database: Database): void;
  /** Has it begin again, and serves it. */
  serve(database: Database): Guest;
}

/** Takes up a socket with the grant that was given for it; `undefined` where that has expired, and the socket is closed. */
export function readmit(
  socket: Socket,
  grant: Grant,
  options: Pick<AdmissionOptions, "setTimer" | "messageBytesMax" | "bufferedBytesMax" | "onEnded">,
): Readmitted | undefined {
  const access = accessOf(grant);
  let stopHearing = () => {};
  const line = openLine(socket, {
    ...options,
    pings: true,
    isRestored: true,
    onEnded() {
      stopHearing();
      options.onEnded?.();
    },
  });
  if (isExpired(access)) {
    line.close();
    return undefined;
  }
  return {
    line,
    hear(database) {
      stopHearing();
      stopHearing = database.hear({ access, announce: line.announce });
    },
    serve(database) {
      const guest = database.host.connect(line.port, createGuard(access));
      line.beginAgain();
      return guest;
    },
  };
}

/** Tells who is on the socket why it is not let in. */
export function refuse(socket: Socket, refusal: QueueError, setTimer: LineOptions["setTimer"]): Line {
  const line = openLine(socket, { pings: true, setTimer, onEnded: () => cancelTimer() });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);
  answerGreeting(line.port, { messageBytesMax: 0 }, () => Promise.reject(refusal));
  return line;
}
