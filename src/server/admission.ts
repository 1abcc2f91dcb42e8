// Who comes in over the network, and with what rights. The same for every runtime: what is asked is the server's part.
// Invariant: nobody is served before `authorize` has answered; whoever is refused hears why, and nothing of what there is.

import { QueueError } from "../core/spec/errors.js";
import { type Access, accessOf, createGuard, type Grant } from "../host/clients/access.js";
import { answerGreeting } from "../link/socket/greeting.js";
import { type LineOptions, openLine, type Socket } from "../link/socket/line.js";
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
  onEnded?(): void;
}

export type Asker = Omit<AuthorizeRequest, "token" | "signal">;

/** A socket that says nothing, or whose `authorize` takes longer, is closed. */
const GREETING_MS_MAX = 10_000;

/** Serves a client on a socket that is open. Returns what ends it. */
export function admit(socket: Socket, asker: Asker, options: AdmissionOptions): () => void {
  const { setTimer, authorize, openDatabase, report } = options;
  const gone = new AbortController();
  let stopHearing = () => {};
  const line = openLine(socket, {
    pings: true,
    setTimer,
    messageBytesMax: options.messageBytesMax,
    bufferedBytesMax: options.bufferedBytesMax,
    onEnded() {
      gone.abort();
      cancelTimer();
      stopHearing();
      options.onEnded?.();
    },
  });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);

  const accessFor = async (token: string | undefined): Promise<Access> => {
    let access: Access | undefined;
    try {
      const grant = await authorize({ ...asker, token, signal: gone.signal });
      access = grant ? accessOf(grant) : undefined;
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
  answerGreeting(line.port, async (token) => {
    const access = await accessFor(token);
    const database = await databaseFor(asker.database);
    if (gone.signal.aborted) return;
    cancelTimer();
    stopHearing = database.hear({ access, announce: line.announce });
    database.host.connect(line.port, createGuard(access));
  });
  return line.close;
}

/** Tells who is on the socket why it is not let in. */
export function refuse(socket: Socket, refusal: QueueError, setTimer: LineOptions["setTimer"]): void {
  const line = openLine(socket, { pings: true, setTimer, onEnded: () => cancelTimer() });
  const cancelTimer = setTimer(() => line.close(), GREETING_MS_MAX);
  answerGreeting(line.port, () => Promise.reject(refusal));
}
