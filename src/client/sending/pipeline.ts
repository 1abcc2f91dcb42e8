// The way of every change from a client to the host, and back where it was refused.
//
//   gathered ──numbered──▶ sent ──outcome──▶ answered
//      ▲  ▲                │  │  host lost, refused whole: carried again, under its number (courier)
//      │  └── one of many was refused: the others, as a new command
//      └── room ── waiting ◀── no room (room-line)
//
// Invariant: everyone who waits for an outcome is told once, whatever became of it.

import type { Outcome } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";
import { REQUEST_BYTES_MAX, REQUEST_MESSAGES_MAX } from "../../core/spec/limits.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { Link } from "../../link/rpc/link.js";
import type { ClientCommand, HostRequest, Welcome } from "../../link/rpc/wire.js";
import type { HostLink } from "../link/host-link.js";
import type { Runtime } from "../runtime/runtime.js";
import { answer } from "./answers.js";
import type { Blame } from "./blame.js";
import { halves, needOf, prune, transactionDraft, weightOf } from "./carried.js";
import { createCourier } from "./courier.js";
import { type Draft, type RoomDraft, reject, type SettleDraft, type SettleEntry } from "./drafts.js";
import { countCarried, type Gathering, type Sending } from "./gathering.js";
import { createRoomLines } from "./room-line.js";
import { addSettlement, settleDraft } from "./settlements.js";

/** Settlements gathered in one turn before they are sent without waiting for its end. */
const SETTLE_EAGERLY = 500;

export interface Pipeline extends Sending {
  /** Tells databases apart: what their locks are called by. */
  readonly database: string;
  /** Calls back once: with nothing when the outcome is stored, else with why it is not known to be. */
  settle(entry: SettleEntry): void;
  /** `signal`: nobody waits for it any more. What has no outcome by then is not sent again. */
  command<T>(command: ClientCommand, signal?: AbortSignal): Promise<T>;
  /** Resolves with the outcome, refusals too; rejects when it cannot be known. */
  transaction(command: Extract<ClientCommand, { type: "transaction" }>): Promise<Outcome>;
  /** Resolves when everything submitted so far is settled. */
  drained(): Promise<void>;
  /** Sends all that is gathered, however much is under way: this page may be gone before anything of that is answered. */
  flushAll(): void;
  /** What was called goes now, and what is still called in this task goes with its call: another task may never begin. */
  hurry(): void;
  /**
   * A client's first hello is said on this link. What every build of a host understands goes with it: the settings of a queue,
   * where they are the first that is called.
   */
  greeted(link: Link<HostRequest>): void;
  /** A new host: sends again what the last one did not answer, and fails it where nobody can tell any more. */
  reconnected(welcome: Welcome): void;
  /** The host could not read something that was posted to it. */
  unreadable(): void;
  close(reason: QueueError): void;
}

