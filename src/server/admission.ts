// Who comes in over the network, and with what rights. The same for every runtime: what is asked is the server's part.
// Invariant: nobody is served before `authorize` has answered; whoever is refused hears why, and nothing of what there is.

import { QueueError } from "../core/spec/errors.js";
import { GREETING_BYTES_MAX } from "../core/spec/limits.js";
import { type Access, type Allowance, accessOf, createGuard, type Grant } from "../host/clients/access.js";
import type { Guest } from "../host/clients/clients.js";
import { answerGreeting } from "../link/socket/greeting.js";
import { type Line, type LineOptions, openLine, type Socket } from "../link/socket/line.js";
import type { Database } from "./databases.js";
import type { Limits } from "./limits.js";

/** Who asks to be let in. */
export interface AuthorizeRequest {
  /** Name of the database, the last part of the address. */
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

export interface AdmissionOptions extends Pick<LineOptions, "setTimer" | "keeper"> {
  readonly limits: Limits;
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

interface Asking {
  readonly asker: Asker;
  /** Aborts when it is gone. */
  readonly gone: AbortController;
}

interface Admitted {
  readonly grant: Grant;
  readonly access: Access;
}

/** A socket that says nothing, or whose `authorize` takes longer, is closed. */
const GREETING_MS_MAX = 10_000;

/** Serves a client on a socket that is open. */
export function admit(socket: Socket, about: Asker, options: AdmissionOptions): Line {
  const { setTimer, authorize, openDatabase, report, limits, sleeps } = options;
  const { messageBytesMax } = limits;
  /** What is known of the request is kept until it is let in. */
  let asking: Asking | undefined = { asker: about, gone: new AbortController() };
  const meter = limits.meter((reason) => line.close(reason));
  let stopHearing = () => {};
  const line = openLine(socket, {
    pings: true,
    setTimer,
    messageBytesMax: GREETING_BYTES_MAX,
    toll: meter,
    keeper: options.keeper,
    onEnded() {
      asking?.gone.abort();
      cancelTimer();
      stopWaiting();
      meter.end();
      stopHearing();
      options.onEnded?.();
    },
  });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);
  let stopWaiting = limits.waitSilently(() => line.close());

  const accessFor = async ({ asker, gone }: Asking, token: string | undefined): Promise<Admitted> => {
    let admitted: Admitted | undefined;
    try {
      const grant = await authorize({ ...asker, token, signal: gone.signal });
      admitted = grant ? { grant, access: accessOf(grant) } : undefined;
      if (admitted) limits.check(admitted.access);
    } catch (error) {
      report(error);
      throw new QueueError("internal", "the server could not find out what this client may do");
    }
    // One that has expired already would be let in and put out without end.
    if (admitted && !isExpired(admitted.access)) return admitted;
    throw new QueueError(
      "denied",
      admitted ? "what this token allowed has expired" : "the server lets nobody in with this token",
    );
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
    stopWaiting();
    if (asking === undefined) return;
    const { asker, gone } = asking;
    meter.ask();
    stopWaiting = limits.waitForGrant(() => line.close());
    const { grant, access } = await accessFor(asking, token);
    stopWaiting();
    meter.enter();
    const database = await databaseFor(asker.database);
    if (gone.signal.aborted) return;
    asking = undefined;
    const { host, hear } = database;
    const allowance = meter.join(asker.database, access, host.hasQueue);
    cancelTimer();
    line.take(messageBytesMax);
    stopHearing = hear({ access, announce: line.announce, listens: line.hasListener });
    const guest = host.connect(line.port, createGuard(access, allowance));
    options.onAdmitted?.(grant, guest);
  });
  return line;
}

const isExpired = ({ expiresAt = Number.POSITIVE_INFINITY }: Pick<Access, "expiresAt">): boolean =>
  expiresAt <= Date.now();

/** A client that was let in on its socket before anybody here can remember. It rests. */
export interface Readmitted {
  readonly line: Line;
  /** From now on it hears announcements, and counts. */
  hear(database: Database): void;
  /** Has one that hears begin again, and serves it. */
  serve(database: Database): Guest;
}

export interface ReadmissionOptions extends Pick<AdmissionOptions, "setTimer" | "limits" | "onEnded"> {
  readonly database: string;
  /** It listened to announcements. */
  readonly hasListener: boolean;
}

/**
 * Takes up a socket with the grant that was given for it; `undefined` where that has expired, or where there are too many,
 * and the socket is closed: its client comes again.
 */
export function readmit(socket: Socket, grant: Grant, options: ReadmissionOptions): Readmitted | undefined {
  const { setTimer, limits } = options;
  const access = accessOf(grant);
  const meter = limits.meter((reason) => line.close(reason));
  let allowance: Allowance | undefined;
  let stopHearing = () => {};
  const line = openLine(socket, {
    pings: true,
    isRestored: true,
    hasListener: options.hasListener,
    setTimer,
    messageBytesMax: limits.messageBytesMax,
    toll: meter,
    onEnded() {
      meter.end();
      stopHearing();
      options.onEnded?.();
    },
  });
  /** False: it is closed instead. */
  const isTaken = (take: () => void): boolean => {
    try {
      take();
      return true;
    } catch (error) {
      line.close(`${error}`);
      return false;
    }
  };
  if (isExpired(access)) line.close();
  if (line.isOver() || !isTaken(meter.enter)) return undefined;
  return {
    line,
    hear({ hear, host }) {
      stopHearing();
      const join = () => {
        allowance ??= meter.join(options.database, access, host.hasQueue);
      };
      if (isTaken(join)) stopHearing = hear({ access, announce: line.announce, listens: line.hasListener });
    },
    serve({ host }) {
      const guest = host.connect(line.port, createGuard(access, allowance));
      line.beginAgain();
      return guest;
    },
  };
}

/** Tells who is on the socket why it is not let in. */
export function refuse(
  socket: Socket,
  refusal: QueueError,
  { setTimer, limits, onEnded }: Pick<AdmissionOptions, "setTimer" | "limits" | "onEnded">,
): Line {
  const line = openLine(socket, {
    pings: true,
    setTimer,
    messageBytesMax: GREETING_BYTES_MAX,
    onEnded() {
      cancelTimer();
      noLongerSilent();
      onEnded?.();
    },
  });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);
  const noLongerSilent = limits.waitSilently(() => line.close());
  answerGreeting(line.port, { messageBytesMax: 0 }, () => Promise.reject(refusal));
  return line;
}
