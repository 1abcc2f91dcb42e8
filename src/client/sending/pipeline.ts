// The way of every change from a client to the host. Calls made in the same turn share one command where they can:
// sends to one queue, and all settlements.
//
//   gathered ──numbered──▶ sent ──outcome──▶ answered
//      ▲  ▲                │  │  host lost, refused whole: carried again, under its number (courier)
//      │  └── one of many was refused: the others, as a new command
//      └── room ── waiting ◀── no room (room-line)
//
// Invariant: a command keeps its number until its outcome is known, so that however often it is sent, it is decided
// once.

import type { SendValue } from "../../core/commands/commands.js";
import type { Outcome } from "../../core/log/journal.js";
import { countWithin } from "../../core/log/size.js";
import { QueueError } from "../../core/spec/errors.js";
import { REQUEST_BYTES_MAX, REQUEST_MESSAGES_MAX, SEND_MESSAGES_MAX } from "../../core/spec/limits.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { Link } from "../../link/rpc/link.js";
import type { ClientCommand, HostRequest, Welcome } from "../../link/rpc/wire.js";
import type { HostLink } from "../link/host-link.js";
import { whenAborted } from "../runtime/abortable.js";
import type { Runtime } from "../runtime/runtime.js";
import { answer } from "./answers.js";
import { createCourier } from "./courier.js";
import {
  addSend,
  addSettlement,
  batchDraft,
  commandDraft,
  type Draft,
  halves,
  needOf,
  prune,
  type RoomDraft,
  reject,
  type SendDraft,
  type SettleDraft,
  type SettleEntry,
  sendDraft,
  settleDraft,
  transactionDraft,
} from "./drafts.js";
import { type Item, type Receipt, weightOf } from "./item.js";
import { named } from "./refusals.js";
import { createRoomLines } from "./room-line.js";

/** Settlements gathered in one turn before they are sent without waiting for its end. */
const SETTLE_EAGERLY = 500;

export interface Pipeline {
  /** Tells databases apart: what their locks are called by. */
  readonly database: string;
  /** `signal`, here and below: not to be sent any more, once it waits for room. */
  send(queue: string, item: Item, signal?: AbortSignal): Promise<Receipt>;
  sendBatch(queue: string, items: readonly Item[], signal?: AbortSignal): Promise<Receipt[]>;
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

export function createPipeline(hostLink: HostLink, runtime: Runtime, database: string): Pipeline {
  let gathered: Draft[] = [];
  /** By their numbers, and in the order of these. */
  const sent = new Map<number, Draft>();
  /** The gathered drafts that still take more. */
  let openSend: SendDraft | undefined;
  let openSettle: SettleDraft | undefined;
  let lastNumber = 0;
  let isScheduled = false;
  let isHurried = false;
  let closed: QueueError | undefined;
  /** Of the last host: its term, its minor wire version, and whether it has something of this client to remember. */
  let epoch = 0;
  let minor = 0;
  let isRemembered = false;
  let drainWaiters: (() => void)[] = [];
  /** The link of the first hello, if something went with it. */
  let greeting: Link<HostRequest> | undefined;

  const gather = (draft: Draft) => {
    if (closed) return conclude(draft, () => reject(draft, closed));
    delete draft.number;
    draft.stage = "gathered";
    gathered.push(draft);
    hostLink.wake();
    schedule();
  };

  /** At the end of each call. Not with a microtask: Firefox runs none any more in the last events of a tab that is closed. */
  const flushIfHurried = () => {
    if (isHurried || hostLink.lastWords) flush();
  };

  const gatherSend = (draft: RoomDraft) => {
    if (!closed && lines.join(draft)) draft.stage = "waiting";
    else gather(draft);
  };

  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    runtime.afterTurn(() => {
      isScheduled = false;
      flush();
    });
  };