/** `gathering`: what was called before there was a pipeline, and is called from now on. */
export function createPipeline(
  hostLink: HostLink,
  runtime: Runtime,
  database: string,
  gathering: Gathering,
  blame: () => Promise<Blame>,
): Pipeline {
  const { sent, conclude, gather, gatherSend, called } = gathering;
  /** The gathered settlements that still take more. */
  let openSettle: SettleDraft | undefined;
  /** The minor wire version of the last host. */
  let minor = 0;
  /** The link of the first hello, if something went with it. */
  let greeting: Link<HostRequest> | undefined;

  const flush = () => {
    while (hostLink.welcome && courier.isFree && !gathering.isEmpty) courier.carry(gathering.take());
    const { lastWords } = hostLink;
    while (lastWords && !gathering.isEmpty) courier.say(gathering.take(), lastWords);
    // Nothing is to hold what was handled until something else is.
    if (openSettle?.stage !== "gathered") openSettle = undefined;
  };

  const fail = (draft: Draft, reason: unknown) => conclude(draft, () => reject(draft, reason));

  /** Answered twice after it was sent again: the first answer counts. */
  const settle = (draft: Draft, outcome: Outcome, isNamed = false) => {
    if (draft.stage !== "sent" || gathering.accept(draft, outcome)) return;
    if (!outcome.ok && outcome.code === "not-cloneable" && !isNamed) {
      const told = blame().then(({ named }) => named(draft, outcome));
      return void told.catch(() => outcome).then((told) => settle(draft, told, true));
    }
    const number = draft.number as number;
    const left = answer(draft, outcome, minor);
    if (left?.isBlocked) return wait(draft as RoomDraft, number);
    for (const other of left?.drafts ?? []) gatherSend(other);
    conclude(draft, () => {});
  };

  const wait = (draft: RoomDraft, number: number) => {
    if (gathering.closed) return fail(draft, gathering.closed);
    // Aborted while it was on its way.
    if (!prune(draft)) return conclude(draft, () => {});
    gathering.setAside(draft);
    lines.wait(draft, number);
  };

  const lines = createRoomLines({
    async room(draft, signal) {
      const waiter = runtime.uuid();
      try {
        await hostLink.ask({ op: "room", waiter, queue: draft.queue, ...needOf(draft, minor) }, signal);
      } finally {
        if (signal.aborted && hostLink.welcome) hostLink.ask({ op: "cancel", waiter }).catch(() => {});
      }
    },
    send(draft) {
      gathering.part(draft);
      gather(draft);
    },
  });

  const courier = createCourier({
    hostLink,
    requestOf: gathering.requestOf,
    isSent: ({ stage }) => stage === "sent",
    answer: settle,
    fail(draft, reason) {
      if (draft.stage === "sent") fail(draft, reason);
    },
    refusalOf: (draft, error) =>
      blame()
        .then(({ refusalOf }) => refusalOf(draft, error))
        .catch((missing: unknown) => missing),
    halve(draft) {
      const parts = halves(draft);
      if (parts === undefined) return undefined;
      // The host has seen nothing of it, so its number is free to be forgotten.
      for (const part of parts) gathering.markSent(part);
      conclude(draft, () => {});
      return parts;
    },
    onFree: flush,
  });

  gathering.carriedBy({
    wake: hostLink.wake,
    flush,
    isLast: () => hostLink.lastWords !== undefined,
    join: lines.join,
    prune: lines.prune,
    leave: lines.leave,
  });

  return {
    database,
    send: gathering.send,
    sendBatch: gathering.sendBatch,
    settle(entry) {
      const { closed } = gathering;
      if (closed) return entry.onOver(closed);
      const takesMore = (draft: SettleDraft) =>
        draft.stage === "gathered" && draft.entries.length < REQUEST_MESSAGES_MAX && draft.bytes < REQUEST_BYTES_MAX;
      if (openSettle === undefined || !takesMore(openSettle)) {
        openSettle = settleDraft();
        gather(openSettle);
      }
      addSettlement(openSettle, entry);
      if (openSettle.entries.length >= SETTLE_EAGERLY) flush();
      else called();
    },
    command: (command, signal) => gathering.command(command, signal, weightOf(command)),
    transaction(command) {
      const outcome = deferred<Outcome>();
      gathering.part();
      gather(transactionDraft(command, outcome));
      called();
      return outcome.promise;
    },
    flushAll() {
      while (hostLink.welcome && !gathering.isEmpty) courier.carry(gathering.take());
    },
    hurry: gathering.hurry,
    drained: gathering.drained,
    greeted(link) {
      const drafts = gathering.takeFirstSettings();
      if (drafts.length === 0) return;
      greeting = link;
      courier.carry(drafts, link);
    },
    reconnected(welcome) {
      // A lower term is another database: there, nothing of it was ever stored.
      const isForgotten = gathering.isRemembered && welcome.isKnown === false && welcome.epoch > gathering.epoch;
      gathering.epoch = welcome.epoch;
      minor = welcome.minor ?? 0;
      gathering.isRemembered = welcome.isKnown === true;
      const isGreeted = greeting !== undefined && greeting === hostLink.link;
      greeting = undefined;
      // What went with the hello is on its way.
      if (isGreeted) return flush();
      courier.begin();
      if (isForgotten) for (const draft of [...sent.values()]) fail(draft, forgotten());
      const again = [...sent.values()];
      while (again.length > 0) courier.carry(again.splice(0, countCarried(again)));
      flush();
    },
    unreadable: () => courier.unreadable([...sent.values()]),
    close(reason) {
      const waited = lines.clear();
      gathering.close(reason);
      for (const draft of waited) fail(draft, reason);
    },
  };
}

const forgotten = () =>
  new QueueError("host-lost", "this client was away for so long that nobody knows any more whether this was done");
