// The engine's decisions: what a command changes, given the working state. Pure: it reads the state and returns
// changes; nothing is altered until they are applied.

import type { Change } from "../log/journal.js";
import { rangesOf } from "../log/ranges.js";
import { KEY_QUEUE } from "../spec/key-queue.js";
import { DEFAULT_SETTINGS, type QueueSettings } from "../spec/settings.js";
import type { Instant } from "../spec/time.js";
import { depthOf, type State } from "../state/state.js";
import { type Command, type CommandOf, type Decision, done, refused } from "./commands.js";
import { purgeDead, redrive } from "./dead-letters.js";
import { deliver } from "./deliver.js";
import { dueQueues } from "./due.js";
import { beginEncrypting, encryptPage, endEncrypting } from "./encrypt.js";
import { refuseKey, refuseSealed } from "./encryption.js";
import { expireMessages } from "./expire.js";
import { purge } from "./purge.js";
import { replace } from "./replace.js";
import { schedule, tick, unschedule, unscheduleAll } from "./schedules.js";
import { send } from "./send.js";
import { clientGone, expire, extend, quarantine, reclaim, renew, settle, timeOut } from "./settle.js";
import { endSubscription, publish, subscribe, unsubscribe } from "./topics.js";
import { transact } from "./transaction.js";

export function decide(state: State, command: Command, now: Instant): Decision {
  switch (command.type) {
    case "send":
      return send(state, command, now);
    case "deliver":
      return deliver(state, command, now);
    case "settle":
      return settle(state, command, now);
    case "subscribe":
      return subscribe(state, command);
    case "unsubscribe":
      return unsubscribe(state, command);
    case "publish":
      return publish(state, command, now);
    case "transaction":
      return transact(state, command, now);
    case "schedule":
      return schedule(state, command, now);
    case "unschedule":
      return unschedule(state, command);
    case "tick":
      return tick(state, command, now);
    case "extend":
      return extend(state, command, now);
    case "renew":
      return renew(state, command, now);
    case "time-out":
      return timeOut(state, command, now);
    case "expire":
      return expire(state, command, now);
    case "expire-messages":
      return expireMessages(dueQueues(state, now), now);
    case "reclaim":
      return reclaim(state, command);
    case "quarantine":
      return quarantine(state, command);
    case "set-clock-back":
      return done([{ type: "clock-set-back", byMs: command.byMs }]);
    case "client-gone":
      return clientGone(state, command.client);
    case "forget-client":
      return forgetClient(state, command.client);
    case "configure":
      return configure(state, command);
    case "pause":
      return pause(state, command.queue, command.paused);
    case "purge":
      return purge(state, command.queue, command.filter, now);
    case "delete":
      return deleteQueue(state, command.queue);
    case "shred":
      return shred(state, command);
    case "encrypt-begin":
      return beginEncrypting(state, command);
    case "encrypt-page":
      return encryptPage(state, command);
    case "encrypt-end":
      return endEncrypting(state, command);
    case "redrive":
      return redrive(state, command, now);
    case "purge-dead":
      return purgeDead(state, command.queue, command.filter, now);
    case "replace":
      return replace(state, command, now);
  }
}

/**
 * Decides a numbered command of a client once: a re-send gets the first answer. `confirmed` is the number up to
 * which the client has read all answers.
 */
export function decideOnce(
  state: State,
  from: { readonly client: string; readonly number: number; readonly confirmed: number },
  command: Command,
  now: Instant,
): Decision {
  const client = state.clients.get(from.client);
  const earlier = client?.outcomes.get(from.number);
  if (earlier) return { changes: [], outcome: earlier };
  // A copy of a command that was long answered, late on some old port: its outcome is no longer kept.
  if (client && from.number <= client.confirmed) {
    return refused("host-lost", `command ${from.number} was decided before, and its answer confirmed`);
  }
  const decision = decide(state, command, now);
  // What changed nothing is decided again just as well.
  if (decision.changes.length === 0) return decision;
  return { ...decision, changes: [...decision.changes, { type: "answered", ...from, outcome: decision.outcome }] };
}

