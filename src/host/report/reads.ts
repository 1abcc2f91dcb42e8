// What the host answers without changing anything: peek, dead letters, statistics.

import { advance } from "../../core/commands/clock.js";
import { plainIds } from "../../core/commands/encrypt.js";
import { decodeBody } from "../../core/log/bodies.js";
import { countWithin } from "../../core/log/count-within.js";
import { encodeId, seqOf, termOf } from "../../core/log/ids.js";
import { estimateBytes } from "../../core/log/size.js";
import { invalid } from "../../core/spec/check.js";
import type { Instant } from "../../core/spec/time.js";
import type { BatchIndex } from "../../core/state/batch-index.js";
import { hasWork } from "../../core/state/groups.js";
import type { QueueState, State } from "../../core/state/state.js";
import { createQueueState } from "../../core/state/state.js";
import type { QueueLoad } from "../../core/view/meter.js";
import { fatesOf, listDead, type MessageEntry, peek, type QueueStats, statsOf } from "../../core/view/view.js";
import { OWN_QUEUE_PREFIX } from "../../link/rpc/names.js";
import type { MessageFate, MessagePage, MessageView, Page, QueueSummary, ScheduleView } from "../../link/rpc/views.js";
import type { HostRequest } from "../../link/rpc/wire.js";
import type { Bodies, StoredMessage } from "../delivery/bodies.js";
import type { Loop } from "../engine/loop.js";

export interface Reads {
  /** These answer with a page of so many bytes at most, by estimate, but one message always. */
  peek(request: Extract<HostRequest, { op: "peek" }>, bytesMax?: number): Promise<MessagePage>;
  deadLetters(request: Extract<HostRequest, { op: "dead-letters" }>, bytesMax?: number): Promise<MessagePage>;
  /** After one that is gone it begins anew. */
  schedules(request: Extract<HostRequest, { op: "schedules" }>, bytesMax?: number): Promise<Page<ScheduleView>>;
  stats(queue: string): Promise<QueueStats>;
  fates(request: Extract<HostRequest, { op: "fates" }>): Promise<MessageFate[]>;
  groupWaits(request: Extract<HostRequest, { op: "group" }>): Promise<boolean>;
  plainIds(request: Extract<HostRequest, { op: "plain-ids" }>): Promise<[seq: number, id: string][]>;
  queues(): Promise<string[]>;
  summaries(): Promise<QueueSummary[]>;
}

