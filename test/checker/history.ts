// Judges a history of one queue: Jepsen's total-queue terms (lost, unexpected, duplicated, recovered), and beyond
// them stale settlements, attempts, early deliveries, order and conservation. Pure: no clock, no runtime's types.
// Invariant: a problem is reported only where no run of a correct queue could have written that history.

import type { Counted, History } from "./events.js";
import { type Disturbances, type Message, type Seen, see, type Tried } from "./messages.js";

export type { Counted, History, HistoryEvent, Verdict } from "./events.js";

export interface CheckOptions {
  readonly maxDeliveries: number;
  /** Milliseconds by which clocks may differ or be rounded. Default 0. */
  readonly toleranceMs?: number;
  /** The queue was drained before the end: whatever still waits was forgotten. Default true. */
  readonly isDrained?: boolean;
  /**
   * One consumer lived through the whole history, so its handlers start in the order of acceptance. With several, or
   * with one that died, the order of starts says nothing about the order in which messages left. Default false.
   */
  readonly isOrdered?: boolean;
  /** Duplicates that a test allows although living consumers should not see them. Default none. */
  readonly allowed?: readonly Cause[];
}

/** Why a message was delivered again although nobody asked for it. */
export type Cause =
  /** Its consumer died. */
  | "crash"
  /** Its consumer's page was put to sleep. */
  | "suspend"
  /** Its lease ended, and its consumer was told. */
  | "lease-ended"
  /** Its handler ran too long. */
  | "timeout"
  /** The consumer was stopped by force. */
  | "closed"
  /** Its settlement failed for another reason, such as a full disk, and it was told. */
  | "unsettled"
  /** Nothing but the death of its host: never with a living consumer. */
  | "host-lost"
  /** Nothing but a planned change of hosts: never. */
  | "hand-over"
  | "unexplained";

/** No living consumer can have brought these about. */
const UNFOUNDED: ReadonlySet<Cause> = new Set(["host-lost", "hand-over", "unexplained"]);

export interface Loss {
  readonly producer: string;
  /** First and last counter of the stretch. */
  readonly from: number;
  readonly to: number;
  /** Where it lies among what the producer's sends were accepted: a lost tail and a lost prefix have other causes. */
  readonly where: "prefix" | "middle" | "tail" | "all";
  /** `undelivered`: nobody ever got it. `unsettled`: delivered, never settled, and gone. `stuck`: still waits. */
  readonly how: "undelivered" | "unsettled" | "stuck";
}

export interface Report {
  readonly isValid: boolean;
  /** A sentence each, the worst first. Empty when valid. */
  readonly problems: readonly string[];
  /** Bodies of the messages that problems are about. */
  readonly concerned: readonly string[];
  readonly attempted: number;
  readonly sent: number;
  readonly refused: number;
  readonly delivered: number;
  readonly acked: number;
  readonly dead: number;
  /** Sends of unknown outcome that arrived. */
  readonly recovered: number;
  readonly lost: readonly Loss[];
  /** Bodies delivered that nobody had sent, or whose send was refused. */
  readonly unexpected: readonly string[];
  /** Bodies that were accepted under more than one id. */
  readonly storedTwice: readonly string[];
  /** Deliveries beyond those that were asked for, by cause. */
  readonly duplicated: Readonly<Record<Cause, number>>;
  /** Bodies of which a settlement took effect although the delivery was no longer the current one. */
  readonly stale: readonly string[];
  readonly overLimit: readonly string[];
  readonly early: readonly string[];
  readonly outOfOrder: readonly string[];
  /** Messages of a group that were handled while an earlier one of it was not done. */
  readonly outOfTurn: readonly string[];
  /** What does not add up in the queue's own counts. */
  readonly conservation: readonly string[];
}