/** Options left out keep what is stored, those of `backoff` too. */
function configure(state: State, command: CommandOf<"configure">): Decision {
  const { queue: name, settings: given, sealed, asIs } = command;
  const queue = state.queues.get(name);
  const mismatch = refuseKey(state, command);
  if (mismatch) return mismatch;
  const stored = queue?.settings ?? DEFAULT_SETTINGS;
  const settings: Partial<QueueSettings> = {
    ...withoutUndefined(given),
    ...(given.backoff && { backoff: { ...stored.backoff, ...withoutUndefined(given.backoff) } }),
    ...(sealed !== stored.encryption && sealed !== undefined && { encryption: sealed }),
  };
  const isSame =
    queue && Object.entries(settings).every(([key, value]) => isEqual(stored[key as keyof QueueSettings], value));
  if (asIs && !isSame)
    return refused("denied", `to encrypt queue "${name}" needs "manage"`, { verb: "manage", queue: name });
  const isRebased = queue !== undefined && "rateLimit" in settings && { isRebased: true as const };
  return done(isSame ? [] : [{ type: "configured", queue: name, settings, ...isRebased }]);
}

const withoutUndefined = <T extends object>(given: T): T =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;

/** Settings are scalars, or objects of scalars. */
const isEqual = (a: unknown, b: unknown): boolean =>
  a === b ||
  (typeof a === "object" &&
    typeof b === "object" &&
    a !== null &&
    b !== null &&
    Object.keys({ ...a, ...b }).every((key) => Reflect.get(a, key) === Reflect.get(b, key)));

function pause(state: State, name: string, paused: boolean): Decision {
  const encrypting = state.queues.get(name)?.settings.encrypting;
  // It is paused until it is encrypted, whatever anybody wants it to be then.
  if (encrypting) {
    const settings = { encrypting: { ...encrypting, isPaused: paused } };
    return done(encrypting.isPaused === paused ? [] : [{ type: "configured", queue: name, settings }]);
  }
  const isSame = (state.queues.get(name)?.pausedByUser ?? false) === paused;
  return done(isSame ? [] : [{ type: "paused", queue: name, paused }]);
}

/** The queue with all it holds; what consumers hold of it is lost to them. */
function deleteQueue(state: State, name: string): Decision {
  const queue = state.queues.get(name);
  if (queue === undefined) return done(endSubscription(state, name), { deleted: 0 });
  const held = rangesOf(queue.leased.keys());
  const dead = rangesOf(queue.dead.keys());
  const waiting = depthOf(queue);
  const changes: Change[] = [
    ...(held.length > 0
      ? [{ type: "returned", queue: name, seqs: held, counted: false, suspect: false } as const]
      : []),
    ...(waiting > 0 ? [{ type: "purged", queue: name } as const] : []),
    ...(dead.length > 0 ? [{ type: "dead-purged", queue: name, seqs: dead } as const] : []),
    ...unscheduleAll(queue),
    { type: "deleted", queue: name },
    ...endSubscription(state, name),
  ];
  return done(changes, { deleted: waiting + queue.dead.size });
}

function shred(state: State, { sealed }: CommandOf<"shred">): Decision {
  const encrypted = [...state.queues].filter(([, { settings }]) => settings.encryption !== undefined);
  const changes = encrypted.flatMap(([name]) => deleteQueue(state, name).changes);
  return refuseSealed(state, KEY_QUEUE, sealed) ?? done(changes);
}

function forgetClient(state: State, id: string): Decision {
  const gone = clientGone(state, id);
  if (!state.clients.has(id)) return done([]);
  const changes: Change[] = [...gone.changes, { type: "client-forgotten", client: id }];
  return done(changes);
}
