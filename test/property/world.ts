// Drives the engine the way the host does: in turns, each with one time, one list of changes and one record, over a
// disk that keeps the batches. Times, tokens and jitter come from the steps, so a history is its own replay.

import { decodeCheckpoint } from "../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../src/core/checkpoint/checkpoint-encode.js";
import { apply, applyRecord } from "../../src/core/commands/apply.js";
import { advance } from "../../src/core/commands/clock.js";
import type { Command, Held, SendSegment } from "../../src/core/commands/commands.js";
import { decide, decideOnce } from "../../src/core/commands/decide.js";
import { dueQueues } from "../../src/core/commands/due.js";
import { idOf } from "../../src/core/log/ids.js";
import type { Change, JournalRecord, Outcome, Seq } from "../../src/core/log/journal.js";
import { rangesOf } from "../../src/core/log/ranges.js";
import { createState, type State } from "../../src/core/state/state.js";
import { takeEndedGrants } from "../../src/core/view/view.js";
import { CLIENTS, type Pick, type Segment, type Step, type TurnSteps } from "./steps.js";

export interface Sender {
  readonly client: string;
  readonly number: number;
  readonly confirmed: number;
}

/** A numbered command and what came of it. */
export interface Answered {
  readonly from: Sender;
  readonly command: Command;
  readonly outcome: Outcome;
  readonly hasChanged: boolean;
}

export interface Handled {
  readonly command: Command;
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
  /** Which of a send's bodies are stored; missing: as many as are, from the front. */
  readonly bodies?: readonly number[] | undefined;
  /** Number of the command among all; a body is called after it and its place in it. */
  readonly serial: number;
  /** A command that was sent before; its first answer. */
  readonly resent?: Answered | undefined;
}

export interface World {
  readonly state: State;
  readonly now: number;
  readonly journal: readonly JournalRecord[];
  readonly answered: readonly Answered[];
  /** What is stored of the bodies: batches by their key. */
  readonly disk: ReadonlyMap<Seq, readonly Seq[]>;
  /** Which body was stored under a number: the command's serial number and the place in it. */
  readonly contents: ReadonlyMap<Seq, string>;
  readonly checkpoint: { readonly chunks: readonly unknown[]; readonly lsn: number } | undefined;
  turn(turn: TurnSteps, watch?: Watch): Promise<void>;
}

export interface Watch {
  /** The time of the turn has come: what is due was moved, what had ended was expired. */
  onTime?(now: number, setBackMs: number): void;
  /** Before a command is decided. */
  onCommand?(command: Command): void;
  onHandled?(handled: Handled, now: number): void;
}

/** As it comes back from the disk, or from a store that keeps text. */
export const stored = <T>(value: T): T => JSON.parse(JSON.stringify(structuredClone(value))) as T;

export const replay = (records: readonly JournalRecord[], state = createState()): State => {
  for (const record of records) applyRecord(state, stored(record));
  return state;
};

/** So small that most checkpoints are cut in the middle of a queue. */
const ENTRIES_OF_PIECE = 9;

const checkpointOf = (state: State) => structuredClone([...encodeCheckpoint(state, ENTRIES_OF_PIECE)]);

export const fromCheckpoint = (state: State): Promise<State> => decodeCheckpoint(checkpointOf(state));

const termOf = (epoch: number) => epoch.toString(16).padStart(16, "f");