export function check(history: History, options: CheckOptions): Report {
  const { toleranceMs = 0, isDrained = true, isOrdered = false, allowed = [], maxDeliveries } = options;
  const seen = see(history);
  const messages = [...seen.messages.values()];
  const duplicates = findDuplicates(messages, seen.disturbances);
  const findings = {
    lost: findLost(messages, isDrained),
    unexpected: bodiesOf(messages, (message) => message.ids.size > 0 && (!message.send || message.refused)),
    storedTwice: bodiesOf(messages, (message) => message.ids.size > 1),
    stale: bodiesOf(messages, isStale),
    overLimit: bodiesOf(messages, ({ tries }) => tries.some(({ delivered }) => delivered.attempt > maxDeliveries)),
    early: bodiesOf(messages, (message) => isEarly(message, seen.disturbances, toleranceMs)),
    outOfOrder: isOrdered ? findDisorder(messages) : [],
    outOfTurn: findOutOfTurn(messages),
    conservation: findLeaks(seen, messages),
  };
  const bad = duplicates.filter(({ cause }) => UNFOUNDED.has(cause) && !allowed.includes(cause));
  const problems = [
    ...findings.lost.map(
      ({ producer, from, to, where, how }) => `lost (${how}, ${where}): ${producer}-${from} to ${producer}-${to}`,
    ),
    ...findings.unexpected.map((body) => `unexpected: ${body}`),
    ...findings.storedTwice.map((body) => `stored twice: ${body}`),
    ...findings.stale.map((body) => `a stale settlement took effect: ${body}`),
    ...bad.map(({ body, cause }) => `delivered again (${cause}): ${body}`),
    ...findings.overLimit.map((body) => `more than ${maxDeliveries} attempts: ${body}`),
    ...findings.early.map((body) => `early: ${body}`),
    ...findings.outOfOrder.map((body) => `out of order: ${body}`),
    ...findings.outOfTurn.map((body) => `handled before an earlier message of its group was done: ${body}`),
    ...findings.conservation,
    ...seen.malformed,
  ];
  const { lost, unexpected, storedTwice, stale, overLimit, early, outOfOrder, outOfTurn } = findings;
  const isLost = ({ producer, counter }: Message) =>
    lost.some((loss) => loss.producer === producer && loss.from <= counter && counter <= loss.to);
  const concerned = [
    ...bodiesOf(messages, isLost),
    ...[unexpected, storedTwice, stale, overLimit, early, outOfOrder, outOfTurn].flat(),
    ...bad.map(({ body }) => body),
  ];
  return {
    isValid: problems.length === 0,
    problems,
    concerned: [...new Set(concerned)],
    attempted: count(messages, ({ send }) => send !== undefined),
    sent: count(messages, ({ sent }) => sent !== undefined),
    refused: count(messages, ({ refused }) => refused !== undefined),
    delivered: messages.reduce((sum, { tries }) => sum + tries.length, 0),
    acked: count(messages, ({ tries }) => tries.some(({ settled }) => settled?.event.verdict === "ack")),
    dead: count(messages, ({ dead }) => dead !== undefined),
    recovered: count(messages, ({ sent, refused, ids }) => !sent && !refused && ids.size > 0),
    ...findings,
    duplicated: tally(duplicates),
  };
}

const count = (messages: readonly Message[], is: (message: Message) => boolean) => messages.filter(is).length;
const bodiesOf = (messages: readonly Message[], is: (message: Message) => unknown): string[] =>
  messages.filter(is).map(({ body }) => body);

// ---- lost

/** A settlement that was refused because the delivery was over: by its lease, or its handler's time. */
const isWithoutEffect = (failed: Tried["failed"]): boolean =>
  failed?.code === "lease-lost" || failed?.code === "timeout";

/** A settlement that may have ended the message. */
const mayHaveEnded = ({ settle, failed, settled }: Tried): boolean => {
  const verdict = settle?.event.verdict ?? settled?.event.verdict;
  return (verdict === "ack" || verdict === "dead-letter") && !isWithoutEffect(failed);
};

function howLost(message: Message, isDrained: boolean): Loss["how"] | undefined {
  const isAccepted = message.sent !== undefined || message.tries.length > 0;
  if (message.dead || message.tries.some(mayHaveEnded)) return undefined;
  if (message.waiting) return isDrained ? "stuck" : undefined;
  if (!isAccepted) return undefined;
  return message.tries.length === 0 ? "undelivered" : "unsettled";
}

function findLost(messages: readonly Message[], isDrained: boolean): Loss[] {
  const byProducer = new Map<string, Message[]>();
  for (const message of messages) {
    if (!message.sent && message.ids.size === 0) continue;
    byProducer.set(message.producer, [...(byProducer.get(message.producer) ?? []), message]);
  }
  return [...byProducer].flatMap(([producer, own]) => {
    const sorted = own.sort((a, b) => a.counter - b.counter);
    const stretches: { first: number; last: number; how: Loss["how"] }[] = [];
    sorted.forEach((message, i) => {
      const how = howLost(message, isDrained);
      const open = stretches.at(-1);
      if (how && open?.last === i - 1 && open.how === how) open.last = i;
      else if (how) stretches.push({ first: i, last: i, how });
    });
    return stretches.map(({ first, last, how }): Loss => {
      const isFirst = first === 0;
      const isLast = last === sorted.length - 1;
      const where = isFirst && isLast ? "all" : isFirst ? "prefix" : isLast ? "tail" : "middle";
      return { producer, from: sorted[first]?.counter ?? 0, to: sorted[last]?.counter ?? 0, where, how };
    });
  });
}

// ---- duplicated

