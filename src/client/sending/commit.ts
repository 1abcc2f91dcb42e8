// Sends and settlements in one command: all of it or nothing.

import type { TransactionValue, Verdict } from "../../core/commands/commands.js";
import type { Seq } from "../../core/log/journal.js";
import { invalid } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { REQUEST_MESSAGES_MAX, TRANSACTION_SENDS_MAX } from "../../core/spec/limits.js";
import { errorOf } from "../../link/rpc/error-of.js";
import { hasFile } from "./files.js";
import type { Item, Receipt } from "./item.js";
import { type QueueRef, queueKnownAs } from "./known.js";
import { messagesOf, receiptsOf } from "./messages.js";
import { checkQueueName, ITEM_SPEC, type SendOptions } from "./options.js";
import type { Pipeline } from "./pipeline.js";
import { withFileRead } from "./reading.js";
import { type Seal, sealOf } from "./sealed.js";
import { itemOf } from "./taken-in.js";
import { turnsOf } from "./turns.js";

/** A message of a transaction, checked. */
export function sendingOf(
  pipeline: Pipeline,
  {
    queue,
    body,
    options,
  }: { readonly queue: QueueRef; readonly body: unknown; readonly options?: SendOptions | undefined },
  where: string,
): Sending {
  const name = typeof queue === "object" && queue !== null ? queue.name : queue;
  checkQueueName(name);
  const opened = typeof queue === "object" ? queueKnownAs(queue) : undefined;
  if (opened && opened.database !== pipeline.database) invalid(`${where}.queue`, queue, "a queue of this database");
  const item = itemOf(body, options, where, ITEM_SPEC);
  const fitting = opened?.assertFits(item);
  // It is looked at when the transaction commits.
  fitting?.catch(() => {});
  return { queue: name, item, fitting, seal: sealOf(pipeline, name) };
}

export interface Sending {
  readonly queue: string;
  readonly item: Item;
  /** Present while a schema takes its time. */
  readonly fitting?: Promise<void> | undefined;
  readonly seal: Seal | undefined;
}

export interface Settling {
  readonly holding: CommittedHolding;
  readonly verdict: Verdict;
}

/** What a transaction has to know of a delivery. */
export interface CommittedHolding {
  readonly grantId: string;
  readonly seq: Seq;
  /** Throws `lease-lost` when it was settled before. */
  assertHeld(): void;
  /**
   * Is settled if `commit` resolves. Held again if it rejects because the transaction was refused; over if nobody can
   * know.
   */
  settleWith(commit: Promise<Committed>): void;
  /** As the host may see it. */
  hidden(verdict: Verdict): Verdict | Promise<Verdict>;
}

export type Committed =
  | { readonly isDone: true; readonly receipts: readonly Receipt[] }
  /** Nothing of it happened. */
  | { readonly isDone: false; readonly error: unknown };

/** Resolves with a receipt for each send once it is durable. */
export async function commit(
  pipeline: Pipeline,
  sends: readonly Sending[],
  settles: readonly Settling[],
): Promise<Receipt[]> {
  if (new Set(settles.map(({ holding }) => holding)).size < settles.length) {
    throw new QueueError("lease-lost", "a delivery is settled twice in one transaction");
  }
  if (sends.length + settles.length === 0) return [];
  for (const { holding } of settles) holding.assertHeld();
  const committing = submit(pipeline, sends, settles);
  for (const { holding } of settles) holding.settleWith(committing);
  const committed = await committing;
  if (!committed.isDone) throw committed.error;
  return [...committed.receipts];
}

async function submit(pipeline: Pipeline, sends: readonly Sending[], settles: readonly Settling[]): Promise<Committed> {
  let prepared: Prepared;
  try {
    const queues = [...new Set(sends.map(({ queue }) => queue))];
    const preparing = prepare(sends, settles);
    const turns = turnsOf(pipeline);
    // At once where nothing takes its time: what is sent after it must not be accepted before it.
    const isReady = !(preparing instanceof Promise) && !turns.isWaiting(queues);
    prepared = isReady ? preparing : await turns.inTurn(queues, Promise.resolve(preparing));
  } catch (error) {
    return { isDone: false, error };
  }
  const { groups, verdicts } = prepared;
  const outcome = await pipeline.transaction({
    type: "transaction",
    sends: [...groups].map(([queue, entries]) =>
      messagesOf(
        queue,
        entries.map(({ item }) => item),
      ),
    ),
    settlements: settles.map(({ holding: { grantId, seq } }, i) => ({
      grant: grantId,
      seqs: [seq, 1],
      verdict: verdicts[i] as Verdict,
    })),
  });
  if (!outcome.ok) return { isDone: false, error: errorOf(outcome) };
  const values = (outcome.value as TransactionValue).sends;
  const receipts: Receipt[] = [];
  [...groups.values()].forEach((entries, i) => {
    const next = receiptsOf(values[i] as TransactionValue["sends"][number]);
    entries.forEach(({ index }, k) => {
      receipts[index] = next(k);
    });
  });
  return { isDone: true, receipts };
}

interface Prepared {
  readonly groups: ReturnType<typeof byQueue>;
  readonly verdicts: readonly Verdict[];
}

/** Throws, or rejects, with what cannot be sent. */
function prepare(sends: readonly Sending[], settles: readonly Settling[]): Prepared | Promise<Prepared> {
  const hidden = settles.map(({ holding, verdict }) => holding.hidden(verdict));
  const whole = (sent: readonly Sending[], verdicts: readonly Verdict[]): Prepared => {
    const groups = byQueue(sent);
    assertCarried(sent, settles, groups.size);
    return { groups, verdicts };
  };
  const takesTime =
    sends.some(({ fitting, item, seal }) => fitting || seal || hasFile(item)) ||
    hidden.some((one) => one instanceof Promise);
  if (!takesTime) return whole(sends, hidden as Verdict[]);
  const fitting = Promise.all(sends.map(({ fitting }) => fitting));
  const making = fitting.then(() => Promise.all(sends.map(made)));
  return Promise.all([making, Promise.all(hidden)]).then((sent) => whole(...sent));
}

/** As it crosses: its files read, and sealed where its queue is encrypted. */
async function made(sending: Sending): Promise<Sending> {
  const item = await withFileRead(sending.item);
  const [sealed = item] = (await sending.seal?.([item])) ?? [];
  return { ...sending, item: sealed };
}

/** What one command carries: the rule of link/rpc/validate.ts. */
function assertCarried(sends: readonly unknown[], settles: readonly unknown[], queues: number): void {
  const most = Math.max(sends.length, settles.length);
  if (most > REQUEST_MESSAGES_MAX) invalid("transaction", most, `of at most ${REQUEST_MESSAGES_MAX} messages`);
  if (queues > TRANSACTION_SENDS_MAX) invalid("transaction", queues, `to at most ${TRANSACTION_SENDS_MAX} queues`);
}

function byQueue(sends: readonly Sending[]) {
  const groups = new Map<string, { item: Item; index: number }[]>();
  sends.forEach(({ queue, item }, index) => {
    const group = groups.get(queue) ?? [];
    groups.set(queue, group);
    group.push({ item, index });
  });
  return groups;
}