  const flush = () => {
    while (hostLink.welcome && courier.isFree && !closed && gathered.length > 0) courier.carry(takeGathered());
    const { lastWords } = hostLink;
    while (lastWords && !closed && gathered.length > 0) courier.say(takeGathered(), lastWords);
  };

  /** What one request carries of what is gathered, numbered. */
  const takeGathered = (): readonly Draft[] => {
    openSend = undefined;
    openSettle = undefined;
    const drafts = gathered.splice(0, countCarried(gathered));
    for (const draft of drafts) markSent(draft);
    return drafts;
  };

  const markSent = (draft: Draft) => {
    draft.number = ++lastNumber;
    draft.stage = "sent";
    sent.set(draft.number, draft);
  };

  /** It is sent no more: `tell` tells whoever waits for it, and those behind it in line are next. */
  const conclude = (draft: Draft, tell: () => void) => {
    if (draft.number !== undefined) sent.delete(draft.number);
    draft.stage = "answered";
    tell();
    if (isForRoom(draft)) lines.leave(draft);
    wakeDrained();
  };

  const fail = (draft: Draft, reason: unknown) => conclude(draft, () => reject(draft, reason));

  const withdraw = (draft: Draft, reason: unknown) => {
    gathered = gathered.filter((one) => one !== draft);
    if (draft.stage !== "answered") fail(draft, reason);
  };

  /** Answered twice after it was sent again: the first answer counts. */
  const settle = (draft: Draft, outcome: Outcome) => {
    if (draft.stage !== "sent") return;
    isRemembered ||= hasStored(outcome);
    const number = draft.number as number;
    sent.delete(number);
    const left = answer(draft, named(draft, outcome), minor);
    if (left?.isBlocked) return wait(draft as RoomDraft, number);
    for (const other of left?.drafts ?? []) gatherSend(other);
    conclude(draft, () => {});
  };

