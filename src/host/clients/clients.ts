// The clients of this host: those that have said hello on a port, and the ports on which nobody has yet.
//
//   port ──hello──▶ client ──suspend, its lock free──▶ heard out ──a while──▶ away ──hello on another port──▶ client …
//     └─silent too long─▶ closed    └──link ended──▶ away ──goodbye, 24 h unheard──▶ forgotten
//
// Invariant: what a client asked for ends with its session; what it holds ends by its word, its lock or its leases.

import type { Command, Held } from "../../core/commands/commands.js";
import type { Outcome } from "../../core/log/journal.js";
import { rangesOf, seqsOf } from "../../core/log/ranges.js";
import { QueueError } from "../../core/spec/errors.js";
import { LAST_WORDS_MS_MAX, REMEMBERED_CLIENTS_MAX, SILENT_PORT_MS_MAX } from "../../core/spec/limits.js";
import type { Instant } from "../../core/spec/time.js";
import type { State } from "../../core/state/state.js";
import type { Port } from "../../link/rpc/guard.js";
import { ownerOfReplies, replyQueueOf } from "../../link/rpc/names.js";
import type { RequestAfterHello } from "../../link/rpc/validate.js";
import type { ClientView } from "../../link/rpc/views.js";
import type { FoundMissing, HandOut, Welcome } from "../../link/rpc/wire.js";
import type { Delivery } from "../delivery/delivery.js";
import type { Platform } from "../engine/platform.js";
import type { Watchers } from "../report/watchers.js";
import { type Guard, identityOf } from "./access.js";
import type { KeptClient, LeaseKeeper } from "./lease-keeper.js";
import type { CreatePresence } from "./presence.js";
import { openSession, type Session, type SessionEvents } from "./session.js";

/** A client that has not been heard of for this long will not come back for its answers. */
const MEMORY_MS = 24 * 60 * 60 * 1000;
/** How often it is looked for those: after so long, or when there are so many more. */
const FORGET_EVERY_MS = 60 * 60 * 1000;
const FORGET_EVERY_CLIENTS = 5_000;

/** What a client says of itself, for inspectors. */
export interface Introduction {
  readonly context: string;
  readonly label: string | null;
}

/** Who is served on a port. */
export interface Guest {
  /** Its hello was accepted, now or before: until then nobody knows what it holds and waits for. */
  hasSpoken(): boolean;
  /** It holds deliveries. */
  holds(): boolean;
  /** It is to hear of something: it consumes, watches, or waits for an answer. */
  waits(): boolean;
}

export interface Clients {
  /** Serves who says hello on this port, as far as the guard lets it. */
  connect(port: Port, guard?: Guard): Guest;
  sessionOf(client: string): Session | undefined;
  /** It has lost its link a moment ago, and may come back to what it holds. */
  isAwaited(client: string): boolean;
  /** Somebody has, and may. */
  readonly awaits: boolean;
  /** Those connected. */
  readonly count: number;
  /** Theirs, and those on which nobody has said hello. */
  readonly ports: number;
  /** Those connected, with what each has said of itself. */
  introduced(): Iterable<readonly [client: string, introduction: Introduction | undefined]>;
  /** Notes what a client says of itself, for as long as it is connected. */
  introduce(client: string, introduction: Introduction): void;
  /** Each of them, and what it holds. */
  views(): ClientView[];
  /** Messages on ports that were malformed or not allowed. */
  readonly refusedMessages: number;
  /** Its page is put to sleep: what it holds goes back. */
  suspend(client: string): void;
  /** Resolves when it is forgotten. */
  goodbye(client: string): Promise<void>;
  /** Looks after clients of the host before this one: those that live come back, the locks of the others are free. */
  adopt(): void;
  /** Forgets those that will not come back, when it is time to look for them. */
  forgetOld(): void;
  /** Tells who was taken in, or is about to be. */
  tellLosses(missing: FoundMissing): void;
  close(reason: QueueError): void;
}

export interface ClientsParts {
  state(): State;
  readonly platform: Platform;
  readonly createPresence: CreatePresence;
  /** So many ports may have nobody who has said hello. */
  readonly silentPortsMax: number;
  decide(command: Command, onDecided?: (outcome: Outcome) => void): void;
  readonly delivery: Pick<Delivery, "forget" | "endTaking" | "reclaimedBlindly" | "isAsked">;
  readonly watchers: Pick<Watchers, "removeAll" | "hasAny">;
  readonly keeper: Pick<LeaseKeeper, "renew" | "ask" | "forget">;
  /** Resolves when it is known what was gone before there was this host. */
  readonly looked: Promise<void>;
  /** What a client is told once it was taken in. */
  welcome(client: string): Welcome;
  request(session: Session, asked: RequestAfterHello): Promise<unknown>;
}