export function createReads(
  loop: Loop,
  bodies: Bodies,
  { now, load, pageBytesMax }: { now(): Instant; load(queue: string): QueueLoad; readonly pageBytesMax: number },
): Reads {
  const view = async (
    name: string,
    bytesMax: number,
    select: (queue: QueueState, state: State) => MessageEntry[],
  ): Promise<MessagePage> => {
    const { entries, isCut } = await loop.read((current) => {
      const queue = current.queues.get(name);
      const selected = queue ? select(queue, current) : [];
      const fitting = countWithin(selected, bytesMax, bytesIn(current.batches));
      return {
        entries: selected.slice(0, fitting).map((entry) => ({ ...entry, term: termOf(current.terms, entry.seq) })),
        isCut: fitting < selected.length,
      };
    });
    const found = await bodies.read(entries.map((entry) => entry.bodySeq));
    const ids = entries.map(({ term, seq }) => encodeId(term, seq));
    return pageOf(entries, ids, found, { bytesMax, isCut });
  };

  return {
    peek: ({ queue: name, max, states, after, skip }, bytesMax = pageBytesMax) =>
      view(name, bytesMax, (queue, current) => {
        advance(current, now());
        const afterSeq = after === undefined ? 0 : seqOf(current, after);
        if (afterSeq === undefined) return invalid("peek().after", after, "the id of a message of this database");
        return peek(queue, { max, states, after: afterSeq, skip });
      }),
    deadLetters: ({ queue: name, max, after }, bytesMax = pageBytesMax) =>
      view(name, bytesMax, (queue, current) => {
        const afterSeq = after === undefined ? 0 : seqOf(current, after);
        const listed = afterSeq === undefined ? undefined : listDead(queue, max, afterSeq);
        return listed ?? invalid("list().after", after, "the id of a dead letter, or of one that left not long ago");
      }),
    stats: (name) =>
      loop.read((current) => {
        advance(current, now());
        return { ...statsOf(current.queues.get(name) ?? createQueueState(name), now()), load: load(name) };
      }),
    fates: ({ queue: name, ids }) =>
      loop.read((current) => {
        const seqs = ids.map((id) => seqOf(current, id));
        return fatesOf(current.queues.get(name) ?? createQueueState(name), seqs).map((fate) =>
          fate.state === "dead" ? { state: fate.state, reason: fate.reason, error: fate.failure } : fate,
        );
      }),
    groupWaits: ({ queue: name, group }) =>
      loop.read((current) => {
        advance(current, now());
        const queue = current.queues.get(name);
        return queue !== undefined && hasWork(queue.groups.get(group));
      }),
    async schedules({ queue: name, after }, bytesMax = pageBytesMax) {
      const { known, isCut } = await loop.read((current) => {
        const all = [...(current.queues.get(name)?.schedules.values() ?? [])];
        const left = all.slice(all.findIndex(({ id }) => id === after) + 1);
        const fitting = countWithin(left, bytesMax, bytesIn(current.batches));
        return { known: left.slice(0, fitting), isCut: fitting < left.length };
      });
      const found = await bodies.read(known.map(({ bodySeq }) => bodySeq));
      const messages = known.map(({ id, spec, nextAt, lastAt }, i): ScheduleView => {
        const { groupId = null, cron = null, everyMs = null, timeZone = null, catchUp, priority, ttlMs } = spec;
        const message = found[i];
        const body = message && decodeBody(message);
        const headers = message?.headers ?? {};
        const when = { cron, timeZone, everyMs, catchUp, nextAt: nextAt ?? null, lastAt: lastAt ?? null };
        return { id, ...when, body, headers, priority, groupId, ...(ttlMs !== undefined && { ttlMs }) };
      });
      return { messages, isCut };
    },
    plainIds: ({ queue: name, max }) =>
      loop.read((current) => {
        const queue = current.queues.get(name);
        return queue ? plainIds(queue, max) : [];
      }),
    queues: () => loop.read((current) => listed(current).map(({ name }) => name)),
    summaries: () =>
      loop.read((current) => {
        advance(current, now());
        return listed(current).map((queue): QueueSummary => {
          const { ready, delayed, leased, blocked, dead, paused, oldestAgeMs } = statsOf(queue, now());
          return { name: queue.name, ready, delayed, leased, blocked, dead, paused, oldestAgeMs };
        });
      }),
  };
}

/** The queues that callers have made. */
export const listed = ({ queues }: State): QueueState[] =>
  [...queues.values()].filter(({ name }) => !name.startsWith(OWN_QUEUE_PREFIX));

/** Estimated bytes of the body of each, by its batch, a large one has one of its own, and of why it died. */
export const bytesIn =
  (batches: BatchIndex) =>
  ({ bodySeq, failure }: Pick<MessageEntry, "bodySeq"> & Partial<MessageEntry>): number => {
    const batch = batches.find(bodySeq);
    return (batch ? batch.bytes / batch.count : 0) + (failure?.message.length ?? 0);
  };

/** A page of these, with what was found of their bodies. Headers lie with the bodies, and are not in their estimate. */
export function pageOf(
  entries: readonly MessageEntry[],
  ids: readonly string[],
  found: readonly (StoredMessage | undefined)[],
  { bytesMax, isCut }: { readonly bytesMax: number; readonly isCut: boolean },
): MessagePage {
  const messages = entries.map((entry, i) => {
    const message = found[i];
    return viewOf(entry, ids[i] as string, message && decodeBody(message), message?.headers ?? {});
  });
  const fitting = countWithin(messages, bytesMax, ({ headers }) => estimateBytes(headers));
  return { messages: messages.slice(0, fitting), isCut: isCut || fitting < messages.length };
}

function viewOf(
  entry: MessageEntry,
  id: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): MessageView {
  const { state, attempts, redelivered, priority, sentAt, deliverAt, expiresAt, reason, failure, diedAt, groupId } =
    entry;
  return {
    id,
    body,
    state,
    attempts,
    redelivered,
    priority,
    groupId: groupId ?? null,
    headers,
    sentAt,
    deliverAt: deliverAt ?? null,
    expiresAt: expiresAt ?? null,
    ...(reason !== undefined && { reason }),
    ...(failure && { error: failure }),
    ...(diedAt !== undefined && { diedAt }),
  };
}
