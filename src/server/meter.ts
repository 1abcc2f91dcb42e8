// What one connection costs a server: counted with its client and in all. Invariant: requests are passed on in their order,
// however long they wait; answers wait for nothing, since leases hang on them.

import { REQUEST_OVERHEAD_BYTES } from "../core/spec/limits.js";
import type { Access, Allowance } from "../host/clients/access.js";
import type { Toll } from "../link/socket/line.js";
import { type Account, type Holder, type LimitsParts, limitReached, type Pool } from "./account.js";

/** Of one connection. */
export interface Meter extends Toll {
  /** It asks to be let in. Throws `full` while there are too many connections: then nobody need find out who it is. */
  ask(): void;
  /** It may come in, and counts as a connection. Throws `full` when there are too many. */
  enter(): void;
  /**
   * It is let in. Throws `full` when its client has too many connections, or by this one too many bytes, and it is shed.
   * `hasQueue`: whether there is a queue.
   */
  join(database: string, access: Access, hasQueue: (name: string) => boolean): Allowance;
  end(): void;
}

interface Surroundings {
  ask(): void;
  /** Returns what gives the place back. */
  enter(): () => void;
  accountOf(database: string, access: Access): Account;
}

export function createMeter(
  shed: (reason: string) => void,
  all: Pool,
  parts: LimitsParts,
  { ask, enter, accountOf }: Surroundings,
): Meter {
  let account: Account | undefined;
  let leave = () => {};
  let isEnded = false;
  let held = 0;
  let charged = 0;
  /** Of requests that are not answered, by the numbers of their callers. */
  const charges = new Map<string, number[]>();
  const pace = createPace(parts, () => account?.take() ?? 0);

  const grow = (bytes: number) => {
    all.grow(bytes);
    account?.pool.grow(bytes);
  };
  const holder: Holder = { bytes: () => held + charged, shed };
  all.holders.add(holder);

  return {
    ask,
    enter() {
      // Who is gone takes no place that nobody would give back.
      if (!isEnded) leave = enter();
    },
    join(database, access, hasQueue) {
      const own = accountOf(database, access);
      const { connections, consumers } = own.limits;
      if (own.pool.holders.size >= connections)
        throw limitReached("perClient.connections", connections, "this client has as many connections as it may");
      account = own;
      own.pool.holders.add(holder);
      own.pool.grow(holder.bytes());
      if (isEnded) throw limitReached(own.pool.limit, own.pool.max, "this client has more bytes in flight than it may");
      return { consumersMax: consumers, useQueue: (name) => own.useQueue(name, hasQueue) };
    },
    arriving(message, bytes, deliver) {
      const id = callOf(message);
      if (id === undefined || account === undefined) return deliver();
      const charge = bytes + REQUEST_OVERHEAD_BYTES;
      charges.set(id, [...(charges.get(id) ?? []), charge]);
      charged += charge;
      grow(charge);
      if (!isEnded) pace.push(deliver);
    },
    leaving(message) {
      const answered = answerTo(message);
      const [charge, ...others] = (answered !== undefined && charges.get(answered)) || [];
      if (answered === undefined || charge === undefined) return;
      if (others.length > 0) charges.set(answered, others);
      else charges.delete(answered);
      charged -= charge;
      grow(-charge);
    },
    holding(bytes) {
      if (isEnded) return;
      const more = bytes - held;
      held = bytes;
      if (more !== 0) grow(more);
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      pace.end();
      all.holders.delete(holder);
      account?.pool.holders.delete(holder);
      grow(-held - charged);
      held = 0;
      charged = 0;
      charges.clear();
      account?.left();
      leave();
    },
  };
}

/** Lets one after the other through, each when `take` says 0; else asks again after so many milliseconds. */
function createPace({ setTimer }: LimitsParts, take: () => number) {
  let waiting: (() => void)[] = [];
  let first = 0;
  let cancelTimer: (() => void) | undefined;
  const run = () => {
    cancelTimer = undefined;
    for (; first < waiting.length; first++) {
      const waitMs = take();
      if (waitMs > 0) {
        waiting = waiting.slice(first);
        first = 0;
        cancelTimer = setTimer(run, waitMs);
        return;
      }
      waiting[first]?.();
    }
    waiting = [];
    first = 0;
  };
  return {
    push(pass: () => void) {
      waiting.push(pass);
      if (waiting.length - first === 1 && cancelTimer === undefined) run();
    },
    end() {
      cancelTimer?.();
      waiting = [];
    },
  };
}

/** The id of a call, as Comlink writes it; nothing on whose answer anybody waits. */
function callOf(message: unknown): string | undefined {
  const { type, id } = membersOf(message);
  return type === "APPLY" && typeof id === "string" ? id : undefined;
}

function answerTo(message: unknown): string | undefined {
  const { type, id } = membersOf(message);
  return (type === "RAW" || type === "HANDLER") && typeof id === "string" ? id : undefined;
}

const membersOf = (message: unknown): { readonly type?: unknown; readonly id?: unknown } =>
  typeof message === "object" && message !== null ? message : {};
