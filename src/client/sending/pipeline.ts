// The way of every change from a client to the host: coalesced by turn, numbered, sent again after a host was lost.
// Invariant: a command keeps its number until its outcome is known, so that however often it is sent, it is decided
// once; a command that cannot be cloned fails alone.

import { failure, type SendValue } from "../../core/commands/commands.js";
import { listOf } from "../../core/log/bodies.js";
import type { Outcome } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";
import { REQUESTS_MAX, SEND_MESSAGES_MAX } from "../../core/spec/limits.js";
import { MINOR_COLUMNS } from "../../core/spec/version.js";
import type { Link } from "../../link/rpc/link.js";
import type { ClientCommand, HostRequest, SubmitReply, Welcome } from "../../link/rpc/wire.js";
import type { HostLink } from "../connection/host-link.js";
import { abortable } from "../runtime/abortable.js";
import type { Runtime } from "../runtime/runtime.js";
import {
  type Again,
  createBatchDraft,
  createCommandDraft,
  createSendDraft,
  createSettleDraft,
  type Draft,
  type Item,
  type Receipt,
  type RoomDraft,
  type SendDraft,
  type SettleDraft,
  type SettleEntry,
  withoutColumns,
} from "./draft.js";
import { findUncloneable } from "./uncloneable.js";

/** Settlements gathered in one turn before they are sent without waiting for its end. */
const SETTLE_EAGERLY = 500;

export interface Pipeline {
  /** Tells databases apart: what their locks are called by. */
  readonly database: string;
  /** `signal`: not to be sent any more, once it waits for room. */
  send(queue: string, item: Item, signal?: AbortSignal): Promise<Receipt>;
  sendBatch(queue: string, items: readonly Item[]): Promise<Receipt[]>;
  /** Calls back once: with nothing when the outcome is stored, else with why it is not known to be. */
  settle(entry: SettleEntry): void;
  command<T>(command: ClientCommand): Promise<T>;
  /** Resolves with the outcome, refusals too; rejects when it cannot be known. */
  transaction(command: Extract<ClientCommand, { type: "transaction" }>): Promise<Outcome>;
  /** Resolves when everything submitted so far is settled. */
  drained(): Promise<void>;
  /** Sends what waits without waiting for the turn to end. */
  flush(): void;
  /** A new host: sends again what the last one did not answer, and fails it where nobody can tell any more. */
  reconnected(welcome: Welcome): void;
  /** The host could not read something that was posted to it. */
  unreadable(): void;
  close(reason: QueueError): void;
}

/** Sends to one queue that wait for room. */
interface Line {
  readonly waiting: { readonly draft: RoomDraft; readonly place: number }[];
  /** The one that is sent again at the moment. */
  trying: RoomDraft | undefined;
}

