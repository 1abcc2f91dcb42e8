// What the engine promises, as naively as it can be said: an array of messages, searched from end to end.
// Written from the guarantees. Where they leave a choice (the jitter of a retry), the model looks at what was chosen
// and checks that it was allowed.

import { expect } from "vitest";
import type {
  Command,
  Send,
  SendValue,
  SettleValue,
  TransactionValue,
  Verdict,
} from "../../src/core/commands/commands.js";
import type { Failure, LeaseMode, Outcome, Seq } from "../../src/core/log/journal.js";
import { seqsOf } from "../../src/core/log/ranges.js";
import type { ScheduleSpec } from "../../src/core/spec/schedule-spec.js";
import { type Backoff, DEFAULT_SETTINGS, type QueueSettings } from "../../src/core/spec/settings.js";
import type { SubscriptionFilter } from "../../src/core/spec/subscription.js";
import { holds, same } from "./expectations.js";

const WAITING = ["ready", "delayed", "blocked"] as const;

export interface ModelMessage {
  readonly seq: Seq;
  /** What its body is called: see the world's `contents`. */
  body: string;
  readonly queue: string;
  readonly priority: number;
  readonly sentAt: number;
  readonly groupId: string | undefined;
  state: "ready" | "delayed" | "blocked" | "leased" | "dead";
  attempts: number;
  dueAt: number;
  /** Its time is an instant that was named: a clock that is set back does not move it. */
  isInstant: boolean;
  /** Infinite when it never expires. */
  expiresAt: number;
  /** Place in the line; what comes back without a verdict goes ahead of the line, by its number. */
  place: number;
  isBack: boolean;
  isSuspect: boolean;
  /** Nobody said how its last attempt went. */
  isOrphan: boolean;
  /** A handler may have had it, before the one that has it now. */
  redelivered: boolean;
  /** It waits for a token of its group, and but for that until here. */
  untokenedAt: number | undefined;
  /** The one of its group that is ready, delayed or leased. */
  isHead: boolean;
  /** A dead letter that those behind it in its group wait for. */
  keepsPlace: boolean;
  lease: { readonly client: string; readonly grant: string; readonly mode: LeaseMode; until: number } | undefined;
  reason: string | undefined;
  diedIn: number;
}

/** What the engine did with a command, as far as it was free to choose. */
export interface Seen {
  /** The numbers of the messages that a queue accepted with the command. */
  accepted(queue: string): Seq[];
  readonly outcome: Outcome;
  readonly serial: number;
  /** The messages of a grant, in the order of the hand-out. */
  leased(grant: string): Seq[];
  /** When it is due, but for the limit of its group. */
  dueAt(seq: Seq): number;
  /** Dead letters in the order they died, as they were before the command. */
  readonly dead: readonly Seq[];
}

interface ModelQueue {
  settings: QueueSettings;
  maxDeliveriesEver: number;
  paused: boolean;
  readonly gone: { acked: number; purged: number; replaced: number; quarantined: number };
  accepted: number;
  /** In the order they were made. */
  readonly schedules: Map<string, { spec: ScheduleSpec; body: string; nextAt: number | undefined }>;
  /** When the buckets of the rate limit are full again, by group; "" is the queue's. */
  readonly fullAt: Map<string, number>;
  /** In the order of acceptance. */
  ids: { readonly id: string; readonly seq: Seq; readonly at: number; readonly canReplace: boolean }[];
}

export interface Model {
  readonly messages: readonly ModelMessage[];
  readonly queues: ReadonlyMap<string, ModelQueue>;
  /** Time passes: what is due gets ready, leases whose time is up end. */
  /** Time has passed; or the clock was set back by so much before. */
  tick(now: number, setBackMs?: number): void;
  apply(command: Command, now: number, seen: Seen): void;
}

type Messages = Omit<Send, "type" | "atomic">;
const TIMED_OUT: Failure = { name: "timeout", message: "" };

type Of<Type extends Command["type"]> = Extract<Command, { type: Type }>;

/** The filters that the steps know. */
function isWanted(filter: SubscriptionFilter, headers: Readonly<Record<string, string>> = {}): boolean {
  const { k, j } = filter;
  if (j) return headers.j === undefined;
  if (k === "a") return headers.k === "a";
  return k === undefined || headers.k !== undefined;
}

