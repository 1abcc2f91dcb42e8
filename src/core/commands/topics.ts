// Topics: what is published goes to every subscription whose filter it passes. A subscription is a queue.
// Invariants: a body is stored once, however many subscriptions it goes to; all of them accept it, or none.

import type { Headers } from "../log/bodies.js";
import type { Change, ChangeOf } from "../log/journal.js";
import { forEachSeq } from "../log/ranges.js";
import { type SubscriptionFilter, subscriptionQueue } from "../spec/subscription.js";
import type { Instant } from "../spec/time.js";
import type { State, Subscriptions } from "../state/state.js";
import {
  type CommandOf,
  type Decision,
  done,
  type PublishValue,
  pickColumns,
  type Send,
  type SendSegment,
} from "./commands.js";
import { batchesOf, send } from "./send.js";

export function passes(filter: SubscriptionFilter, headers: Headers = {}): boolean {
  return Object.entries(filter).every(([name, match]) => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (typeof match === "object" && "exists" in match) return match.exists === (value !== undefined);
    if (value === undefined) return false;
    if (typeof match === "string") return value === match;
    return "prefix" in match ? value.startsWith(match.prefix) : match.includes(value);
  });
}

export function subscribe(state: State, { topic, subscription, filter: given }: CommandOf<"subscribe">): Decision {
  const known = state.topics.get(topic)?.get(subscription);
  const filter = given ?? known ?? {};
  const isSame = known !== undefined && JSON.stringify(known) === JSON.stringify(filter);
  return done(isSame ? [] : [{ type: "subscribed", topic, subscription, filter }]);
}

export function unsubscribe(state: State, { topic, subscription }: CommandOf<"unsubscribe">): Decision {
  const isKnown = state.topics.get(topic)?.has(subscription);
  return done(isKnown ? [{ type: "unsubscribed", topic, subscription }] : []);
}

/** Of a queue that is deleted, if it is a subscription: what is published goes there no more. */
export function endSubscription(state: State, queue: string): readonly Change[] {
  const end = queue.lastIndexOf("/");
  if (end < 0) return [];
  const topic = queue.slice(0, end);
  return unsubscribe(state, { type: "unsubscribe", topic, subscription: queue.slice(end + 1) }).changes;
}

export function publish(state: State, command: CommandOf<"publish">, now: Instant): Decision {
  const { topic, sizes, headers } = command;
  const all = [...sizes.keys()];
  const subscriptions = sizes.map(() => 0);
  // Bodies are numbered before the messages that refer to them.
  let nextSeq = state.nextSeq + sizes.length;
  const parts: { readonly decision: Decision; readonly chosen: readonly number[]; readonly firstSeq: number }[] = [];
  for (const [name, filter] of state.topics.get(topic) ?? []) {
    const isAll = Object.keys(filter).length === 0;
    const chosen = isAll ? all : all.filter((i) => passes(filter, headers?.[i]));
    if (chosen.length === 0) continue;
    const part: Send = {
      ...choose(command, chosen),
      type: "send",
      queue: subscriptionQueue(topic, name),
      atomic: true,
    };
    const decision = send({ ...state, nextSeq }, part, now);
    if (!decision.outcome.ok) return decision;
    const taken = decision.bodies ?? chosen.map((_, i) => i);
    const bodies = taken.map((i) => chosen[i] as number);
    for (const body of bodies) subscriptions[body] = (subscriptions[body] as number) + 1;
    parts.push({ decision, chosen: bodies, firstSeq: nextSeq });
    nextSeq += bodies.length;
  }
  const stored = all.filter((i) => (subscriptions[i] as number) > 0);
  const value: PublishValue = { subscriptions };
  if (stored.length === 0) return done([], value);
  const bodySeqs = new Map(stored.map((body, i) => [body, state.nextSeq + i]));
  const changes: Change[] = [
    ...batchesOf(
      state.nextSeq,
      stored.map((body) => sizes[body] as number),
    ),
    ...parts.flatMap(({ decision, chosen, firstSeq }) =>
      decision.changes.flatMap((change) =>
        refer(change, (bodySeq) => bodySeqs.get(chosen[bodySeq - firstSeq] as number) as number),
      ),
    ),
    // From here on the messages alone keep the bodies.
    { type: "released", seqs: [state.nextSeq, stored.length] },
  ];
  return { ...done(changes, value), bodies: stored };
}

/** The messages at these places, which rise. What was alike stays together: a thousand alike are one change. */
function choose(command: CommandOf<"publish">, places: readonly number[]) {
  const { segments, sizes, groups, priorities, times } = command;
  if (places.length === sizes.length) return { segments, sizes, groups, priorities, times };
  const chosen: SendSegment[] = [];
  let start = 0;
  let next = 0;
  for (const segment of segments) {
    const end = start + segment.count;
    const first = next;
    while (next < places.length && (places[next] as number) < end) next++;
    const { deduplicationIds } = segment;
    const ids = deduplicationIds && places.slice(first, next).map((i) => deduplicationIds[i - start] as string);
    if (next > first) chosen.push({ ...segment, count: next - first, ...(ids && { deduplicationIds: ids }) });
    start = end;
  }
  return { segments: chosen, sizes: places.map((i) => sizes[i] as number), ...pickColumns(command, places) };
}

/** The same change, referring to bodies that it shares with others. */
export function refer(change: Change, bodyOf: (bodySeq: number) => number): Change[] {
  if (change.type === "stored") return [];
  if (change.type === "replaced") return [{ ...change, bodySeq: bodyOf(change.bodySeq), isShared: true }];
  if (change.type !== "accepted" && change.type !== "overflowed") return [change];
  const { seq, bodySeq, groups, deduplicationIds } = change;
  const { priorities, dueAts } = change.type === "accepted" ? change : { ...change, dueAts: undefined };
  const parts: Change[] = [];
  let start = 0;
  for (let end = 1; end <= change.count; end++) {
    if (end < change.count && bodyOf(bodySeq + end) === bodyOf(bodySeq + start) + end - start) continue;
    parts.push({
      ...change,
      seq: seq + start,
      bodySeq: bodyOf(bodySeq + start),
      count: end - start,
      isShared: true,
      ...(typeof groups === "object" && { groups: groups.slice(start, end) }),
      ...(priorities && { priorities: priorities.slice(start, end) }),
      ...(dueAts && { dueAts: dueAts.slice(start, end) }),
      ...(deduplicationIds && { deduplicationIds: deduplicationIds.slice(start, end) }),
    });
    start = end;
  }
  return parts;
}

/** Applies what concerns topics. */
export function applySubscription(state: State, change: ChangeOf<"subscribed" | "unsubscribed" | "released">): void {
  if (change.type === "released") return forEachSeq(change.seqs, (seq) => state.batches.release(seq, 1));
  const subscriptions: Subscriptions = state.topics.get(change.topic) ?? new Map();
  if (change.type === "subscribed") {
    subscriptions.set(change.subscription, change.filter);
    state.topics.set(change.topic, subscriptions);
  } else {
    subscriptions.delete(change.subscription);
    if (subscriptions.size === 0) state.topics.delete(change.topic);
  }
}