export function createPipeline(hostLink: HostLink, runtime: Runtime, database: string): Pipeline {
  let unsent: Draft[] = [];
  /** Sent, outcome unknown; in the order of their numbers. */
  const open = new Map<number, Draft>();
  let openSend: SendDraft | undefined;
  const lines = new Map<string, Line>();
  let openSettle: SettleDraft | undefined;
  let lastNumber = 0;
  let requests = 0;
  let isScheduled = false;
  let isIsolating = false;
  let closed: QueueError | undefined;
  /** The term of the last host, and whether it has something of this client to remember. */
  let epoch = 0;
  let isRemembered = false;
  let drainWaiters: (() => void)[] = [];
  /** Aborted when the host could not read something: any of the requests under way may be the one. */
  let unread = new AbortController();

  const enqueue = (draft: Draft) => {
    if (closed) return draft.reject(closed);
    unsent.push(draft);
    hostLink.wake();
    schedule();
  };

  /** Behind what waits for room in the same queue. */
  const enqueueSend = (draft: RoomDraft) => {
    const line = lines.get(draft.queue);
    if (line && !closed) line.waiting.push({ draft, place: Number.POSITIVE_INFINITY });
    else enqueue(draft);
  };

  /** The queue has no room: the draft waits, in the order in which it was sent, and so does what comes after it. */
  const waitForRoom = (draft: RoomDraft) => {
    if (closed) return draft.reject(closed);
    const line = lines.get(draft.queue) ?? { waiting: [], trying: undefined };
    const isFirst = line.trying === draft || !lines.has(draft.queue);
    const place = isFirst ? 0 : (draft.number ?? Number.POSITIVE_INFINITY);
    delete draft.number;
    lines.set(draft.queue, line);
    const behind = line.waiting.findIndex((other) => other.place > place);
    line.waiting.splice(behind < 0 ? line.waiting.length : behind, 0, { draft, place });
    if (isFirst) void tryAgain(draft.queue, line);
  };

  /** Sends the first of the line once there is room for it; the next one follows when it is accepted. */
  const tryAgain = async (queue: string, line: Line) => {
    line.trying = undefined;
    const first = line.waiting[0]?.draft;
    try {
      if (first) await hostLink.ask({ op: "room", waiter: runtime.uuid(), queue, ...first.need() });
    } catch {
      // Closed: `close` ends what waits. Or a host of an earlier build, which will say what it thinks of the sends.
    }
    if (!closed) sendNext(queue, line);
  };

  const sendNext = (queue: string, line: Line) => {
    line.trying = undefined;
    for (let next = line.waiting.shift(); next; next = line.waiting.shift()) {
      if (openSend === next.draft) openSend = undefined;
      if (!next.draft.prune()) continue;
      line.trying = next.draft;
      return enqueue(next.draft);
    }
    lines.delete(queue);
  };

  /** Its outcome is known, whatever it is: if others stand behind it, they are next. */
  const leaveLine = (draft: Draft) => {
    for (const [queue, line] of lines) if (line.trying === draft) sendNext(queue, line);
  };

  const again: Again = { resend: enqueueSend, wait: waitForRoom };

  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    runtime.afterTurn(() => {
      isScheduled = false;
      flush();
    });
  };

  const flush = () => {
    const canSend = hostLink.welcome !== undefined && requests < REQUESTS_MAX && !isIsolating && !closed;
    if (unsent.length === 0 || !canSend) return;
    const drafts = unsent;
    unsent = [];
    openSend = undefined;
    openSettle = undefined;
    for (const draft of drafts) number(draft);
    void deliver(drafts);
  };

  const number = (draft: Draft) => {
    draft.number ??= ++lastNumber;
    open.set(draft.number, draft);
  };

  const settle = (draft: Draft, outcome: Outcome) => {
    // Answered twice after a re-send: the first answer counts.
    if (draft.number === undefined || open.get(draft.number) !== draft) return;
    open.delete(draft.number);
    isRemembered ||= hasStored(outcome);
    draft.settle(named(draft, outcome));
    leaveLine(draft);
    wakeDrained();
  };

  const fail = (draft: Draft, reason: unknown) => {
    if (draft.number !== undefined) open.delete(draft.number);
    draft.reject(reason);
    leaveLine(draft);
    wakeDrained();
  };

  const wakeDrained = () => {
    if (open.size > 0 || unsent.length > 0) return;
    const waiters = drainWaiters;
    drainWaiters = [];
    for (const wake of waiters) wake();
  };

  const submit = async (link: Link<HostRequest>, drafts: readonly Draft[]) => {
    const [firstOpen] = open.keys();
    const confirmed = (firstOpen ?? lastNumber + 1) - 1;
    const minor = hostLink.welcome?.minor ?? 0;
    const commands = drafts.map((draft) => ({
      number: draft.number as number,
      command: readable(draft.command(minor), minor),
    }));
    const { outcomes } = await link.call<SubmitReply>({ op: "submit", confirmed, commands });
    drafts.forEach((draft, i) => {
      settle(draft, outcomes[i] as Outcome);
    });
  };

  const deliver = async (drafts: readonly Draft[]) => {
    requests++;
    try {
      await abortable(submit(await hostLink.connected(), drafts), unread.signal);
    } catch (error) {
      // Unread by the host: `unreadable` sends again what is open, and so does `reconnected` after a lost host.
      if (error instanceof UnreadableError || isHostLost(error)) return;
      if (isCloneError(error)) void isolate(drafts);
      else for (const draft of drafts) fail(draft, error);
    } finally {
      requests--;
      flush();
    }
  };

  /** Sends each draft alone, halving those that cannot be cloned until the one to blame is found. */
  const isolate = async (drafts: readonly Draft[]) => {
    isIsolating = true;
    try {
      for (const draft of drafts) if (draft.number !== undefined && open.has(draft.number)) await deliverAlone(draft);
    } finally {
      isIsolating = false;
      flush();
    }
  };

  const deliverAlone = async (draft: Draft): Promise<void> => {
    try {
      const link = await hostLink.connected();
      await abortable(submit(link, [draft]), unread.signal);
    } catch (error) {
      if (isHostLost(error)) return;
      if (!isCloneError(error)) return fail(draft, error);
      const halves = draft.split();
      if (halves === undefined) return fail(draft, notCloneable(draft, error));
      // The host has seen nothing of it, so its number is free to be forgotten.
      open.delete(draft.number as number);
      for (const half of halves) number(half);
      leaveLine(draft);
      for (const half of halves) await deliverAlone(half);
    }
  };

  return {
    database,
    send(queue, item, signal) {
      if (closed) return Promise.reject(closed);
      if (openSend?.queue !== queue || openSend.size >= SEND_MESSAGES_MAX) {
        openSend = createSendDraft(queue, again);
        enqueueSend(openSend);
      }
      return openSend.add(item, signal);
    },
    sendBatch(queue, items) {
      const { draft, receipts } = createBatchDraft(queue, items, again);
      // What is sent after it must not be accepted before it.
      openSend = undefined;
      enqueueSend(draft);
      return receipts;
    },
    settle(entry) {
      if (closed) return entry.onOver(closed);
      if (openSettle === undefined) {
        openSettle = createSettleDraft();
        enqueue(openSettle);
      }
      openSettle.add(entry);
      if (openSettle.size >= SETTLE_EAGERLY) flush();
    },
    command<T>(command: ClientCommand): Promise<T> {
      const { draft, value } = createCommandDraft<T>(command);
      openSend = undefined;
      enqueue("bodies" in command ? { ...draft, bodies: listOf(command.bodies).entries } : draft);
      return value;
    },
    transaction(command) {
      openSend = undefined;
      return new Promise((resolve, reject) => {
        const bodies = command.sends.flatMap((send) => listOf(send.bodies).entries);
        const rejectOrRefuse = (reason: unknown) => {
          // The host has seen nothing of it.
          const isRefused = reason instanceof QueueError && reason.code === "not-cloneable";
          if (isRefused) resolve(failure(reason.code, reason.message, reason.detail));
          else reject(reason);
        };
        const split = () => undefined;
        enqueue({ bodies, command: () => command, settle: resolve, reject: rejectOrRefuse, split });
      });
    },
    flush,
    drained: () =>
      new Promise((resolve) => {
        drainWaiters.push(resolve);
        wakeDrained();
      }),
    reconnected(welcome) {
      // A lower term is another database: there, nothing of it was ever stored.
      const isForgotten = isRemembered && welcome.isKnown === false && welcome.epoch > epoch;
      epoch = welcome.epoch;
      isRemembered = welcome.isKnown === true;
      if (isForgotten) for (const draft of [...open.values()]) fail(draft, forgotten());
      const again = [...open.values()];
      if (again.length > 0 && !isIsolating) void deliver(again);
      else flush();
    },
    unreadable() {
      unread.abort(new UnreadableError("the host cannot read this"));
      unread = new AbortController();
      if (!isIsolating) void isolate([...open.values()]);
    },
    close(reason) {
      closed = reason;
      const blocked = [...lines.values()].flatMap(({ waiting }) => waiting.map(({ draft }) => draft));
      const rest = [...open.values(), ...unsent, ...blocked];
      lines.clear();
      open.clear();
      unsent = [];
      for (const draft of rest) draft.reject(reason);
      wakeDrained();
    },
  };
}

