// One client's end at the host: checks every request, says what it means, and pushes deliveries the other way.
// Invariant: nothing a client sends is acted on before it was validated, and before its hello was accepted.

import type { Held } from "../../core/commands/commands.js";
import { valuesOf } from "../../core/log/bodies.js";
import { QueueError } from "../../core/spec/errors.js";
import {
  MINOR_COLUMNS,
  MINOR_HOLDERS,
  MINOR_LAST_WORDS,
  MINOR_LOSSES,
  MINOR_PAGES,
  WIRE_MAJOR,
} from "../../core/spec/version.js";
import type { QueueStats } from "../../core/view/view.js";
import type { Port } from "../../link/rpc/guard.js";
import { openLink } from "../../link/rpc/link.js";
import { type CheckedRequest, type RequestAfterHello, validateHostRequest } from "../../link/rpc/validate.js";
import type { Page } from "../../link/rpc/views.js";
import type { ClientRequest, FoundMissing, HandOut, HeldReply, Welcome } from "../../link/rpc/wire.js";
import type { Owner } from "../delivery/askers.js";
import type { Guard } from "./access.js";

export interface Session {
  /** "" until its hello was accepted. */
  readonly client: string;
  /** Of one that came over a network: whom it belongs to, and how many consumers that one may have. */
  readonly owner: Owner | undefined;
  /** Says itself which of its consumers holds what. */
  readonly namesHolders: boolean;
  /** Is told of losses when they are found. */
  readonly hearsLosses: boolean;
  /** Its page goes: from now on it hears nothing, and is heard only when it submits. False where its build expects an end. */
  hearOut(): boolean;
  /** The hand-out as this client's build reads it. */
  readable(handOut: HandOut): HandOut;
  /** Reads a page as this client's build reads it: one that does not ask on gets all it asked for. */
  page<View>(read: (bytesMax?: number) => Promise<Page<View>>): Promise<Page<View> | readonly View[]>;
  push(consumer: string, handOut: HandOut): void;
  /** Resolves when the client has taken them. */
  pushStats(waiter: string, stats: QueueStats): Promise<void>;
  tellLost(lost: readonly Held[], reason: "timeout" | "lease-expired"): void;
  tellLosses(missing: FoundMissing): void;
  askHeld(): Promise<HeldReply>;
  /** Over a network: how often something came from it. */
  readonly heard: (() => number) | undefined;
  /** Hand-outs pushed and not yet confirmed to have arrived. */
  readonly unconfirmed: ReadonlySet<HandOut>;
  close(reason: QueueError): void;
}

export interface SessionEvents {
  hello(session: Session, held: readonly Held[]): Promise<Welcome>;
  request(session: Session, request: RequestAfterHello): Promise<unknown>;
  /** The client could not read something that was pushed: one of these. */
  onUnreadable(session: Session, pushed: Iterable<HandOut>): void;
  onRefused(): void;
  /** The link has ended, by either side; `hasLeft`: because the client's page goes. */
  onClosed(session: Session, hasLeft: boolean): void;
}

/** `guard`: what a client may do that does not belong to the host's own origin. */
export function openSession(port: Port, events: SessionEvents, guard?: Guard): Session {
  let minor = 0;
  let isLeaving = false;
  const unconfirmed = new Set<HandOut>();
  const link = openLink<ClientRequest, unknown>(port, {
    serve: (message) => serve(message),
    onRefused: events.onRefused,
    onPeerUnreadable: () => events.onUnreadable(session, unconfirmed),
  });

  // No accessors: an object that has some takes several times as much memory, and there is one a connection.
  const session: { -readonly [Name in keyof Session]: Session[Name] } = {
    client: "",
    namesHolders: false,
    hearsLosses: false,
    owner: guard && { name: guard.identity, consumersMax: guard.consumersMax },
    hearOut() {
      isLeaving = minor >= MINOR_LAST_WORDS;
      if (isLeaving) link.mute();
      return isLeaving;
    },
    unconfirmed,
    readable: (handOut) => (minor < MINOR_COLUMNS ? { ...handOut, bodies: valuesOf(handOut.bodies) } : handOut),
    page: async (read) => (minor < MINOR_PAGES ? (await read(Number.POSITIVE_INFINITY)).messages : read()),
    push(consumer, handOut) {
      unconfirmed.add(handOut);
      link
        .call({ op: "deliver", consumer, handOut })
        .catch((error) => {
          // What cannot be posted, or is too large, nobody has seen. A link that closes says nothing new here: presence or
          // the lease will tell what becomes of the messages.
          if (!(error instanceof QueueError) || error.code === "invalid-argument")
            events.onUnreadable(session, [handOut]);
        })
        .finally(() => unconfirmed.delete(handOut));
    },
    pushStats: (waiter, stats) => link.call({ op: "stats", waiter, stats }),
    tellLost(lost, reason) {
      link.call({ op: "lost", lost, reason }).catch(() => {});
    },
    tellLosses(missing) {
      link.call({ op: "losses", ...missing }).catch(() => {});
    },
    heard: port.heard,
    askHeld: () => link.call<HeldReply>({ op: "held" }),
    close: (reason) => link.close(reason),
  };

  const serve = (message: unknown): Promise<unknown> => {
    const request = check(message);
    if (isLeaving && request.op !== "submit") throw new QueueError("closed", "this client has left by this port");
    if (request.op !== "hello") {
      if (session.client === "") throw new QueueError("invalid-argument", "the first request must be a hello");
      return guard ? answerGuarded(request, guard) : events.request(session, request);
    }
    const [major] = request.wire;
    if (major !== WIRE_MAJOR) {
      const message = `the host speaks wire version ${WIRE_MAJOR}, the client ${major}: reload the older of the two`;
      throw new QueueError("protocol-mismatch", message, { detail: { host: WIRE_MAJOR, client: major } });
    }
    const name = guard ? guard.nameOf(request.client) : request.client;
    // Under each other name it would be here for ever, since only one ends with the port.
    if (session.client !== "" && session.client !== name)
      throw new QueueError("invalid-argument", "this port has another client");
    session.client = name;
    minor = request.wire[1];
    session.namesHolders = minor >= MINOR_HOLDERS;
    session.hearsLosses = minor >= MINOR_LOSSES;
    return guard ? greetGuarded(request.held) : events.hello(session, request.held);
  };

  const greetGuarded = async (held: readonly Held[]): Promise<Welcome> => ({
    ...(await events.hello(session, held)),
    client: session.client,
  });
  const answerGuarded = async (request: RequestAfterHello, by: Guard) =>
    by.reveal(request, await events.request(session, by.admit(session.client, request)));

  const check = (message: unknown): CheckedRequest => {
    try {
      const request = validateHostRequest(message);
      if (request.op === "submit" && request.commands.some((command) => "refused" in command)) events.onRefused();
      return request;
    } catch (error) {
      events.onRefused();
      throw error;
    }
  };

  link.closed.addEventListener("abort", () => events.onClosed(session, link.hasPeerLeft()), { once: true });
  return session;
}