  const wait = (draft: RoomDraft, number: number) => {
    if (closed) return fail(draft, closed);
    // Aborted while it was on its way.
    if (!prune(draft)) return conclude(draft, () => {});
    draft.stage = "waiting";
    lines.wait(draft, number);
    wakeDrained();
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
      if (openSend === draft) openSend = undefined;
      gather(draft);
    },
  });

  const courier = createCourier({
    hostLink,
    confirmed() {
      const [firstSent] = sent.keys();
      return (firstSent ?? lastNumber + 1) - 1;
    },
    isSent: ({ stage }) => stage === "sent",
    answer: settle,
    fail(draft, reason) {
      if (draft.stage === "sent") fail(draft, reason);
    },
    halve(draft) {
      const parts = halves(draft);
      if (parts === undefined) return undefined;
      // The host has seen nothing of it, so its number is free to be forgotten.
      for (const part of parts) markSent(part);
      conclude(draft, () => {});
      return parts;
    },
    onFree: flush,
  });

  const wakeDrained = () => {
    if (sent.size > 0 || gathered.length > 0) return;
    const waiters = drainWaiters;
    drainWaiters = [];
    for (const wake of waiters) wake();
  };

  /** The draft that the next send to this queue goes into. */
  const sendDraftFor = (queue: string, bytes: number): SendDraft => {
    const hasRoom = (draft: SendDraft) =>
      draft.queue === queue &&
      draft.stage !== "answered" &&
      draft.entries.length < SEND_MESSAGES_MAX &&
      (draft.entries.length === 0 || draft.bytes + bytes <= REQUEST_BYTES_MAX);
    if (openSend && hasRoom(openSend)) return openSend;
    openSend = sendDraft(queue);
    gatherSend(openSend);
    return openSend;
  };

  /** Aborted, what waits for room is not sent any more. */
  const prunedBy = <T>(signal: AbortSignal | undefined, queue: string, sent: Promise<T>): Promise<T> => {
    if (signal === undefined) return sent;
    const forget = whenAborted(signal, () => lines.prune(queue));
    sent.then(forget, forget);
    return sent;
  };

  return {
    database,
    send(queue, item, signal) {
      if (closed) return Promise.reject(closed);
      const { promise, resolve, reject: refuse } = deferred<Receipt>();
      addSend(sendDraftFor(queue, weightOf(item)), { item, signal, resolve, reject: refuse });
      flushIfHurried();
      return prunedBy(signal, queue, promise);
    },
    sendBatch(queue, items, signal) {
      const receipts = deferred<Receipt[]>();
      // What is sent after it must not be accepted before it.
      openSend = undefined;
      gatherSend(batchDraft(queue, items, receipts, signal));
      flushIfHurried();
      return prunedBy(signal, queue, receipts.promise);
    },
    settle(entry) {
      if (closed) return entry.onOver(closed);
      const isFull = (draft: SettleDraft) =>
        draft.entries.length >= REQUEST_MESSAGES_MAX || draft.bytes >= REQUEST_BYTES_MAX;
      if (openSettle === undefined || isFull(openSettle)) {
        openSettle = settleDraft();
        gather(openSettle);
      }
      addSettlement(openSettle, entry);
      if (openSettle.entries.length >= SETTLE_EAGERLY) flush();
      else flushIfHurried();
    },
    command<T>(command: ClientCommand, signal?: AbortSignal): Promise<T> {
      const value = deferred<T>();
      openSend = undefined;
      const draft = commandDraft(command, value);
      gather(draft);
      flushIfHurried();
      if (signal) value.promise.catch(() => {}).finally(whenAborted(signal, () => withdraw(draft, signal.reason)));
      return value.promise;
    },
    transaction(command) {
      const outcome = deferred<Outcome>();
      openSend = undefined;
      gather(transactionDraft(command, outcome));
      flushIfHurried();
      return outcome.promise;
    },
    flushAll() {
      while (hostLink.welcome && !closed && gathered.length > 0) courier.carry(takeGathered());
    },
    hurry() {
      flush();
      isHurried = true;
      runtime.afterTurn(() => {
        isHurried = false;
      });
    },
    drained() {
      const { promise, resolve } = deferred();
      drainWaiters.push(resolve);
      wakeDrained();
      return promise;
    },
    greeted(link) {
      const isFirst = lastNumber === 0 && !closed;
      const end = gathered.findIndex((draft) => !isConfigure(draft));
      const drafts = isFirst ? gathered.splice(0, end < 0 ? gathered.length : end) : [];
      if (drafts.length === 0) return;
      for (const draft of drafts) markSent(draft);
      greeting = link;
      courier.carry(drafts, link);
    },
    reconnected(welcome) {
      // A lower term is another database: there, nothing of it was ever stored.
      const isForgotten = isRemembered && welcome.isKnown === false && welcome.epoch > epoch;
      epoch = welcome.epoch;
      minor = welcome.minor ?? 0;
      isRemembered = welcome.isKnown === true;
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
      closed = reason;
      const rest = [...sent.values(), ...gathered, ...lines.clear()];
      sent.clear();
      gathered = [];
      for (const draft of rest) conclude(draft, () => reject(draft, reason));
      wakeDrained();
    },
  };
}

const isConfigure = (draft: Draft): boolean => draft.type === "command" && draft.command.type === "configure";

const isForRoom = (draft: Draft): draft is RoomDraft => draft.type === "send" || draft.type === "batch";

/** How many of these, from the front, one request carries: one at least. */
const countCarried = (drafts: readonly Draft[]): number => countWithin(drafts, REQUEST_BYTES_MAX, ({ bytes }) => bytes);

/** Sent messages: from then on the host keeps the answers of this client. */
const hasStored = (outcome: Outcome): boolean => {
  const { count = 0, duplicates = [] } = (outcome.ok && (outcome.value as Partial<SendValue> | undefined)) || {};
  return count > duplicates.length;
};

const forgotten = () =>
  new QueueError("host-lost", "this client was away for so long that nobody knows any more whether this was done");