/** The command as a host of this minor wire version reads it. */
function readable(command: ClientCommand, minor: number): ClientCommand {
  if (minor >= MINOR_COLUMNS) return command;
  if (command.type === "send" || command.type === "publish") return withoutColumns(command);
  return command.type === "transaction" ? { ...command, sends: command.sends.map(withoutColumns) } : command;
}

/** Sent messages: from then on the host keeps the answers of this client. */
const hasStored = (outcome: Outcome): boolean => {
  const { count = 0, duplicates = [] } = (outcome.ok && (outcome.value as Partial<SendValue> | undefined)) || {};
  return count > duplicates.length;
};

const forgotten = () =>
  new QueueError("host-lost", "this client was away for so long that nobody knows any more whether this was done");

/** The host read nothing of the message: like a body that could not be cloned. */
class UnreadableError extends Error {
  override readonly name = "DataCloneError";
}

const isCloneError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && Reflect.get(error, "name") === "DataCloneError";

const isHostLost = (error: unknown): boolean => error instanceof QueueError && error.code === "host-lost";

function notCloneable({ bodies }: Draft, cause: unknown): QueueError {
  for (const [index, body] of bodies.entries()) {
    const found = findUncloneable(body);
    if (found === undefined) continue;
    const where = bodies.length > 1 ? `message ${index}: ` : "";
    const message = `${where}${found.path} is ${found.what}, which cannot be sent and stored`;
    return new QueueError("not-cloneable", message, { cause, detail: { index, path: found.path } });
  }
  return new QueueError("not-cloneable", "the body cannot be cloned", { cause });
}

/** The host knows which body was refused; where in it, only its sender can say. */
function named(draft: Draft, outcome: Outcome): Outcome {
  if (outcome.ok || outcome.code !== "not-cloneable") return outcome;
  const { message, detail } = notCloneable(draft, undefined);
  if (detail === undefined) return outcome;
  const index: unknown =
    typeof outcome.detail === "object" && outcome.detail ? Reflect.get(outcome.detail, "index") : undefined;
  return { ...outcome, message, detail: { ...(detail as object), ...(index !== undefined && { index }) } };
}