function findDuplicates(messages: readonly Message[], disturbances: Disturbances): { body: string; cause: Cause }[] {
  return messages.flatMap(({ body, tries }) =>
    tries.slice(1).flatMap((next, i) => {
      const cause = causeOf(tries[i] as Tried, next, disturbances);
      return cause === undefined ? [] : [{ body, cause }];
    }),
  );
}

/** Why there was a delivery after this one; `undefined` where its consumer asked for it. */
function causeOf(tried: Tried, next: Tried, { byConsumer, hostLost, handOvers }: Disturbances): Cause | undefined {
  const verdict = (tried.settle ?? tried.settled)?.event.verdict;
  const hasNoEffect = isWithoutEffect(tried.failed);
  const isGivenBack = (verdict === "retry" || verdict === "release") && !hasNoEffect;
  if (isGivenBack && (tried.settle?.place ?? 0) < next.place) return undefined;
  if (tried.aborted?.code === "timeout") return "timeout";
  const between = (place: number) => place > tried.place && place < next.place;
  const ofConsumer = byConsumer.get(tried.delivered.consumer) ?? [];
  const own = ofConsumer.find(({ from, to, type }) => from < next.place && to > tried.place && type !== "stall");
  if (own?.type === "crash" || own?.type === "suspend") return own.type;
  if (tried.aborted?.code === "closed") return "closed";
  const { at, leaseMs = Number.POSITIVE_INFINITY } = tried.delivered;
  const isOver = next.delivered.at - at >= leaseMs;
  if (tried.aborted || hasNoEffect || isOver) return "lease-ended";
  // The later one in the history may be the older one, long under way.
  if (next.aborted || isWithoutEffect(next.failed)) return "lease-ended";
  // Its report was under way while its consumer fell asleep, or died: the later one in the history is the older one.
  const late = byConsumer.get(next.delivered.consumer)?.find(({ from, to }) => from < next.place && next.place < to);
  if (late && late.type !== "stall" && !next.settled) return late.type;
  // One of the two stood still, maybe from before on, and died before it could be told.
  const diedUntold = ({ delivered: { consumer } }: Tried) => {
    const own = byConsumer.get(consumer) ?? [];
    const hasStalled = own.some(({ from, type }) => from < next.place && type === "stall");
    return hasStalled && own.some(({ to, type }) => to > next.place && type !== "stall");
  };
  if (diedUntold(tried) || diedUntold(next)) return "crash";
  if (tried.failed || next.failed) return "unsettled";
  if (hostLost.some(between)) return "host-lost";
  return handOvers.some(between) ? "hand-over" : "unexplained";
}

function tally(duplicates: readonly { cause: Cause }[]): Record<Cause, number> {
  const counts: Record<Cause, number> = {
    crash: 0,
    suspend: 0,
    "lease-ended": 0,
    timeout: 0,
    closed: 0,
    unsettled: 0,
    "host-lost": 0,
    "hand-over": 0,
    unexplained: 0,
  };
  for (const { cause } of duplicates) counts[cause]++;
  return counts;
}

// ---- stale settlements

/**
 * A settlement that resolved was either the message's end, then no later delivery can follow; or it gave the message
 * back, then it was called before the next delivery. A delivery of an older lease that only arrived late is told
 * apart by its attempt, and by its settlement having failed.
 */
function isStale({ tries }: Message): boolean {
  return tries.some((tried, i) => {
    const { settled, settle, delivered } = tried;
    if (settled === undefined) return false;
    const isEnd = settled.event.verdict === "ack" || settled.event.verdict === "dead-letter";
    return tries.slice(i + 1).some((later) => {
      const isNewer = later.delivered.attempt > delivered.attempt || later.settled !== undefined;
      const isBefore = settle !== undefined && later.place < settle.place;
      return isNewer && (isEnd || isBefore);
    });
  });
}

// ---- early

function isEarly({ send, tries }: Message, { clock }: Disturbances, toleranceMs: number): boolean {
  /** Milliseconds that the wall clock has gone forward. */
  const passed = (from: number, to: number) =>
    clock.reduce((sum, { at, byMs }) => sum + (byMs > 0 && at >= from && at <= to ? byMs : 0), to - from);
  return tries.some(({ delivered, place }, i) => {
    const isTooSoon = (from: number, delayMs: number) => passed(from, delivered.at) + toleranceMs < delayMs;
    if (send?.delayMs !== undefined && isTooSoon(send.at, send.delayMs)) return true;
    const before = tries[i - 1];
    const { settle, settled } = before ?? {};
    // A retry counts: what has no higher number left before it, and was long under way.
    if (settle?.event.verdict === "retry" && delivered.attempt <= (before?.delivered.attempt ?? 0)) return false;
    // Only a delay that is known to have been taken up, and asked for before: of two, the later one may be the older lease.
    if (settle === undefined || settled === undefined || settle.place > place) return false;
    return settle.event.delayMs !== undefined && isTooSoon(settle.event.at, settle.event.delayMs);
  });
}