/** `isTerse`: a turn that changed nothing leaves no record, as in the host. */
export function createWorld({ isTerse = false } = {}): World {
  let state = createState();
  let now = 1_000_000;
  let tokens = 0;
  const journal: JournalRecord[] = [];
  const grants: { readonly grant: string; readonly client: string; readonly seqs: readonly Seq[] }[] = [];
  const numbers = new Map<string, number>();
  const answered: Answered[] = [];
  const disk = new Map<Seq, Seq[]>();
  const contents = new Map<Seq, string>();
  let serial = 0;
  let checkpoint: { chunks: readonly unknown[]; lsn: number } | undefined;

  const commit = (changes: readonly Change[], epoch = state.epoch) => {
    if (isTerse && changes.length === 0) return;
    const record = { v: 1, lsn: state.lsn + 1, epoch, at: now, changes };
    journal.push(stored(record));
    state.lsn = record.lsn;
    state.epoch = epoch;
  };

  const takeOver = () => {
    const epoch = state.epoch + 1;
    advance(state, now);
    const change = { type: "took-over", term: termOf(epoch) } as const;
    apply(state, change, now);
    commit([change], epoch);
  };

  const store = (change: Change) => {
    if (change.type === "stored") disk.set(change.firstSeq, seqsFrom(change.firstSeq, change.count));
    if (change.type !== "rewritten") return;
    for (const key of change.removed) disk.delete(key);
    for (const { firstSeq, seqs } of change.added)
      disk.set(
        firstSeq,
        seqs.flatMap((n, i) => (i % 2 ? [] : seqsFrom(n, seqs[i + 1] as number))),
      );
  };

  const pickGrant = ({ back, from, count }: Pick) => {
    const grant = grants[grants.length - 1 - (back % Math.max(1, grants.length))];
    const start = grant ? from % grant.seqs.length : 0;
    return grant && { ...grant, seqs: rangesOf(grant.seqs.slice(start, start + count)) };
  };
  const nextClient = (client: string) => `c${(Number(client.slice(1)) + 1) % CLIENTS}`;
  const heldOf = (picks: readonly Pick[]): Held[] =>
    picks.flatMap((pick) => {
      const picked = pickGrant(pick);
      return picked ? [{ grant: picked.grant, seqs: picked.seqs }] : [];
    });

  const rewriteOf = (from: number, count: number): Change | undefined => {
    const live = state.batches.all();
    const group = live.slice(from % Math.max(1, live.length)).slice(0, count);
    const seqs = group.flatMap((batch) => state.batches.liveSeqs(batch));
    const [firstSeq] = seqs;
    if (firstSeq === undefined) return undefined;
    const bytes = group.reduce((sum, batch) => sum + Math.round((batch.bytes * batch.live) / batch.count), 0);
    return {
      type: "rewritten",
      removed: group.map((batch) => batch.firstSeq),
      added: [{ firstSeq, seqs: rangesOf(seqs), bytes }],
    };
  };

  const deleteFreed = () => {
    const ranges = state.batches.takeFreed();
    for (let i = 0; i < ranges.length; i += 2) {
      for (const key of disk.keys())
        if (key >= (ranges[i] as number) && key <= (ranges[i + 1] as number)) disk.delete(key);
    }
  };

  const messagesOf = (segments: readonly Segment[], bytes: number) => {
    const total = segments.reduce((sum, { count }) => sum + count, 0);
    const groups = segments.flatMap(({ count, groups = [] }) =>
      Array.from({ length: count }, (_, i) => groups[i % groups.length] ?? ""),
    );
    return {
      segments: segments.map(({ deliverInMs, groups: _, ...segment }) => ({
        ...segment,
        deliverAt: deliverInMs === undefined ? undefined : now + deliverInMs,
      })),
      sizes: Array.from({ length: total }, (_, i) => bytes + i),
      ...(groups.some((group) => group !== "") && { groups }),
    };
  };

  /** The same messages, as columns where their segments differ in nothing else. */
  const inColumns = (messages: ReturnType<typeof messagesOf>) => {
    const each = messages.segments.flatMap((segment) => Array.from({ length: segment.count }, () => segment));
    const segments: { -readonly [Key in keyof SendSegment]: SendSegment[Key] }[] = [];
    for (const { deduplicationIds, ...segment } of messages.segments) {
      const last = segments.at(-1);
      const areAlike =
        last?.ttlMs === segment.ttlMs &&
        (last?.deliverAt === undefined) === (segment.deliverAt === undefined) &&
        (last?.delayMs === undefined) === (segment.delayMs === undefined) &&
        (last?.deduplicationIds === undefined) === (deduplicationIds === undefined);
      if (last && areAlike) {
        last.count += segment.count;
        if (deduplicationIds) last.deduplicationIds = [...(last.deduplicationIds ?? []), ...deduplicationIds];
      } else segments.push({ ...segment, ...(deduplicationIds && { deduplicationIds }) });
    }
    return {
      ...messages,
      segments,
      priorities: each.map(({ priority }) => priority),
      times: each.map(({ deliverAt, delayMs }) => deliverAt ?? delayMs ?? 0),
    };
  };

  const settlementsOf = ({ parts: chosen, isForeign }: Extract<Step, { op: "settle" | "transaction" }>) => {
    const parts = chosen.flatMap(({ verdict, ...pick }) => {
      const picked = pickGrant(pick);
      return picked ? [{ client: picked.client, grant: picked.grant, seqs: picked.seqs, verdict }] : [];
    });
    const owner = parts[0]?.client;
    if (owner === undefined) return undefined;
    const settlements = parts.map(({ client: _, ...settlement }) => settlement);
    return { client: isForeign ? nextClient(owner) : owner, settlements };
  };

  /** The command of a step, and who sends it under a number. */
  const commandOf = (step: Step): { readonly command: Command; readonly client?: string } | undefined => {
    switch (step.op) {
      case "send": {
        const { atomic, bytes } = step;
        const messages = messagesOf(step.segments, bytes);
        const command = {
          type: "send",
          queue: `t/s${step.queue}`,
          atomic,
          ...(step.inColumns ? inColumns(messages) : messages),
        } as const;
        return { client: `c${step.client}`, command };
      }
      case "transaction": {
        const settling = settlementsOf(step);
        if (settling === undefined) return undefined;
        const sends = step.sends.map((segments, i) => ({ queue: `t/s${i}`, ...messagesOf(segments, 100) }));
        return {
          client: settling.client,
          command: { type: "transaction", ...settling, sends, jitter: step.jitter },
        };
      }
      case "subscribe":
        return {
          client: "c0",
          command: { type: "subscribe", topic: "t", subscription: `s${step.queue}`, filter: step.filter },
        };
      case "unsubscribe":
        return { client: "c0", command: { type: "unsubscribe", topic: "t", subscription: `s${step.queue}` } };
      case "publish": {
        const messages = messagesOf(step.segments, 100);
        const headers = messages.sizes.map((_, i) => step.headers[i % step.headers.length]);
        return { client: `c${step.client}`, command: { type: "publish", topic: "t", ...messages, headers } };
      }
      case "schedule": {
        const { priority, ttlMs, groups } = step.segment;
        const groupId = groups?.[0] || undefined;
        const spec = { everyMs: step.everyMs, catchUp: "all", priority, ttlMs, groupId } as const;
        const named = { queue: `t/s${step.queue}`, id: `${step.id}` };
        return { client: "c0", command: { type: "schedule", ...named, spec, sizes: [100] } };
      }
      case "unschedule":
        return { client: "c0", command: { type: "unschedule", queue: `t/s${step.queue}`, id: `${step.id}` } };
      case "tick": {
        const named = { queue: `t/s${step.queue}`, id: `${step.id}` };
        const first = state.queues.get(named.queue)?.schedules.get(named.id)?.nextAt ?? 0;
        const due = Array.from({ length: step.count }, (_, i) => first + i);
        return { command: { type: "tick", ...named, due, nextAt: first + step.count } };
      }
      case "deliver": {
        const { mode, max, leaseMs } = step;
        const grant = `grant-${++tokens}`;
        return {
          command: { type: "deliver", queue: `t/s${step.queue}`, client: `c${step.client}`, mode, max, grant, leaseMs },
        };
      }
      case "settle": {
        const settling = settlementsOf(step);
        return settling && { client: settling.client, command: { type: "settle", ...settling, jitter: step.jitter } };
      }
      case "extend": {
        const picked = pickGrant(step.pick);
        if (picked === undefined) return undefined;
        const client = step.isForeign ? nextClient(picked.client) : picked.client;
        return {
          client,
          command: { type: "extend", client, grant: picked.grant, seq: picked.seqs[0] as number, ms: step.ms },
        };
      }
      case "renew":
      case "reclaim":
        return { command: { type: step.op, client: `c${step.client}`, held: heldOf(step.picks) } };
      case "time-out":
        return { command: { type: step.op, client: `c${step.client}`, held: heldOf(step.picks), jitter: step.jitter } };
      case "quarantine": {
        const picked = pickGrant(step.pick);
        if (picked === undefined) return undefined;
        return { command: { type: "quarantine", client: picked.client, held: heldOf([step.pick]) } };
      }
      case "client-gone":
      case "forget-client":
        return { command: { type: step.op, client: `c${step.client}` } };
      case "configure":
        // Complete or not is the engine's to make good, whatever the types of a caller say.
        return {
          client: "c0",
          command: { type: "configure", queue: `t/s${step.queue}`, settings: step.settings } as Command,
        };
      case "pause":
        return { client: "c0", command: { type: "pause", queue: `t/s${step.queue}`, paused: step.paused } };
      case "purge": {
        const { named } = step;
        const ids =
          named &&
          Array.from({ length: named.count }, (_, i) => idOf(state, state.nextSeq - 1 - named.back - i * named.stride));
        const filter = (step.filter || ids) && { ...step.filter, ...(ids && { ids }) };
        return { client: "c0", command: { type: "purge", queue: `t/s${step.queue}`, ...(filter && { filter }) } };
      }
      case "delete":
        return { client: "c0", command: { type: "delete", queue: `t/s${step.queue}` } };
      case "redrive":
      case "purge-dead": {
        const dead = [...(state.queues.get(`t/s${step.queue}`)?.dead.keys() ?? [])].slice(step.from);
        const ids = dead.map((seq) => idOf(state, seq));
        const filter = step.by === "all" ? {} : step.by === "ids" ? { ids } : { reason: "max-deliveries" };
        const max = step.op === "redrive" && step.max !== undefined ? { max: step.max } : {};
        return { client: "c0", command: { type: step.op, queue: `t/s${step.queue}`, filter, ...max } };
      }
      case "replace": {
        const { back, isDead } = step;
        const dead = [...(state.queues.get(`t/s${step.queue}`)?.dead.keys() ?? [])];
        const id = idOf(state, (isDead && dead[back % dead.length]) || state.nextSeq - 1 - back);
        return { client: "c0", command: { type: "replace", queue: `t/s${step.queue}`, id, isDead, sizes: [100] } };
      }
      default:
        return undefined;
    }
  };

  const senderOf = (client: string): Sender => {
    const number = (numbers.get(client) ?? 0) + 1;
    numbers.set(client, number);
    // Answers arrive a few commands late.
    return { client, number, confirmed: Math.max(0, number - 4) };
  };

  const handle = (step: Step, watch: Watch): readonly Change[] => {
    const again = step.op === "resend" ? answered[answered.length - 1 - step.back] : undefined;
    const found = again ? { command: again.command, client: again.from.client } : commandOf(step);
    if (found === undefined) return [];
    const { command, client } = found;
    watch.onCommand?.(command);
    const from = again?.from ?? (client === undefined ? undefined : senderOf(client));
    const { changes, outcome, bodies } = from ? decideOnce(state, from, command, now) : decide(state, command, now);
    serial++;
    const stored = changes.flatMap((change) =>
      change.type === "stored" ? seqsFrom(change.firstSeq, change.count) : [],
    );
    stored.forEach((bodySeq, i) => {
      contents.set(bodySeq, `${serial}/${bodies?.[i] ?? i}`);
    });
    for (const change of changes) {
      apply(state, change, now);
      store(change);
      if (change.type === "leased")
        grants.push({ grant: change.grant, client: change.client, seqs: seqsOfGrant(state, change.grant) });
    }
    // What changed nothing the first time is decided again, and may change something then: it has two answers.
    if (again && changes.length > 0) answered.splice(answered.indexOf(again), 1);
    if (from && !again) answered.push({ from, command, outcome, hasChanged: changes.length > 0 });
    // A client that is forgotten starts anew, under another id; here its numbers do.
    if (command.type === "forget-client") forget(command.client);
    watch.onHandled?.({ command, outcome, changes, bodies, serial, resent: again }, now);
    return changes;
  };

  const forget = (client: string) => {
    for (let i = answered.length - 1; i >= 0; i--) if (answered[i]?.from.client === client) answered.splice(i, 1);
  };

  const restart = async () => {
    const rest = journal.filter((record) => record.lsn > (checkpoint?.lsn ?? 0));
    const start = checkpoint ? await decodeCheckpoint(structuredClone(checkpoint.chunks)) : createState();
    state = replay(rest, start);
  };

  const host = async (step: Step): Promise<boolean> => {
    if (step.op === "delete-freed") deleteFreed();
    else if (step.op === "checkpoint") checkpoint = { chunks: checkpointOf(state), lsn: state.lsn };
    else if (step.op === "take-over") takeOver();
    else if (step.op === "restart") {
      await restart();
      takeOver();
    } else return false;
    return true;
  };

  takeOver();
  return {
    get state() {
      return state;
    },
    get now() {
      return now;
    },
    get checkpoint() {
      return checkpoint;
    },
    journal,
    answered,
    disk,
    contents,
    async turn({ afterMs, steps }, watch = {}) {
      now += afterMs;
      const setBackMs = Math.max(0, -afterMs);
      if (setBackMs === 0) advance(state, now);
      let changes: Change[] = [];
      const run = (command: Command) => {
        for (const change of decide(state, command, now).changes) {
          apply(state, change, now);
          changes.push(change);
        }
      };
      if (setBackMs > 0) run({ type: "set-clock-back", byMs: setBackMs });
      // In which order leases end that have ended by now is nobody's promise.
      const ended = takeEndedGrants(state, now).sort();
      if (ended.length > 0) run({ type: "expire", grants: ended, jitter: 0 });
      if (dueQueues(state, now).length > 0) run({ type: "expire-messages" });
      watch.onTime?.(now, setBackMs);
      for (const step of steps) {
        // What the host does between turns is preceded by the commit of what came before.
        if (HOSTS_OWN.has(step.op)) {
          commit(changes);
          changes = [];
        }
        if (await host(step)) continue;
        const rewrite = step.op === "rewrite" ? rewriteOf(step.from, step.count) : undefined;
        if (rewrite) {
          apply(state, rewrite, now);
          store(rewrite);
          commit([rewrite]);
        } else changes.push(...handle(step, watch));
      }
      commit(changes);
    },
  };
}

const HOSTS_OWN: ReadonlySet<Step["op"]> = new Set(["delete-freed", "checkpoint", "restart", "take-over", "rewrite"]);

const seqsFrom = (first: Seq, count: number): Seq[] => Array.from({ length: count }, (_, i) => first + i);

const seqsOfGrant = (state: State, grant: string): Seq[] => [...(state.grants.get(grant)?.leases.keys() ?? [])];