export function createClients(parts: ClientsParts): Clients {
  const { state, platform, decide, delivery, watchers, keeper } = parts;
  const sessions = new Map<string, Session>();
  /** With what ends the waiting for a hello, or for last words; the longest silent first. */
  const silent = new Map<Session, () => void>();
  /** What ends the waiting for the end of its grant. */
  const expiries = new WeakMap<Session, () => void>();
  /** In which order their ports came. */
  const places = new WeakMap<Session, number>();
  const introductions = new WeakMap<Session, Introduction>();
  let ports = 0;
  let refusedMessages = 0;
  let lookedAt = platform.now();
  /** Clients that were remembered then. */
  let remembered = 0;

  const placeOf = (session: Session | undefined) => (session && places.get(session)) ?? 0;
  const isOurs = (session: Session) => sessions.get(session.client) === session;

  /** What it asked for is over. Returns the session that it had. */
  const dismiss = (client: string): Session | undefined => {
    const session = sessions.get(client);
    if (session === undefined) return;
    sessions.delete(client);
    keeper.forget(client);
    delivery.forget(client);
    watchers.removeAll(client);
    return session;
  };
  /** Why, nobody hears: the other side is told that the link is closed, and no more. */
  const closeGone = (session: Session | undefined) => session?.close(new QueueError("closed", "the client is gone"));
  const end = (client: string) => closeGone(dismiss(client));

  /** Its page goes, and has posted what may not be here yet: neither its lock nor its word waits for that. */
  const hearOut = (client: string) => {
    const session = dismiss(client);
    if (session?.hearOut()) awaitWord(session, LAST_WORDS_MS_MAX);
    else closeGone(session);
  };

  /** Nobody will read the answers that this client waited for. */
  const forgetReplies = (client: string) => decide({ type: "delete", queue: replyQueueOf(client) });

  const presence = parts.createPresence((client) => {
    hearOut(client);
    decide({ type: "client-gone", client });
    forgetReplies(client);
  });

  const closeSilent = (session: Session) => {
    if (!silent.has(session)) return;
    noLongerSilent(session);
    closeGone(session);
  };
  const awaitWord = (session: Session, ms: number) => {
    const cancel = platform.setTimer(() => closeSilent(session), ms);
    silent.set(session, cancel);
    for (const longest of silent.keys()) {
      if (silent.size <= parts.silentPortsMax) break;
      closeSilent(longest);
    }
  };
  /** Its right ends: it may come again with another one. */
  const endAt = (session: Session, at: Instant) => {
    const expire = () => {
      if (platform.now() < at) return endAt(session, at);
      closeGone(session);
    };
    expiries.set(session, platform.setTimer(expire, at - platform.now()));
  };
  const noLongerSilent = (session: Session) => {
    silent.get(session)?.();
    silent.delete(session);
  };

  const hello = (session: Session, held: readonly Held[]): Promise<Welcome> => {
    const { client } = session;
    // What was long under way, and says what it held then: the client has given this port up for a newer one.
    if (placeOf(sessions.get(client)) > placeOf(session))
      throw new QueueError("closed", "this client is on a newer port");
    noLongerSilent(session);
    // The same client on a new port: what waits on the old one waits for nobody.
    if (!isOurs(session)) end(client);
    sessions.set(client, session);
    presence.watch(client, true);
    return new Promise((resolve, reject) => {
      decide({ type: "reclaim", client, held }, (outcome) => {
        // One refused commit says nothing final: the client tries again.
        if (!outcome.ok) return reject(new QueueError("host-lost", `the host could not take in: ${outcome.message}`));
        if (!session.namesHolders) delivery.reclaimedBlindly(client);
        // Asked at once: its handlers may have been running for long under the host before this one.
        const isKept = [...(state().clients.get(client)?.grants ?? [])].some((grant) => grant.mode === "consume");
        if (isKept) keeper.ask(keptOf(session));
        tellWhatEnded(session, held);
        const welcome = () => parts.welcome(client);
        // One of an earlier build hears of it now or never.
        resolve(session.hearsLosses ? welcome() : parts.looked.then(welcome));
      });
      // In the same turn, before which a lease may end that nobody could renew.
      keeper.renew(client, held);
    });
  };

  /** Leases that ended while the client had no host: its handlers still run. */
  const tellWhatEnded = (session: Session, held: readonly Held[]) => {
    const ended = held.flatMap(({ grant, seqs }) => {
      const leases = state().grants.get(grant)?.leases;
      const gone = seqsOf(seqs).filter((seq) => !leases?.has(seq));
      return gone.length > 0 ? [{ grant, seqs: rangesOf(gone) }] : [];
    });
    if (ended.length > 0) session.tellLost(ended, "lease-expired");
  };

  /** A context that cannot read a stored body gets each message alone, and a message it cannot read alone dies. */
  const onUnreadable = ({ client }: Session, pushed: Iterable<HandOut>) => {
    const failure = { name: "not-cloneable", message: "the consumer's context cannot read this body" };
    const settlements = [...pushed].map(({ grant, seqs }) => {
      const isAlone = seqs.length === 2 && seqs[1] === 1;
      const verdict = isAlone
        ? ({ type: "dead", reason: "not-cloneable", failure } as const)
        : ({ type: "release", suspect: true } as const);
      return { grant, seqs, verdict };
    });
    decide({ type: "settle", client, settlements, jitter: platform.random() });
  };

  const lookForOld = () => {
    lookedAt = platform.now();
    const { clients } = state();
    const away = [...clients.values()].filter(({ id }) => !sessions.has(id)).sort((a, b) => a.seenAt - b.seenAt);
    const left = new Map<string, number>();
    for (const { id } of away) left.set(identityOf(id), (left.get(identityOf(id)) ?? 0) + 1);
    remembered = clients.size;
    for (const { id, seenAt } of away) {
      const identity = identityOf(id);
      const ofIdentity = left.get(identity) ?? 0;
      if (seenAt >= lookedAt - MEMORY_MS && (identity === "" || ofIdentity <= REMEMBERED_CLIENTS_MAX)) continue;
      left.set(identity, ofIdentity - 1);
      remembered--;
      forgetReplies(id);
      decide({ type: "forget-client", client: id });
    }
  };

  return {
    connect(port, guard) {
      const events: SessionEvents = {
        hello,
        request: parts.request,
        onUnreadable,
        onRefused: () => {
          refusedMessages++;
        },
        onClosed(closed, hasLeft) {
          noLongerSilent(closed);
          expiries.get(closed)?.();
          if (!isOurs(closed)) return;
          end(closed.client);
          presence.left(closed.client, hasLeft);
        },
      };
      const session = openSession(port, events, guard);
      places.set(session, ++ports);
      awaitWord(session, SILENT_PORT_MS_MAX);
      if (guard?.expiresAt !== undefined) endAt(session, guard.expiresAt);
      return {
        hasSpoken: () => session.client !== "",
        holds: () => isOurs(session) && (state().clients.get(session.client)?.held ?? 0) > 0,
        waits: () => isOurs(session) && (delivery.isAsked(session.client) || watchers.hasAny(session.client)),
      };
    },
    sessionOf: (client) => sessions.get(client),
    isAwaited: presence.isAwaited,
    get awaits() {
      return presence.awaits;
    },
    get count() {
      return sessions.size;
    },
    get ports() {
      return sessions.size + silent.size;
    },
    introduced: () => [...sessions].map(([client, session]) => [client, introductions.get(session)]),
    introduce(client, introduction) {
      const session = sessions.get(client);
      if (session) introductions.set(session, introduction);
    },
    views: () => [...sessions.keys()].map((id) => ({ id, name: identityOf(id) || null, held: heldBy(state(), id) })),
    get refusedMessages() {
      return refusedMessages;
    },
    suspend(client) {
      // Its lock goes too, which then says nothing about its life.
      presence.unwatch(client);
      decide({ type: "reclaim", client, held: [] });
      hearOut(client);
    },
    goodbye: (client) =>
      new Promise((resolve) => {
        presence.unwatch(client);
        // At once: the turn that forgets the client must hand it nothing.
        delivery.endTaking(client);
        forgetReplies(client);
        decide({ type: "forget-client", client }, () => {
          // It closes the port when it has the answer. An end that arrives together with that would hide it, and the client
          // come back to say goodbye again.
          const session = sessions.get(client);
          if (session) awaitWord(session, LAST_WORDS_MS_MAX);
          resolve();
        });
      }),
    adopt() {
      for (const { id: client, held, grants } of state().clients.values()) {
        if (held === 0) continue;
        presence.watch(client, false);
        // Until it is heard of, its leases go on, however long nobody could renew them.
        const kept = [...grants].filter((grant) => grant.mode === "consume");
        const all = kept.map((grant) => ({ grant: grant.id, seqs: rangesOf(grant.leases.keys()) }));
        decide({ type: "renew", client, overdue: true, held: all });
      }
      for (const name of state().queues.keys()) {
        const owner = ownerOfReplies(name);
        if (owner !== undefined) presence.watch(owner, false);
      }
      lookForOld();
    },
    forgetOld() {
      // Either way: the clock may have been set.
      const isTime = Math.abs(platform.now() - lookedAt) >= FORGET_EVERY_MS;
      if (isTime || state().clients.size >= remembered + FORGET_EVERY_CLIENTS) lookForOld();
    },
    tellLosses(missing) {
      for (const session of sessions.values()) if (session.hearsLosses) session.tellLosses(missing);
    },
    close(reason) {
      presence.close();
      for (const session of [...sessions.values(), ...silent.keys()]) session.close(reason);
    },
  };
}

/** Whom its leases are renewed for. */
export const keptOf = ({ client: id, askHeld, heard }: Session): KeptClient => ({ id, askHeld, heard });

/** How many messages of each queue it holds; what is asked of it, and answered, is between it and its queue of replies. */
function heldBy(state: State, client: string): Record<string, number> {
  const held: Record<string, number> = {};
  for (const { queue, leases } of state.clients.get(client)?.grants ?? [])
    if (leases.size > 0 && ownerOfReplies(queue) === undefined) held[queue] = (held[queue] ?? 0) + leases.size;
  return held;
}