// ---- order

/**
 * First deliveries of one producer's messages of one priority that come after a later one. Not of one that the next host
 * accepted, after the later one: the host before had no room for it, and died with the answer.
 */
function findDisorder(messages: readonly Message[]): string[] {
  const latest = new Map<string, Message>();
  const firsts = messages
    .filter(({ send, tries }) => send && send.delayMs === undefined && !send.groupId && tries.length > 0)
    .sort((a, b) => (a.tries[0]?.place ?? 0) - (b.tries[0]?.place ?? 0));
  return bodiesOf(firsts, (message) => {
    const key = `${message.send?.priority ?? ""} ${message.producer}`;
    const before = latest.get(key);
    if (before === undefined || message.counter > before.counter) latest.set(key, message);
    else return termOf(message) === termOf(before) || seqOf(message) < seqOf(before);
    return false;
  });
}

/** Of two messages of a group, the earlier one is done before the later one is handed out. */
function findOutOfTurn(messages: readonly Message[]): string[] {
  const groups = new Map<string, Message[]>();
  for (const message of messages) {
    const groupId = message.send?.groupId;
    if (groupId !== undefined && message.ids.size === 1) groups.set(groupId, [...(groups.get(groupId) ?? []), message]);
  }
  return [...groups.values()].flatMap((members) => {
    const inOrder = members.sort((a, b) => seqOf(a) - seqOf(b));
    const ends: Moment[] = [];
    return inOrder
      .filter(({ tries }) => {
        const [first] = tries;
        const begun = first && { place: first.place, wroteAt: first.delivered.wroteAt };
        const isEarly = begun !== undefined && ends.some((end) => isBefore(begun, end));
        ends.push(...tries.flatMap(endOf));
        return isEarly;
      })
      .map(({ body }) => body);
  });
}

interface Moment {
  readonly place: number;
  readonly wroteAt: number | undefined;
}

/** When a settlement was called that ended the message: until then it was not done. */
const endOf = ({ settle, settled }: Tried): Moment[] =>
  settled?.event.verdict === "ack" && settle ? [{ place: settle.place, wroteAt: settle.event.wroteAt }] : [];

/** Reports of two processes may arrive the other way round: then the clock that both had tells. */
const isBefore = (one: Moment, other: Moment): boolean =>
  one.place < other.place && (one.wroteAt === undefined || other.wroteAt === undefined || one.wroteAt < other.wroteAt);

/** Ids begin with the term of the host that accepted the message. */
const termOf = ({ ids }: Message): string => {
  const [id = ""] = ids;
  return id.slice(0, id.lastIndexOf("-"));
};

/** Ids end with the number of the message, rising in the order of acceptance. */
const seqOf = ({ ids }: Message): number => {
  const [id = ""] = ids;
  return Number.parseInt(id.slice(id.lastIndexOf("-") + 1), 36);
};

// ---- conservation

const placesOf = ({ ready, delayed, leased, blocked, dead }: Counted) => ready + delayed + leased + blocked + dead;
const endsOf = ({ acked, dropped, purged, replaced, quarantined }: Counted) =>
  acked + dropped + purged + replaced + quarantined;

/** Holds the queue's counts against each other, and against what was seen from outside. */
function findLeaks({ stats }: Seen, messages: readonly Message[]): string[] {
  const last = new Map(stats.map((one) => [one.queue ?? "", one] as const));
  if (last.size === 0) return [];
  const leaks: string[] = [];
  let accepted = 0;
  let acked = 0;
  for (const [queue, one] of last) {
    accepted += one.accepted;
    acked += one.acked;
    const found = placesOf(one) + endsOf(one);
    if (one.accepted !== found)
      leaks.push(`conservation: queue "${queue}" accepted ${one.accepted}, accounts for ${found}`);
  }
  const isAck = ({ settle, settled }: Tried) => (settle ?? settled)?.event.verdict === "ack";
  const expect = (what: string, counted: number, least: number, most: number) => {
    if (counted < least || counted > most) leaks.push(`conservation: ${counted} ${what}, seen ${least} to ${most}`);
  };
  const known = count(messages, ({ sent, ids }) => sent !== undefined || ids.size > 0);
  expect(
    "accepted",
    accepted,
    known,
    count(messages, ({ send, refused }) => send !== undefined && !refused),
  );
  const ackedAtLeast = count(messages, ({ tries }) => tries.some((tried) => isAck(tried) && tried.settled));
  const ackedAtMost = count(messages, ({ tries }) =>
    tries.some((tried) => isAck(tried) && !isWithoutEffect(tried.failed)),
  );
  expect("acked", acked, ackedAtLeast, ackedAtMost);
  return leaks;
}
