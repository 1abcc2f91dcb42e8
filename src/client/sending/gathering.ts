// What was called and has no outcome yet, as commands: calls made in the same turn share one where they can. Who carries
// them to the host may change, from what a page begins with to a whole client: they and their numbers stay.
//
//   gathered ──numbered──▶ sent ──outcome──▶ answered
//
// Invariant: a command keeps its number until its outcome is known, so that however often it is sent, it is decided
// once.

import type { SendValue } from "../../core/commands/commands.js";
import { countWithin } from "../../core/log/count-within.js";
import type { Outcome } from "../../core/log/journal.js";
import type { QueueError } from "../../core/spec/errors.js";
import { REQUEST_BYTES_MAX, SEND_MESSAGES_MAX } from "../../core/spec/limits.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { ClientCommand, HostRequest } from "../../link/rpc/wire.js";
import { whenAborted } from "../runtime/abortable.js";
import type { Runtime } from "../runtime/runtime.js";
import { accept } from "./accept.js";
import {
  addSend,
  batchDraft,
  commandDraft,
  type Draft,
  type RoomDraft,
  reject,
  type SendDraft,
  sendDraft,
} from "./drafts.js";
import type { Item, Receipt } from "./item.js";

/** A batch that is as large is sent in its call: the host works on it while the page makes the next. */
const SEND_EAGERLY_BYTES = 60_000;

/** Who carries commands to the host. */
export interface Carrier {
  /** There is something to be sent. */
  wake(): void;
  /** Sends what may be sent now. */
  flush(): void;
  /** What is called is to be sent at the end of each call, not of the turn. */
  isLast(): boolean;
  /** Stands it behind what waits for room in the same queue; `false` when nothing does. */
  join(draft: RoomDraft): boolean;
  /** Something was aborted that may wait for room. */
  prune(queue: string): void;
  /** Its outcome is known, whatever it is. */
  leave(draft: Draft): void;
}

/** The way of sends into a client, whoever carries them. */
export interface Sending {
  /** `signal`, here and below: not to be sent any more, once it waits for room. */
  send(queue: string, item: Item, signal?: AbortSignal): Promise<Receipt>;
  sendBatch(queue: string, items: readonly Item[], signal?: AbortSignal): Promise<Receipt[]>;
}

export interface Gathering extends Sending {
  carriedBy(carrier: Carrier): void;
  /** By their numbers, and in the order of these. */
  readonly sent: ReadonlyMap<number, Draft>;
  readonly closed: QueueError | undefined;
  /** `signal`: nobody waits for it any more. What has no outcome by then is not sent again. `bytes`: estimated. */
  command<T>(command: ClientCommand, signal?: AbortSignal, bytes?: number): Promise<T>;
  gather(draft: Draft): void;
  /** The same of what may have to wait for room. */
  gatherSend(draft: RoomDraft): void;
  /** What is sent from now on goes into another command than this. */
  part(draft?: Draft): void;
  readonly isEmpty: boolean;
  /** What one request carries of what is gathered, numbered. */
  take(): readonly Draft[];
  /** The same of settings, where they are the first that is called. */
  takeFirstSettings(): readonly Draft[];
  markSent(draft: Draft): void;
  /** The request that carries these. */
  requestOf(drafts: readonly Draft[], commandOf: (draft: Draft) => ClientCommand): HostRequest;
  /** Takes the outcome of what was sent as it wanted; `false` where any of it was refused, and nothing was done about it. */
  accept(draft: Draft, outcome: Outcome): boolean;
  /** It waits for room: nothing is known of its number any more. */
  setAside(draft: Draft): void;
  /** It is sent no more: `tell` tells whoever waits for it. */
  conclude(draft: Draft, tell: () => void): void;
  /** At the end of each call. Not with a microtask: Firefox runs none any more in the last events of a tab that is closed. */
  called(): void;
  /** What was called goes now, and what is still called in this task goes with its call: another task may never begin. */
  hurry(): void;
  /** All that has no outcome and does not wait for room. */
  drafts(): readonly Draft[];
  /** It is not sent any more, or not again: rejects. */
  withdraw(draft: Draft, reason: unknown): void;
  /** Resolves when everything submitted so far is settled. */
  drained(): Promise<void>;
  /** Rejects what has no outcome, and all that is called from now on. */
  close(reason: QueueError): void;
  /** Of the last host: its term, and whether it has something of this client to remember. */
  epoch: number;
  isRemembered: boolean;
}

