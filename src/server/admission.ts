// Who comes in over the network, and with what rights. The same for every runtime: what is asked is the server's part.
// Invariant: nobody is served before `authorize` has answered; whoever is refused hears why, and nothing of what there is.

import { QueueError } from "../core/spec/errors.js";
import { GREETING_BYTES_MAX } from "../core/spec/limits.js";
import { type Access, accessOf, createGuard, type Grant } from "../host/clients/access.js";
import { answerGreeting } from "../link/socket/greeting.js";
import { type LineOptions, openLine, type Socket } from "../link/socket/line.js";
import type { Database } from "./databases.js";
import type { Limits } from "./limits.js";

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

export interface AdmissionOptions extends Pick<LineOptions, "setTimer"> {
  readonly limits: Limits;
  readonly authorize: Authorize;
  openDatabase(name: string): Promise<Database>;
  /** Of an error that is nobody's answer. */
  report(error: unknown): void;
  onEnded?(): void;
}

export type Asker = Omit<AuthorizeRequest, "token" | "signal">;

interface Asking {
  readonly asker: Asker;
  /** Aborts when it is gone. */
  readonly gone: AbortController;
}

/** A socket that says nothing, or whose `authorize` takes longer, is closed. */
const GREETING_MS_MAX = 10_000;

/** Serves a client on a socket that is open. Returns what ends it. */
export function admit(socket: Socket, about: Asker, options: AdmissionOptions): () => void {
  const { setTimer, authorize, openDatabase, report, limits } = options;
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
    onEnded() {
      asking?.gone.abort();
      cancelTimer();
      noLongerSilent();
      meter.end();
      stopHearing();
      options.onEnded?.();
    },
  });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);
  const noLongerSilent = limits.waitSilently(() => line.close());

  const accessFor = async ({ asker, gone }: Asking, token: string | undefined): Promise<Access> => {
    let access: Access | undefined;
    try {
      const grant = await authorize({ ...asker, token, signal: gone.signal });
      access = grant ? accessOf(grant) : undefined;
      if (access) limits.check(access);
    } catch (error) {
      report(error);
      throw new QueueError("internal", "the server could not find out what this client may do");
    }
    // One that has expired already would be let in and put out without end.
    if (access && (access.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now()) return access;
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
  answerGreeting(line.port, messageBytesMax, async (token) => {
    noLongerSilent();
    if (asking === undefined) return;
    const { asker, gone } = asking;
    meter.ask();
    const access = await accessFor(asking, token);
    const database = await databaseFor(asker.database);
    if (gone.signal.aborted) return;
    asking = undefined;
    const { host, hear } = database;
    const allowance = meter.join(asker.database, access, host.hasQueue);
    cancelTimer();
    line.take(messageBytesMax);
    stopHearing = hear({ access, announce: line.announce });
    host.connect(line.port, createGuard(access, allowance));
  });
  return () => line.close();
}

/** Tells who is on the socket why it is not let in. */
export function refuse(
  socket: Socket,
  refusal: QueueError,
  { setTimer, limits }: Pick<AdmissionOptions, "setTimer" | "limits">,
): void {
  const line = openLine(socket, {
    pings: true,
    setTimer,
    messageBytesMax: GREETING_BYTES_MAX,
    onEnded() {
      cancelTimer();
      noLongerSilent();
    },
  });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);
  const noLongerSilent = limits.waitSilently(() => line.close());
  answerGreeting(line.port, 0, () => Promise.reject(refusal));
}