export function createModel(idOf: (seq: Seq) => string): Model {
  let messages: ModelMessage[] = [];
  const queues = new Map<string, ModelQueue>();
  /** Messages that the send under way gives another body. */
  const replacedIn = new Map<ModelMessage, ModelQueue>();
  const subscriptions = new Map<string, SubscriptionFilter>();
  let places = 0;
  let commands = 0;

  const queueOf = (name: string): ModelQueue => {
    const known = queues.get(name);
    if (known) return known;
    const gone = { acked: 0, purged: 0, replaced: 0, quarantined: 0 };
    const counts = { maxDeliveriesEver: 0, gone, accepted: 0, schedules: new Map() };
    const fresh: ModelQueue = { settings: DEFAULT_SETTINGS, paused: false, ...counts, fullAt: new Map(), ids: [] };
    queues.set(name, fresh);
    return fresh;
  };
  const all = (queue: string, ...states: string[]) =>
    messages.filter((message) => message.queue === queue && states.includes(message.state));
  const heldBy = (client: string) => messages.filter((message) => message.lease?.client === client);
  const depth = (queue: string) => all(queue, ...WAITING, "leased").length;
  const find = (client: string, grant: string, seq: Seq, now: number) =>
    messages.find(
      ({ seq: other, lease }) =>
        other === seq && lease?.grant === grant && lease.client === client && lease.until > now,
    );
  const remove = (gone: readonly ModelMessage[]) => {
    messages = messages.filter((message) => !gone.includes(message));
  };
  const groupOf = ({ queue, groupId }: ModelMessage) =>
    messages.filter((message) => groupId !== undefined && message.groupId === groupId && message.queue === queue);

  /** Tokens in a bucket, and when there is the next one. A little less than a token counts as one. */
  const bucketOf = (name: string, per: "queue" | "group", key: string, now: number) => {
    const { rateLimit } = queueOf(name).settings;
    if (!rateLimit || (rateLimit.per ?? "queue") !== per) return { tokens: Number.POSITIVE_INFINITY, nextAt: now };
    const { limit, intervalMs } = rateLimit;
    const emptyAt = (queueOf(name).fullAt.get(key) ?? 0) - intervalMs;
    const tokens = Math.min(limit, Math.max(0, Math.floor(((now - emptyAt) * limit) / intervalMs + 1e-3)));
    return { tokens, nextAt: Math.ceil(emptyAt + (intervalMs / limit) * (1 - 1e-3)) };
  };
  const spend = (name: string, per: "queue" | "group", key: string, now: number) => {
    const { settings, fullAt } = queueOf(name);
    const { rateLimit } = settings;
    if (!rateLimit || (rateLimit.per ?? "queue") !== per) return;
    fullAt.set(key, Math.max(fullAt.get(key) ?? 0, now) + rateLimit.intervalMs / rateLimit.limit);
  };
  const line = (message: ModelMessage, now: number, isBack: boolean) => {
    if (message.groupId !== undefined) {
      const { tokens, nextAt } = bucketOf(message.queue, "group", message.groupId, now);
      if (tokens === 0 && nextAt > Math.max(now, message.dueAt))
        Object.assign(message, { untokenedAt: message.dueAt, dueAt: nextAt, isInstant: false });
    }
    message.isHead = true;
    message.state = message.dueAt > now ? "delayed" : "ready";
    message.isBack = isBack && message.state === "ready";
    message.place = ++places;
  };
  /** The first of a group that waits goes on, if nobody is before it. */
  const goOn = (group: readonly ModelMessage[], now: number) => {
    if (group.some((message) => message.isHead)) return;
    const first = group.filter((message) => message.state === "blocked").sort((a, b) => a.seq - b.seq)[0];
    if (first && !group.some(({ keepsPlace, seq }) => keepsPlace && seq < first.seq)) line(first, now, false);
  };
  const wait = (message: ModelMessage, dueAt: number, now: number, isBack = false) => {
    Object.assign(message, {
      lease: undefined,
      isHead: false,
      isBack: false,
      state: "blocked",
      dueAt,
      untokenedAt: undefined,
    });
    const group = groupOf(message);
    const isNext = !group.some(({ isHead, state, keepsPlace, seq }) => {
      return isHead || ((state === "blocked" || keepsPlace) && seq < message.seq);
    });
    if (isNext) line(message, now, isBack);
    else goOn(group, now);
  };
  const comeBack = (
    message: ModelMessage,
    now: number,
    attempts: number,
    isSuspect: boolean,
    delayMs = 0,
    unstarted = false,
  ) => {
    const redelivered = message.redelivered || !unstarted;
    Object.assign(message, { attempts, isSuspect, redelivered, isInstant: false });
    wait(message, now + delayMs, now, true);
  };
  const bury = (message: ModelMessage, reason: string) => {
    const { settings } = queueOf(message.queue);
    const keepsPlace = message.groupId !== undefined && reason !== "expired" && settings.onGroupFailure === "block";
    const expiresAt = Number.POSITIVE_INFINITY;
    if (message.lease) message.redelivered = true;
    const over = {
      lease: undefined,
      state: "dead",
      isHead: false,
      isSuspect: false,
      isOrphan: false,
      isInstant: false,
    };
    Object.assign(message, { ...over, reason, keepsPlace, expiresAt, diedIn: commands });
  };
  const die = (message: ModelMessage, reason: string, now: number) => {
    bury(message, reason);
    goOn(groupOf(message), now);
  };
  const isSpent = ({ queue, attempts }: ModelMessage) => attempts >= queueOf(queue).settings.maxDeliveries;

  const fail = (
    message: ModelMessage,
    now: number,
    seen: Seen,
    { delayMs, failure }: Omit<Extract<Verdict, { type: "retry" }>, "type">,
  ) => {
    if (isSpent(message)) return die(message, "max-deliveries", now);
    // Its handler had its say.
    if (failure) message.isOrphan = false;
    const dueAt = seen.dueAt(message.seq);
    const { type, baseMs, maxMs, jitter }: Backoff = queueOf(message.queue).settings.backoff;
    const most = Math.min(maxMs, type === "fixed" ? baseMs : baseMs * 2 ** (message.attempts - 1));
    const least = jitter === "full" ? 0 : most;
    const waits = dueAt - now;
    holds(
      waits >= (delayMs ?? least) && waits <= (delayMs ?? most),
      `a retry waits ${waits} of ${least} to ${most} ms`,
    );
    Object.assign(message, { isSuspect: false, redelivered: true, isInstant: false });
    wait(message, dueAt, now);
  };

  /** Leases that ended with nobody saying how the attempt went. Only who was alone can be to blame for a death. */
  const abandon = (ended: readonly ModelMessage[], isGone: boolean, now: number) => {
    const alone = new Set(ended.filter((one) => one.isSuspect || heldBy(one.lease?.client as string).length === 1));
    for (const message of ended) {
      const isReceived = message.lease?.mode === "receive" && !isGone;
      const isCounted = isReceived || alone.has(message);
      if (isCounted && isSpent(message)) die(message, "max-deliveries", now);
      else {
        const isSuspect = !isReceived && (message.isSuspect || message.isOrphan);
        message.isOrphan = true;
        comeBack(message, now, message.attempts - (isCounted ? 0 : 1), isSuspect);
      }
    }
  };

  const leave = (message: ModelMessage, now: number) => {
    const group = groupOf(message).filter((other) => other !== message);
    remove([message]);
    goOn(group, now);
  };

  const conclude = (message: ModelMessage, verdict: Verdict, now: number, seen: Seen) => {
    const { gone } = queueOf(message.queue);
    if (verdict.type === "ack") {
      gone.acked++;
      leave(message, now);
    } else if (verdict.type === "retry") fail(message, now, seen, verdict);
    else if (verdict.type === "dead") die(message, verdict.reason, now);
    else {
      const { suspect = false, unstarted, delayMs } = verdict;
      comeBack(message, now, message.attempts - 1, message.isSuspect || suspect, delayMs, unstarted);
    }
  };

  /** What a send does with each message, one after the other, and why it goes no further. */
  const plan = (command: Messages, now: number, freed = 0) => {
    const queue = queueOf(command.queue);
    const { deduplicationMode, deduplicationWindowMs, maxDeduplicationIds, maxMessages } = queue.settings;
    let place = 0;
    const each = command.segments.flatMap((segment) =>
      Array.from({ length: segment.count }, (_, i) => {
        const at = place++;
        const { priority, deliverAt, delayMs } = segment;
        const time = command.times?.[at];
        return {
          ...segment,
          id: segment.deduplicationIds?.[i],
          priority: command.priorities?.[at] ?? priority,
          deliverAt: deliverAt === undefined ? undefined : (time ?? deliverAt),
          delayMs: delayMs === undefined ? undefined : (time ?? delayMs),
        };
      }),
    );
    const steps: ({ readonly fresh: true } | { readonly first: number } | { readonly replaces: ModelMessage | Seq })[] =
      [];
    const newIds = new Map<string, number>();
    let room = maxMessages - depth(command.queue) + freed;
    let idsLeft = maxDeduplicationIds - queue.ids.length;
    for (const [i, { id }] of each.entries()) {
      const first = id === undefined ? undefined : newIds.get(id);
      const known = queue.ids.find((one) => one.id === id);
      const isRemembered = known && known.at + deduplicationWindowMs > now;
      const waiting =
        known?.canReplace &&
        messages.find(({ seq, state }) => seq === known.seq && /ready|delayed|blocked/.test(state));
      if (first !== undefined) steps.push({ first });
      else if (isRemembered && deduplicationMode === "drop") steps.push({ replaces: known.seq });
      else if (isRemembered && waiting) steps.push({ replaces: waiting });
      else {
        if (--room < 0 || (id !== undefined && !known && --idsLeft < 0)) break;
        if (id !== undefined) newIds.set(id, i);
        steps.push({ fresh: true });
      }
    }
    return { each, steps };
  };

  const send = (command: Of<"send">, now: number, { outcome, serial }: Seen) => {
    const planned = plan(command, now);
    const { each, steps } = planned;
    const isRefused = steps.length < each.length;
    if (isRefused && (command.atomic || steps.length === 0)) {
      return expect(outcome).toMatchObject({ ok: false, code: "full" });
    }
    const { value } = outcome as { value: SendValue };
    expect(value?.refused?.code).toBe(isRefused ? "full" : undefined);
    accept(command, planned, { duplicates: [], ...value }, now, (i) => `${serial}/${i}`);
  };

  const accept = (
    command: Messages,
    { each, steps }: ReturnType<typeof plan>,
    value: Omit<SendValue, "term">,
    now: number,
    bodyOf: (index: number) => string,
  ) => {
    const queue = queueOf(command.queue);
    const isReplacing = queue.settings.deduplicationMode === "replace";
    expect(value).toMatchObject({ count: steps.length });
    const { seq, duplicates } = value;
    const sent = new Map<number, ModelMessage>();
    const told = duplicates && new Map(duplicates);
    steps.forEach((step, i) => {
      const body = bodyOf(i);
      if (!("fresh" in step)) {
        const first = "first" in step ? (sent.get(step.first) as ModelMessage) : step.replaces;
        if (isReplacing) (first as ModelMessage).body = body;
        if (isReplacing && "replaces" in step) replacedIn.set(first as ModelMessage, queue);
        if (told) same(told.get(i), idOf(typeof first === "number" ? first : first.seq), "the first of a duplicate");
        return;
      }
      same(told?.get(i), undefined, "a message that is no duplicate");
      const {
        priority,
        delayMs = 0,
        deliverAt: instant,
        ttlMs = queue.settings.ttlMs,
        id,
      } = each[i] as (typeof each)[number];
      const fresh = { seq: seq + sent.size, body, queue: command.queue, priority, sentAt: now, attempts: 0 };
      const unset = {
        isSuspect: false,
        isOrphan: false,
        redelivered: false,
        untokenedAt: undefined,
        groupId: (command.groups as readonly string[] | undefined)?.[i] || undefined,
        isHead: false,
        keepsPlace: false,
        lease: undefined,
        reason: undefined,
        diedIn: 0,
        isBack: false,
        state: "ready",
        dueAt: 0,
        isInstant: false,
        expiresAt: now + (ttlMs ?? Number.POSITIVE_INFINITY),
        place: 0,
      };
      const message = { ...fresh, ...unset } as ModelMessage;
      messages.push(message);
      const dueAt = Math.max(instant ?? now + delayMs, now);
      message.isInstant = instant !== undefined && dueAt > now;
      wait(message, dueAt, now);
      queue.accepted++;
      sent.set(i, message);
      if (id === undefined) return;
      queue.ids = queue.ids.filter((one) => one.id !== id);
      queue.ids.push({ id, seq: message.seq, at: now, canReplace: isReplacing });
    });
    for (const replacedQueue of replacedIn.values()) {
      replacedQueue.accepted++;
      replacedQueue.gone.replaced++;
    }
    replacedIn.clear();
  };

  const nextFor = (client: string, name: string, max: number, now: number): ModelMessage[] => {
    const queue = queueOf(name);
    const isPaused = queue.paused || all(name, "dead").length >= queue.settings.maxDeadLetters;
    const held = heldBy(client);
    const heldHere = held.filter((message) => message.queue === name);
    if (max <= 0 || isPaused || heldHere.some((message) => message.isSuspect)) return [];
    const ready = all(name, "ready").sort(
      (a, b) =>
        b.priority - a.priority ||
        Number(b.isBack) - Number(a.isBack) ||
        (a.isBack ? a.seq - b.seq : a.place - b.place),
    );
    const suspects = ready
      .filter((message) => message.isSuspect)
      .sort((a, b) => b.priority - a.priority || a.seq - b.seq);
    const isAlive = (message: ModelMessage) => message.expiresAt > now;
    if (suspects.length === 0) return ready.filter(isAlive).slice(0, max);
    const canTake = heldHere.length === 0 && !held.some((message) => message.isSuspect);
    return canTake ? suspects.slice(0, 1).filter(isAlive) : [];
  };

  const deliver = (command: Of<"deliver">, now: number, seen: Seen) => {
    const { client, grant, mode } = command;
    const queue = queueOf(command.queue);
    const { maxInFlight } = queue.settings;
    const slots = maxInFlight ? Math.max(0, maxInFlight - all(command.queue, "leased").length) : command.max;
    const { tokens } = bucketOf(command.queue, "queue", "", now);
    const expected = nextFor(client, command.queue, Math.min(command.max, slots, tokens), now);
    same(
      seen.leased(grant),
      expected.map((message) => message.seq),
      `handed out to ${client}`,
    );
    for (const message of expected) {
      message.state = "leased";
      spend(command.queue, "queue", "", now);
      if (message.groupId !== undefined) spend(command.queue, "group", message.groupId, now);
      message.attempts++;
      message.lease = { client, grant, mode, until: now + (command.leaseMs ?? queue.settings.leaseMs) };
      holds(message.attempts <= queue.maxDeliveriesEver, `message ${message.seq} is delivered too often`);
    }
  };

  const settle = (command: Of<"settle">, now: number, seen: Seen) => {
    const lost = command.settlements.map(({ grant, seqs, verdict }) => {
      const lostHere = seqsOf(seqs).filter((seq) => {
        const message = find(command.client, grant, seq, now);
        if (message) conclude(message, verdict, now, seen);
        return message === undefined;
      });
      return { grant, seqs: lostHere };
    });
    const told = (seen.outcome as { value: SettleValue }).value.lost;
    same(
      told.map(({ grant, seqs }) => ({ grant, seqs: seqsOf(seqs) })),
      lost.filter(({ seqs }) => seqs.length > 0),
      "what was lost",
    );
  };

  const transact = (command: Of<"transaction">, now: number, seen: Seen) => {
    const { client, sends, settlements } = command;
    const settled = settlements.flatMap(({ grant, seqs, verdict }) =>
      seqsOf(seqs).map((seq) => ({ message: find(client, grant, seq, now), verdict })),
    );
    const isLost = settled.some(({ message }) => message === undefined);
    if (isLost || new Set(settled.map(({ message }) => message)).size < settled.length) {
      return expect(seen.outcome).toMatchObject({ ok: false, code: "lease-lost" });
    }
    const leaves = ({ message, verdict: { type } }: (typeof settled)[number]) =>
      type === "ack" || type === "dead" || (type === "retry" && isSpent(message as ModelMessage));
    const planned = sends.map((one) => {
      const gone = settled.filter((part) => part.message?.queue === one.queue && leaves(part));
      return plan(one, now, gone.length);
    });
    if (planned.some(({ each, steps }) => steps.length < each.length)) {
      return expect(seen.outcome).toMatchObject({ ok: false, code: "full" });
    }
    for (const { message, verdict } of settled) conclude(message as ModelMessage, verdict, now, seen);
    const { sends: values } = (seen.outcome as { value: TransactionValue }).value;
    let offset = 0;
    sends.forEach((one, i) => {
      const first = offset;
      const name = (index: number) => `${seen.serial}/${first + index}`;
      accept(one, planned[i] as (typeof planned)[number], { duplicates: [], ...(values[i] as SendValue) }, now, name);
      offset += one.sizes.length;
    });
  };

  const publish = (command: Of<"publish">, now: number, seen: Seen) => {
    const { sizes, headers = [], groups } = command;
    const single = command.segments.flatMap(({ count, deduplicationIds, ...segment }) =>
      Array.from({ length: count }, (_, i) => {
        return { ...segment, count: 1, deduplicationIds: deduplicationIds && [deduplicationIds[i] as string] };
      }),
    );
    const parts = [...subscriptions].map(([queue, filter]) => {
      const chosen = [...sizes.keys()].filter((i) => isWanted(filter, headers[i]));
      const part = {
        queue,
        segments: chosen.map((i) => single[i] as (typeof single)[number]),
        sizes: chosen.map((i) => sizes[i] as number),
        groups: typeof groups === "object" ? chosen.map((i) => groups[i] as string) : groups,
      };
      return { part, chosen, planned: plan(part, now) };
    });
    if (parts.some(({ planned: { each, steps } }) => steps.length < each.length)) {
      return expect(seen.outcome).toMatchObject({ ok: false, code: "full" });
    }
    for (const { part, chosen, planned } of parts) {
      const value = { seq: seen.accepted(part.queue)[0] ?? 0, count: chosen.length };
      accept(part, planned, value, now, (i) => `${seen.serial}/${chosen[i]}`);
    }
    const taken = sizes.map((_, i) => messages.filter(({ body }) => body === `${seen.serial}/${i}`).length);
    same(seen.outcome, { ok: true, value: { subscriptions: taken } }, "who took what was published");
  };

  const schedule = ({ queue, id, spec }: Of<"schedule">, now: number, { outcome, serial }: Seen) => {
    const { schedules } = queueOf(queue);
    const known = schedules.get(id);
    const nextAt = known?.spec.everyMs === spec.everyMs ? known?.nextAt : now + (spec.everyMs ?? 0);
    schedules.set(id, { spec, body: `${serial}/0`, nextAt });
    same(outcome, { ok: true, value: { nextAt } }, "the first tick");
  };

  /** Every tick is a message of its own; those that do not fit are the next. */
  const sendTicks = ({ queue, id, due, nextAt }: Of<"tick">, now: number, seen: Seen) => {
    const known = queueOf(queue).schedules.get(id);
    const seqs = seen.accepted(queue);
    if (known === undefined) return same(seqs, [], "ticks of no schedule");
    const { priority, ttlMs, groupId = "" } = known.spec;
    const part = {
      queue,
      segments: due.map(() => ({ count: 1, priority, ttlMs })),
      sizes: due.map(() => 100),
      groups: due.map(() => groupId),
    };
    const planned = plan(part, now);
    const count = planned.steps.length;
    same(seqs.length, count, "ticks that were sent");
    accept(part, planned, { seq: seqs[0] ?? 0, count }, now, () => known.body);
    if (due.length === 0 || count > 0) known.nextAt = due[count] ?? nextAt;
  };

  const matching = ({ queue, filter: { ids, reason } }: Of<"redrive" | "purge-dead">, seen: Seen) => {
    const dead = all(queue, "dead").sort((a, b) => seen.dead.indexOf(a.seq) - seen.dead.indexOf(b.seq));
    const deaths = dead.map((message) => message.diedIn);
    same(
      deaths,
      [...deaths].sort((a, b) => a - b),
      "dead letters in the order they died",
    );
    return dead.filter(({ seq, reason: why }) => (!ids || ids.includes(idOf(seq))) && (!reason || reason === why));
  };

  const isTooMany = (name: string, more: number) => more > 0 && depth(name) + more > queueOf(name).settings.maxMessages;
  const revive = (message: ModelMessage, now: number) => {
    message.attempts = 0;
    message.reason = undefined;
    message.keepsPlace = false;
    wait(message, now, now);
  };

  const redrive = (command: Of<"redrive">, now: number, seen: Seen) => {
    const chosen = matching(command, seen).slice(0, command.max);
    if (isTooMany(command.queue, chosen.length)) {
      return expect(seen.outcome).toMatchObject({ ok: false, code: "full" });
    }
    expect(seen.outcome).toMatchObject({ ok: true, value: { redriven: chosen.length } });
    for (const message of chosen) revive(message, now);
  };

  const replace = ({ queue, id, isDead }: Of<"replace">, now: number, { outcome, serial }: Seen) => {
    const message = all(queue, ...(isDead ? ["dead"] : WAITING)).find(({ seq }) => idOf(seq) === id);
    if (message && isDead && isTooMany(queue, 1)) return expect(outcome).toMatchObject({ ok: false, code: "full" });
    expect(outcome).toMatchObject({ ok: true, value: { replaced: message !== undefined } });
    if (message === undefined) return;
    if (isDead) revive(message, now);
    message.body = `${serial}/0`;
    queueOf(queue).accepted++;
    queueOf(queue).gone.replaced++;
  };

  const purge = (name: string, gone: readonly ModelMessage[], now: number, { outcome }: Seen) => {
    expect(outcome).toMatchObject({ ok: true, value: { purged: gone.length } });
    queueOf(name).gone.purged += gone.length;
    const groups = gone.map(groupOf);
    remove(gone);
    for (const message of gone) message.keepsPlace = false;
    for (const group of groups)
      goOn(
        group.filter((other) => !gone.includes(other)),
        now,
      );
  };

  /** Groups that wait for a dead letter go on, those of the first dead letter first. */
  const skipDead = (name: string, now: number) => {
    const kept = all(name, "dead").filter((message) => message.keepsPlace);
    for (const message of kept) message.keepsPlace = false;
    for (const message of kept.sort((a, b) => a.seq - b.seq)) goOn(groupOf(message), now);
  };

  /** What lasts a while from some moment on lasts as long as it would have. */
  const setBack = (byMs: number) => {
    for (const message of messages) {
      message.expiresAt -= byMs;
      if (!message.isInstant) message.dueAt -= byMs;
      if (message.untokenedAt !== undefined) message.untokenedAt -= byMs;
      if (message.lease) message.lease.until -= byMs;
    }
    for (const queue of queues.values()) {
      for (const [key, at] of queue.fullAt) queue.fullAt.set(key, at - byMs);
      queue.ids = queue.ids.map((one) => ({ ...one, at: one.at - byMs }));
      for (const schedule of queue.schedules.values()) {
        if (schedule.nextAt !== undefined && schedule.spec.everyMs !== undefined) schedule.nextAt -= byMs;
      }
    }
  };

  /** As many tokens are missing as under the limit before, if it is one of the same kind. */
  const rebase = (name: string, before: QueueSettings["rateLimit"], now: number) => {
    const { settings, fullAt } = queueOf(name);
    const { rateLimit: limit } = settings;
    const isSameKind = limit && before && (limit.per ?? "queue") === (before.per ?? "queue");
    if (!isSameKind) fullAt.clear();
    else {
      for (const [key, at] of fullAt) {
        const missing = (Math.max(0, at - now) * before.limit) / before.intervalMs;
        if (at > now) fullAt.set(key, now + (Math.min(limit.limit, missing) * limit.intervalMs) / limit.limit);
      }
    }
    const waiting = all(name, "delayed").filter(({ untokenedAt }) => untokenedAt !== undefined);
    for (const message of waiting.sort((a, b) => a.dueAt - b.dueAt || a.seq - b.seq)) {
      message.dueAt = message.untokenedAt as number;
      message.untokenedAt = undefined;
      line(message, now, false);
    }
  };

  const apply = (command: Command, now: number, seen: Seen): void => {
    commands++;
    switch (command.type) {
      case "send":
        return send(command, now, seen);
      case "transaction":
        return transact(command, now, seen);
      case "subscribe": {
        const queue = `${command.topic}/${command.subscription}`;
        subscriptions.set(queue, command.filter ?? subscriptions.get(queue) ?? {});
        return;
      }
      case "unsubscribe":
        subscriptions.delete(`${command.topic}/${command.subscription}`);
        return;
      case "publish":
        return publish(command, now, seen);
      case "schedule":
        return schedule(command, now, seen);
      case "unschedule": {
        const removed = queueOf(command.queue).schedules.delete(command.id);
        return same(seen.outcome, { ok: true, value: { removed } }, "whether there was a schedule");
      }
      case "tick":
        return sendTicks(command, now, seen);
      case "deliver":
        return deliver(command, now, seen);
      case "settle":
        return settle(command, now, seen);
      case "extend": {
        const lease = find(command.client, command.grant, command.seq, now)?.lease;
        expect(seen.outcome.ok).toBe(lease !== undefined);
        if (lease === undefined) return;
        lease.until = Math.max(lease.until, now + command.ms);
        same(seen.outcome, { ok: true, value: { until: lease.until } }, "the new end of the lease");
        return;
      }
      case "renew":
        for (const { grant, seqs } of command.held) {
          for (const seq of seqsOf(seqs)) {
            const message = find(command.client, grant, seq, now);
            const lease = message?.lease;
            if (lease) lease.until = Math.max(lease.until, now + queueOf(message.queue).settings.leaseMs);
          }
        }
        return;
      case "quarantine":
        for (const { grant, seqs } of command.held) {
          for (const seq of seqsOf(seqs)) {
            const message = find(command.client, grant, seq, now);
            if (message === undefined) continue;
            queueOf(message.queue).gone.quarantined++;
            remove([message]);
            goOn(groupOf(message), now);
          }
        }
        return;
      case "time-out":
        for (const { grant, seqs } of command.held) {
          for (const seq of seqsOf(seqs)) {
            const message = find(command.client, grant, seq, now);
            if (message) fail(message, now, seen, { failure: TIMED_OUT });
          }
        }
        return;
      case "reclaim": {
        const named = command.held.flatMap(({ grant, seqs }) => seqsOf(seqs).map((seq) => `${grant} ${seq}`));
        for (const message of heldBy(command.client)) {
          if (named.includes(`${message.lease?.grant} ${message.seq}`)) continue;
          comeBack(message, now, message.attempts - 1, message.isSuspect);
        }
        return;
      }
      case "client-gone":
      case "forget-client":
        return abandon(heldBy(command.client), true, now);
      case "configure": {
        const queue = queueOf(command.queue);
        const backoff = { ...queue.settings.backoff, ...command.settings.backoff };
        const { rateLimit } = queue.settings;
        queue.settings = { ...queue.settings, ...command.settings, backoff };
        if (command.settings.rateLimit !== undefined) rebase(command.queue, rateLimit, now);
        if (command.settings.onGroupFailure === "skip") skipDead(command.queue, now);
        return;
      }
      case "pause":
        queueOf(command.queue).paused = command.paused;
        return;
      case "purge": {
        const { ids, state, priority, olderThanMs = Number.NEGATIVE_INFINITY } = command.filter ?? {};
        const meets = (message: ModelMessage) =>
          (priority ?? message.priority) === message.priority &&
          message.sentAt <= now - olderThanMs &&
          (ids?.includes(idOf(message.seq)) ?? true);
        const waiting = all(command.queue, ...(state ? [state] : WAITING)).filter(meets);
        // Who names what is in work takes it away from its consumer.
        const held = ids && state === undefined ? all(command.queue, "leased").filter(meets) : [];
        const gone = [...waiting, ...held];
        return purge(command.queue, gone, now, seen);
      }
      case "delete": {
        const gone = messages.filter(({ queue }) => queue === command.queue);
        expect(seen.outcome).toMatchObject({ ok: true, value: { deleted: gone.length } });
        remove(gone);
        queues.delete(command.queue);
        subscriptions.delete(command.queue);
        return;
      }
      case "purge-dead":
        return purge(command.queue, matching(command, seen), now, seen);
      case "redrive":
        return redrive(command, now, seen);
      case "replace":
        return replace(command, now, seen);
    }
  };

  return {
    get messages() {
      return messages;
    },
    queues,
    tick(now, setBackMs = 0) {
      commands++;
      setBack(setBackMs);
      for (const { ids, settings } of queues.values()) {
        while (ids[0] && ids[0].at + settings.deduplicationWindowMs <= now) ids.shift();
      }
      const due = messages.filter((message) => message.state === "delayed" && message.dueAt <= now);
      due.sort((a, b) => a.dueAt - b.dueAt || a.seq - b.seq);
      for (const message of due)
        Object.assign(message, { state: "ready", untokenedAt: undefined, isBack: false, place: ++places });
      abandon(
        messages.filter(({ lease }) => lease && lease.until <= now),
        false,
        now,
      );
      for (const [name, { settings }] of queues) {
        const overdue = all(name, ...WAITING).filter((message) => message.expiresAt <= now);
        overdue.sort((a, b) => a.expiresAt - b.expiresAt || a.seq - b.seq);
        const room = Math.max(0, settings.maxDeadLetters - all(name, "dead").length);
        const given = overdue.slice(0, room);
        for (const message of given) bury(message, "expired");
        for (const message of given) goOn(groupOf(message), now);
      }
    },
    apply(command, now, seen) {
      apply(command, now, seen);
      for (const queue of queues.values()) {
        queue.maxDeliveriesEver = Math.max(queue.maxDeliveriesEver, queue.settings.maxDeliveries);
      }
    },
  };
}