export function createGathering(runtime: Pick<Runtime, "afterTurn">): Gathering {
  let carrier: Carrier | undefined;
  let gathered: Draft[] = [];
  const sent = new Map<number, Draft>();
  /** The gathered draft that still takes more. */
  let open: SendDraft | undefined;
  let lastNumber = 0;
  let isScheduled = false;
  let isHurried = false;
  let drainWaiters: (() => void)[] = [];

  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    runtime.afterTurn(() => {
      isScheduled = false;
      carrier?.flush();
    });
  };

  const wakeDrained = () => {
    if (sent.size > 0 || gathered.length > 0) return;
    const waiters = drainWaiters;
    drainWaiters = [];
    for (const wake of waiters) wake();
  };

  /** The draft that the next send to this queue goes into. */
  const draftFor = (queue: string, bytes: number): SendDraft => {
    const hasRoom = (draft: SendDraft) =>
      draft.queue === queue &&
      draft.stage !== "answered" &&
      draft.entries.length < SEND_MESSAGES_MAX &&
      (draft.entries.length === 0 || draft.bytes + bytes <= REQUEST_BYTES_MAX);
    if (open && hasRoom(open)) return open;
    open = sendDraft(queue);
    self.gatherSend(open);
    return open;
  };

  /** Aborted, what waits for room is not sent any more. */
  const prunedBy = <T>(signal: AbortSignal | undefined, queue: string, sent: Promise<T>): Promise<T> => {
    if (signal === undefined) return sent;
    const forget = whenAborted(signal, () => carrier?.prune(queue));
    sent.then(forget, forget);
    return sent;
  };

  const takeFirst = (count: number): readonly Draft[] => {
    open = undefined;
    const drafts = gathered.splice(0, count);
    for (const draft of drafts) self.markSent(draft);
    return drafts;
  };

  const self: Gathering & { closed: QueueError | undefined } = {
    closed: undefined,
    sent,
    epoch: 0,
    isRemembered: false,
    carriedBy(next) {
      carrier = next;
    },
    send(queue, item, signal) {
      if (self.closed) return Promise.reject(self.closed);
      const { promise, resolve, reject: refuse } = deferred<Receipt>();
      addSend(draftFor(queue, item.bytes), { item, signal, resolve, reject: refuse });
      self.called();
      return prunedBy(signal, queue, promise);
    },
    sendBatch(queue, items, signal) {
      const receipts = deferred<Receipt[]>();
      // What is sent after it must not be accepted before it.
      open = undefined;
      const draft = batchDraft(queue, items, receipts, signal);
      self.gatherSend(draft);
      if (draft.bytes >= SEND_EAGERLY_BYTES) carrier?.flush();
      else self.called();
      return prunedBy(signal, queue, receipts.promise);
    },
    command<T>(command: ClientCommand, signal?: AbortSignal, bytes = 0): Promise<T> {
      const value = deferred<T>();
      open = undefined;
      const draft = { ...commandDraft(command, value), bytes };
      self.gather(draft);
      self.called();
      if (signal) value.promise.catch(() => {}).finally(whenAborted(signal, () => self.withdraw(draft, signal.reason)));
      return value.promise;
    },
    gather(draft) {
      const { closed } = self;
      if (closed) return self.conclude(draft, () => reject(draft, closed));
      delete draft.number;
      draft.stage = "gathered";
      gathered.push(draft);
      carrier?.wake();
      schedule();
    },
    gatherSend(draft) {
      if (!self.closed && carrier?.join(draft)) draft.stage = "waiting";
      else self.gather(draft);
    },
    part(draft = open) {
      if (open === draft) open = undefined;
    },
    get isEmpty() {
      return gathered.length === 0;
    },
    take: () => takeFirst(countCarried(gathered)),
    takeFirstSettings() {
      const end = gathered.findIndex((draft) => !isConfigure(draft));
      return lastNumber > 0 ? [] : takeFirst(end < 0 ? gathered.length : end);
    },
    markSent(draft) {
      draft.number = ++lastNumber;
      draft.stage = "sent";
      sent.set(draft.number, draft);
    },
    requestOf(drafts, commandOf) {
      const [firstSent = lastNumber + 1] = sent.keys();
      const commands = drafts.map((draft) => ({ number: draft.number as number, command: commandOf(draft) }));
      return { op: "submit", confirmed: firstSent - 1, commands };
    },
    accept(draft, outcome) {
      const isAccepted = accept(draft, outcome);
      if (hasStored(outcome)) self.isRemembered = true;
      if (isAccepted) self.conclude(draft, () => {});
      return isAccepted;
    },
    setAside(draft) {
      if (draft.number !== undefined) sent.delete(draft.number);
      draft.stage = "waiting";
      wakeDrained();
    },
    conclude(draft, tell) {
      if (draft.number !== undefined) sent.delete(draft.number);
      draft.stage = "answered";
      tell();
      carrier?.leave(draft);
      wakeDrained();
    },
    called() {
      if (isHurried || carrier?.isLast()) carrier?.flush();
    },
    hurry() {
      carrier?.flush();
      isHurried = true;
      runtime.afterTurn(() => {
        isHurried = false;
      });
    },
    drafts: () => [...sent.values(), ...gathered],
    withdraw(draft, reason) {
      gathered = gathered.filter((one) => one !== draft);
      if (draft.stage !== "answered") self.conclude(draft, () => reject(draft, reason));
    },
    drained() {
      const { promise, resolve } = deferred();
      drainWaiters.push(resolve);
      wakeDrained();
      return promise;
    },
    close(reason) {
      self.closed = reason;
      const rest = self.drafts();
      sent.clear();
      gathered = [];
      for (const draft of rest) self.conclude(draft, () => reject(draft, reason));
      wakeDrained();
    },
  };
  return self;
}

const isConfigure = (draft: Draft): boolean => draft.type === "command" && draft.command.type === "configure";

/** How many of these, from the front, one request carries: one at least. */
export const countCarried = (drafts: readonly Draft[]): number =>
  countWithin(drafts, REQUEST_BYTES_MAX, ({ bytes }) => bytes);

/** Sent messages: from then on the host keeps the answers of this client. */
const hasStored = (outcome: Outcome): boolean => {
  const { count = 0, duplicates = [] } = (outcome.ok && (outcome.value as Partial<SendValue> | undefined)) || {};
  return count > duplicates.length;
};
